"""The leaf: an event of the log as the bytes that are hashed (RFC 6962) and exported (entry bundles of tlog-tiles).

The database makes it (the function ``leaf`` of ``migrations/0023_leaves.sql``).

A leaf is a JSON array in UTF-8, without white space between its elements, which are the columns of the event:

    [format, workspace_id, stream, version, position, event_id, type, schema_version, actor,
     correlation_id, causation_id, epoch, recorded_at, payload]

Ids are hyphenated lower-case text, the time is RFC 3339 in UTC with six digits of a second, what is absent is null. The
payload stands as the very bytes that were written. Each element says where it ends, so two events have two leaves.

An entry of a bundle has at most 65,535 bytes, and an event about a thousand leads has more. With ``format``
``v1-detached`` the last element is ``[sha256, length]`` of the payload, in hex and bytes; the payload is a file beside.
"""

from __future__ import annotations

from typing import Final

FORMAT: Final = "v1"
DETACHED_FORMAT: Final = "v1-detached"
LARGEST_INLINE: Final = 32_768
"""Bytes of a payload that stands in its leaf; all other columns together stay far below the rest of the 65,535."""
COLUMNS: Final = (
    *(
        "format",
        "workspace_id",
        "stream",
        "version",
        "position",
        "event_id",
        "type",
        "schema_version",
        "actor",
    ),
    *("correlation_id", "causation_id", "epoch", "recorded_at", "payload"),
)
