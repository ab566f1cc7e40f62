"""The manifest: what who reads an export has to know, all of it taken from the domain's own tables.

With it a verifier can re-fold the history and needs no rule of its own about campaigns. ``lifecycles`` says which
streams tell of a kind of thing, how its events move its status (``domain.lifecycle`` explains the words), and what they
mean for a lead's sends. An event of a roster tells of each lead that is named in the field ``names_leads`` of its
payload: by id, or in objects with a ``lead_id``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, get_args
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from domain import streams
from domain.campaign import lifecycle as campaign
from domain.campaign.events import LaunchAccepted
from domain.event import Event
from domain.lead import lifecycle as lead
from domain.lead.state import TERMINAL
from domain.lifecycle import Lifecycle
from domain.sender.lifecycle import LIFECYCLE as SENDER
from service.audit.keys import PublicKey
from service.audit.leaf import COLUMNS, DETACHED_FORMAT, FORMAT, LARGEST_INLINE
from service.audit.note import origin

_FORMAT: Final = "liftoff-audit/1"


class Extent(Struct, frozen=True):
    """The events numbered ``first`` to ``last`` out of a sealed history of ``size``."""

    size: int
    first: int
    last: int


def manifest(
    workspace_id: UUID,
    extent: Extent,
    keys: Sequence[PublicKey],
    checkpoints: Sequence[int],
    events: Iterable[type[Event]],
    exported_at: datetime,
) -> bytes:
    """The manifest of an export; ``checkpoints`` are the sizes of those in it, oldest first."""
    content = {
        "format": _FORMAT,
        "origin": origin(workspace_id),
        "workspace_id": workspace_id,
        "exported_at": exported_at,
        **msgspec.to_builtins(extent),
        "checkpoints": checkpoints,
        "keys": keys,
        "leaf": {
            "formats": [FORMAT, DETACHED_FORMAT],
            "columns": COLUMNS,
            "largest_inline_payload": LARGEST_INLINE,
        },
        "events": {event.type: _vocabulary(event) for event in events},
        "lifecycles": _lifecycles(),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _vocabulary(event: type[Event]) -> dict[str, Any]:
    """An event's newest version, the fields of its payload, and which of them names leads."""
    return {
        "schema": event.schema,
        "fields": event.__struct_fields__,
        "names_leads": next(filter(None, map(_if_it_names_leads, fields(event))), None),
    }


def _if_it_names_leads(field: FieldInfo) -> str | None:
    [element, *_] = get_args(field.type) or [None]
    in_objects = "lead_id" in getattr(element, "__struct_fields__", ())
    return field.name if in_objects or (field.name == "lead_ids" and element is UUID) else None


def _lifecycles() -> dict[str, Any]:
    sends = {event.type: effect for event, effect in lead.SENDS.items()}
    return {
        "campaign": {
            "streams": streams.CAMPAIGN,
            "counts_leads": [LaunchAccepted.type],
            **_lifecycle(campaign.LIFECYCLE),
        },
        "lead": {
            "streams": streams.LEAD,
            "rosters": streams.ROSTER,
            "terminal": sorted(TERMINAL),
            "sends": sends,
            **_lifecycle(lead.LIFECYCLE),
        },
        "sender": {"streams": streams.SENDER, **_lifecycle(SENDER)},
    }


def _lifecycle(lifecycle: Lifecycle[Any, Any]) -> Mapping[str, Any]:
    machine = lifecycle.machine
    return {
        "initial": machine.initial,
        "arrows": machine.arrows,
        "births": [event.type for event in lifecycle.births],
        "deaths": [event.type for event in lifecycle.deaths],
        "causes": [
            {
                "event": cause.event.type,
                "trigger": cause.trigger,
                "given": cause.given,
                "required": cause.required,
            }
            for cause in lifecycle.causes
        ],
        "marks": {event.type: fields for event, fields in lifecycle.marks.items()},
    }
