"""Returns: a mail that had been taken over comes back as undeliverable, perhaps long after the sequence went on.

The lead bounces, also one that is completed: most reports about the last step arrive after it. A lead that has answered
was reached, and one that ended otherwise has ended; those stay as they are.
"""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from domain.event import Event
from domain.lead.events import MailBounced, SendAccepted
from domain.lead.state import MACHINE, Lead


class Return(Struct, frozen=True):
    """The mail of ``send_id`` came back; ``code`` is the last server's SMTP status, 0 if it is not told."""

    send_id: UUID
    code: int = 0
    evidence: UUID | None = None


def returned(lead: Lead, mail: Return) -> tuple[Event, ...]:
    """What follows; nothing for a mail that the lead never got, or if the lead can't bounce any more.

    Of a send whose outcome nobody knew, the report is also the evidence that it was made.
    """
    is_open = lead.open_send is not None and lead.open_send.send_id == mail.send_id
    was_sent = any(send_id == mail.send_id for _, send_id in lead.sent_nodes)
    if not (is_open or was_sent) or MACHINE.target("bounce", lead.status) is None:
        return ()
    bounced = MailBounced(send_id=mail.send_id, code=mail.code, evidence=mail.evidence)
    if is_open and lead.status == "outcome_unknown":
        return (SendAccepted(send_id=mail.send_id, code=0, evidence=mail.evidence), bounced)
    return (bounced,)
