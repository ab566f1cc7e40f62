"""Leaves by the words of ``service.audit.leaf``, in Python: what those of the database are measured by."""

from __future__ import annotations

from datetime import UTC
from hashlib import sha256

import msgspec

from service.audit.leaf import DETACHED_FORMAT, FORMAT, LARGEST_INLINE
from service.store.history import Written


def leaf(event: Written) -> bytes:
    """The leaf of an event as it is stored."""
    payload = event.payload.encode()
    if len(payload) <= LARGEST_INLINE:
        return _array(FORMAT, event, msgspec.Raw(payload))
    return _array(DETACHED_FORMAT, event, (sha256(payload).hexdigest(), len(payload)))


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf (RFC 6962, 2.1)."""
    return sha256(b"\x00" + entry).digest()


def _array(form: str, event: Written, payload: msgspec.Raw | tuple[str, int]) -> bytes:
    recorded_at = event.recorded_at.astimezone(UTC).isoformat(timespec="microseconds")
    return msgspec.json.encode(
        (
            form,
            event.workspace_id,
            event.stream,
            event.version,
            event.position,
            event.event_id,
            event.type,
            event.schema_version,
            event.actor,
            event.correlation_id,
            event.causation_id,
            event.epoch,
            recorded_at.replace("+00:00", "Z"),
            payload,
        )
    )
