"""The bodies of ``/api/campaigns/{id}/leads``: what is asked and what is answered."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from domain.lead.events import LeadStatus, SkipReason, Source
from service.http.values import Count, Time
from service.leads.importing import Imported
from service.leads.reading import LeadStanding
from service.leads.rows import LeadFields, LeadUpdates


class Prospect(Struct, frozen=True, kw_only=True):
    """A lead. Of an erased person only the standing is left."""

    id: UUID
    campaign_id: UUID
    status: LeadStatus
    email: str | None
    linkedin_url: str | None
    first_name: str | None
    last_name: str | None
    name: str | None
    company: str | None
    position: str | None
    headline: str | None
    custom_fields: dict[str, str]
    source: Source
    created_at: Time
    updated_at: Time
    bounced_at: Time | None
    replied_at: Time | None
    current_node_id: UUID | None
    next_action_at: Time | None
    skip_reason: SkipReason | None


class ProspectPage(Struct, frozen=True):
    """Leads in the order in which they joined; `total` counts all pages."""

    prospects: list[Prospect]
    total: Count
    page: Count
    limit: Count


class OneProspect(Struct, frozen=True):
    """A lead."""

    prospect: Prospect


class AddProspects(Struct, frozen=True, forbid_unknown_fields=True):
    """Leads to be added, all or none."""

    prospects: Annotated[list[LeadFields], Meta(min_length=1, max_length=1000)]


class Added(Struct, frozen=True):
    """How many joined, and how many were on the campaign, or in the call, already."""

    imported: Count
    duplicates: Count


class RowError(Struct, frozen=True):
    """A row that is no lead; rows are counted from 1, without the header."""

    row: Count
    message: str


class FileImported(Struct, frozen=True):
    """What became of the rows of a file, with the first 100 errors."""

    imported: Count
    duplicates: Count
    invalid: Count
    errors: list[RowError]


class EditProspect(Struct, frozen=True, forbid_unknown_fields=True):
    """An edit of one lead."""

    prospect_id: UUID
    updates: LeadUpdates


class RemoveProspects(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either some leads by their ids, or `all` of them."""

    prospect_ids: Annotated[list[UUID], Meta(min_length=1, max_length=500)] | None = None
    all: bool = False


class Removed(Struct, frozen=True):
    """How many leads were taken off the campaign."""

    deleted: Count


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """A fact about the lead; `words` is what a server or somebody said of it, where it was kept and not erased."""

    position: Count
    id: UUID
    type: str
    recorded_at: Time
    actor: str
    epoch: Count | None
    data: dict[str, Any]
    words: str | None


class History(Struct, frozen=True):
    """Every fact about the lead, in order."""

    events: list[HistoryEntry]


def file_imported(done: Imported) -> FileImported:
    """The outcome of an import, as it is answered."""
    errors = [RowError(bad.row, bad.message) for bad in done.errors]
    return FileImported(done.imported, done.duplicates, done.invalid, errors)


def view(lead: LeadStanding) -> Prospect:
    """A lead, as it is answered."""
    who = lead.profile
    return Prospect(
        id=lead.id,
        campaign_id=lead.campaign_id,
        status=lead.status,
        email=who.email,
        linkedin_url=who.linkedin_url,
        first_name=who.first_name,
        last_name=who.last_name,
        name=who.values().get("name"),
        company=who.company,
        position=who.position,
        headline=who.headline,
        custom_fields=who.custom_fields,
        source=lead.source,
        created_at=lead.created_at,
        updated_at=lead.updated_at,
        bounced_at=lead.bounced_at,
        replied_at=lead.replied_at,
        current_node_id=lead.current_node_id,
        next_action_at=lead.next_action_at,
        skip_reason=lead.skip_reason,
    )
