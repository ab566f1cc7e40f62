"""Messages as mail servers, programs and people write them, about a mail of ours."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from uuid import UUID

SEND: Final = UUID("01939d3c-1b7e-7c0e-9d3a-0f5b7c9e2a41")
SENT_ID: Final = f"<{SEND}@quieter.example>"
LEAD: Final = "ada@lovelace.example"
MAILBOX: Final = "robin@quieter.example"


def reply(
    words: str = "Yes, please!",
    sender: str = LEAD,
    about: str = SENT_ID,
    message_id: str = "<1@lovelace.example>",
    **headers: str,
) -> bytes:
    """A person answers; further headers by their names with ``_`` for ``-``."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = f"Ada <{sender}>", MAILBOX, "Re: A quieter week"
    message["Message-ID"] = message_id
    if about:
        message["In-Reply-To"] = about
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(words)
    return message.as_bytes()


def report(
    action: str = "failed",
    diagnostic: str = "smtp; 550 5.1.1 <ada@lovelace.example>: Recipient address rejected: User unknown",
    status: str = "5.1.1",
    recipient: str = LEAD,
    about: str = SENT_ID,
    message_id: str = "<20300131.DEADBEEF@mx.lovelace.example>",
) -> bytes:
    """A delivery report as Postfix writes them (RFC 3464)."""
    return (
        f"""Return-Path: <>
From: MAILER-DAEMON@mx.lovelace.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {MAILBOX}
Auto-Submitted: auto-replied
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B/mx"

--B/mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.lovelace.example.

--B/mx
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.lovelace.example
X-Postfix-Queue-ID: DEADBEEF
Arrival-Date: Thu, 31 Jan 2030 09:00:00 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.lovelace.example
Diagnostic-Code: {diagnostic}

--B/mx
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <{MAILBOX}>
From: "Robin" <{MAILBOX}>
To: <{recipient}>
Subject: A quieter week
Message-ID: {about}

--B/mx--
"""
    ).encode()


def complaint(
    kind: str = "abuse", about: str = SENT_ID, recipient: str = LEAD, message_id: str = "<7@fbl.example>"
) -> bytes:
    """A report of a feedback loop (RFC 5965, appendix B.2)."""
    return f"""From: <abusedesk@example.com>
Subject: FW: A quieter week
To: {MAILBOX}
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.2.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{MAILBOX}>
Original-Rcpt-To: <{recipient}>
Arrival-Date: Thu, 8 Mar 2029 14:00:00 EDT
Source-IP: 192.0.2.2

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: <{MAILBOX}>
To: <{recipient}>
Subject: A quieter week
Message-ID: {about}
MIME-Version: 1.0
Content-Type: text/plain

Hello
--part1_13d.2e68ed54_boundary--
""".encode()
