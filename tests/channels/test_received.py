"""Messages as they come in, and what each of them is."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from uuid import UUID

import pytest

from service.channels.received import (
    AutomaticAnswer,
    Complaint,
    DeliveryDelayed,
    DeliveryFailed,
    Reply,
    Unrelated,
    recognise,
)
from tests.channels import messages
from tests.channels.messages import LEAD, SEND, SENT_ID

OTHER = UUID(int=SEND.int + 1)


class TestAReply:
    def test_names_who_writes_what_about_which_send(self) -> None:
        assert recognise(messages.reply("Yes, please!")) == Reply(
            message_id="<1@lovelace.example>", sender=LEAD, about=(SEND,), words="Yes, please!"
        )

    def test_is_about_the_nearest_mail_of_its_thread_first(self) -> None:
        thread = f"{SENT_ID} <other@thread.example> <{OTHER}@quieter.example>"
        found = recognise(messages.reply(about="<unknown@else.example>", References=thread))
        assert isinstance(found, Reply)
        assert found.about == (OTHER, SEND)

    def test_may_be_about_nothing_that_it_names(self) -> None:
        assert recognise(messages.reply(about="")) == Reply(
            message_id="<1@lovelace.example>", sender=LEAD, about=(), words="Yes, please!"
        )

    def test_may_have_nothing_but_html(self) -> None:
        message = EmailMessage(policy=SMTP)
        message["From"] = LEAD
        message.set_content(
            "<style>p {}</style><p>Yes &amp; <b>soon</b><br>Ada</p><script>x()</script>", subtype="html"
        )
        found = recognise(message.as_bytes())
        assert isinstance(found, Reply)
        assert found.words == "Yes & soon\nAda"

    def test_is_read_in_the_charset_it_was_written_in(self) -> None:
        raw = b"From: ada@x.example\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nGr\xfc\xdfe"
        unheard_of = raw.replace(b"iso-8859-1", b"x-klingon")
        assert [getattr(recognise(each), "words", None) for each in (raw, unheard_of)] == [
            "Grüße",
            "Gr\ufffd\ufffde",
        ]

    def test_is_one_too_if_a_returned_mail_is_attached_to_it(self) -> None:
        message = EmailMessage(policy=SMTP)
        message["From"], message["In-Reply-To"] = LEAD, SENT_ID
        message.set_content("What is this?")
        message.add_attachment(messages.report().decode(), filename="report.eml")
        found = recognise(message.as_bytes())
        assert isinstance(found, Reply)
        assert found.words == "What is this?\n".strip()

    def test_to_a_mailing_list_is_one_only_if_it_names_a_mail_of_ours(self) -> None:
        by_list = {"List_Id": "<team.lovelace.example>"}
        assert isinstance(recognise(messages.reply(**by_list)), Reply)
        assert isinstance(recognise(messages.reply(about="", **by_list)), Unrelated)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; type=vacation"},
        {"Auto_Submitted": "Auto-Notified"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "1"},
        {"Precedence": "bulk"},
        {"Precedence": "Auto_Reply"},
        {"Return_Path": "<>"},
    ],
    ids=str,
)
def test_what_a_program_answers_is_no_reply(headers: dict[str, str]) -> None:
    found = recognise(messages.reply("I am on holiday until Monday.", **headers))
    assert found == AutomaticAnswer(message_id="<1@lovelace.example>")


def test_a_message_that_says_it_is_not_automatic_is_a_reply() -> None:
    assert isinstance(recognise(messages.reply(Auto_Submitted="no")), Reply)


def test_a_read_receipt_is_no_reply() -> None:
    raw = messages.report().replace(b"delivery-status", b"disposition-notification")
    assert isinstance(recognise(raw), AutomaticAnswer)


class TestADeliveryReport:
    def test_of_a_failure_names_the_recipient_the_send_and_the_last_servers_words(self) -> None:
        assert recognise(messages.report()) == DeliveryFailed(
            message_id="<20300131.DEADBEEF@mx.lovelace.example>",
            recipient=LEAD,
            about=(SEND,),
            code=550,
            status="5.1.1",
            words="550 5.1.1 <ada@lovelace.example>: Recipient address rejected: User unknown",
        )

    def test_of_a_server_that_gave_up_has_no_code(self) -> None:
        found = recognise(messages.report(diagnostic="X-Postfix; connection timed out", status="4.4.1"))
        assert isinstance(found, DeliveryFailed)
        assert (found.code, found.status, found.words) == (0, "4.4.1", "connection timed out")

    def test_without_diagnostic_has_the_status_for_words(self) -> None:
        found = recognise(messages.report(diagnostic="", status="5.1.10 (null MX)"))
        assert isinstance(found, DeliveryFailed)
        assert (found.code, found.status, found.words) == (0, "5.1.10", "5.1.10 (null MX)")

    @pytest.mark.parametrize("action", ["Failed", " failed ", "FAILED"])
    def test_spells_its_action_as_it_likes(self, action: str) -> None:
        assert isinstance(recognise(messages.report(action)), DeliveryFailed)

    def test_of_a_delay_is_no_failure(self) -> None:
        found = recognise(messages.report("delayed", status="4.4.1"))
        assert isinstance(found, DeliveryDelayed)

    @pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", ""])
    def test_of_anything_else_does_not_matter(self, action: str) -> None:
        assert isinstance(recognise(messages.report(action, status="2.0.0")), Unrelated)

    def test_may_return_the_whole_message(self) -> None:
        whole = messages.report().replace(b"text/rfc822-headers", b"message/rfc822")
        found = recognise(whole)
        assert isinstance(found, DeliveryFailed)
        assert found.about == (SEND,)

    def test_may_return_nothing_and_still_names_the_recipient(self) -> None:
        begin, _, _ = messages.report().partition(b"--B/mx\nContent-Description: Undelivered")
        found = recognise(begin + b"--B/mx--\n")
        assert isinstance(found, DeliveryFailed)
        assert (found.about, found.recipient) == ((), LEAD)

    def test_of_an_address_beyond_ascii_is_read_too(self) -> None:
        found = recognise(
            messages.report().replace(b"message/delivery-status", b"message/global-delivery-status")
        )
        assert isinstance(found, DeliveryFailed)
        assert (found.recipient, found.code) == (LEAD, 550)


class TestAComplaint:
    def test_names_the_send_and_the_recipient(self) -> None:
        assert recognise(messages.complaint()) == Complaint(
            message_id="<7@fbl.example>", recipient=LEAD, about=(SEND,)
        )

    def test_that_it_was_no_spam_is_none(self) -> None:
        assert isinstance(recognise(messages.complaint("not-spam")), Unrelated)

    def test_may_hide_who_it_comes_from(self) -> None:
        found = recognise(messages.complaint(recipient="redacted"))
        assert isinstance(found, Complaint)
        assert found.about == (SEND,)


@pytest.mark.parametrize("raw", [b"", b"\x00\xff", b"Subject: nobody wrote this\r\n\r\nhello"])
def test_what_nobody_wrote_is_unrelated(raw: bytes) -> None:
    assert isinstance(recognise(raw), Unrelated)


def test_parts_nested_without_end_are_unrelated() -> None:
    opened = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(3_000)
    )
    assert isinstance(recognise(f"From: a@x.example\r\n{opened}".encode()), Unrelated | Reply)
