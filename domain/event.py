"""The shape of a fact.

An event says what happened, in ids, keyed digests, numbers, closed vocabularies and times: never in free text. Texts
(names, addresses, subjects, bodies, a server's words) live in the vault; the event names the vault's document. So the
log can be handed to anyone as it is, and erasing a person touches no event.

The shape of an event is its storage format: a change of shape is a new ``schema`` number and an upcaster.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

from msgspec import Struct


class Event(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A fact of one stream; subclasses declare their ``type`` (kebab-case, stable) and ``schema`` version."""

    type: ClassVar[str]
    schema: ClassVar[int] = 1


Upcast: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]


class Upcaster(Struct, frozen=True):
    """Turns the decoded payload of ``type`` as version ``from_version`` wrote it into that of the next version.

    ``upcast`` is pure: it is called on every read of such an event, for ever.
    """

    type: str
    from_version: int
    upcast: Upcast


class Recorded(Struct, frozen=True, kw_only=True, gc=False):
    """An event as the log holds it.

    ``position`` orders all events of one database (opaque to clients), ``version`` counts the events of ``stream``
    from 1. ``actor`` is who asked (``key:<id>``, ``run_<id>``, ``worker``, ``sweeper``, ``operator``), ``epoch``
    the launch attempt whose run wrote it, ``causation_id`` the event that led to it, ``correlation_id`` the
    request or run.
    """

    position: int
    workspace_id: UUID
    stream: str
    version: int
    event_id: UUID
    recorded_at: datetime
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    epoch: int | None
    event: Event
