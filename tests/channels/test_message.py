"""Mails as another program reads them: every one is parsed back with the standard library."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.channels.message import FirstMail, Mail, Mailbox, compose, message_id

MAIL = Mail(
    send_id=UUID("0190c8f2-3c54-7d7e-b0f3-2f1d5d2a1a11"),
    sender=Mailbox("ada@example.com", "Ada Lovelace"),
    recipient=Mailbox("grace@example.org", "Grace Hopper"),
    subject="Your engine",
    body="Dear Grace,\n\nmay I ask?",
    signature="Ada",
    written_at=datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    unsubscribe_url="https://liftoff.example.com/u/" + "t" * 88,
)
HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"),
    *("MIME-Version", "Content-Type"),
]
TEXTS = st.text(max_size=200)
HOSTILE = st.text(
    st.sampled_from('\r\n\x00\x0b\x0c\x1c\x85\u2028\u2029 :=?_<>@,;"\\()ab\u00fcQq8utf-\ud800'), max_size=60
)


def read(mail: Mail) -> EmailMessage:
    parsed = message_from_bytes(compose(mail), policy=SMTP)
    assert isinstance(parsed, EmailMessage)
    assert [part.defects for part in parsed.walk() if part.defects] == []
    return parsed


def text_of(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    assert isinstance(part, EmailMessage)
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def test_the_headers_say_who_what_and_when() -> None:
    parsed = read(MAIL)

    assert parsed["From"] == "Ada Lovelace <ada@example.com>"
    assert parsed["To"] == "Grace Hopper <grace@example.org>"
    assert parsed["Subject"] == "Your engine"
    assert parsed["Date"].datetime == MAIL.written_at
    assert parsed["Message-ID"] == "<0190c8f2-3c54-7d7e-b0f3-2f1d5d2a1a11@example.com>"
    assert parsed.keys() == HEADERS


def test_unsubscribing_takes_one_click() -> None:
    raw = compose(MAIL)

    assert b"\r\nList-Unsubscribe: <https://liftoff.example.com/u/" + b"t" * 88 + b">\r\n" in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert "List-Unsubscribe" not in read(msgspec.structs.replace(MAIL, unsubscribe_url=None))


def test_plain_text_and_html_say_the_same() -> None:
    parsed = read(
        msgspec.structs.replace(
            MAIL, body="One <b>\r\ntwo & three\r\n\r\n\r\nSee https://x.example/?a=1&b=2."
        )
    )

    assert parsed.get_content_type() == "multipart/alternative"
    assert text_of(parsed, "plain") == "One <b>\ntwo & three\n\n\nSee https://x.example/?a=1&b=2.\n\nAda"
    assert text_of(parsed, "html") == (
        "<!DOCTYPE html>\n<html><body>\n"
        "<p>One &lt;b&gt;<br>\ntwo &amp; three</p>\n"
        '<p>See <a href="https://x.example/?a=1&amp;b=2">https://x.example/?a=1&amp;b=2</a>.</p>\n'
        "<p>Ada</p>\n</body></html>"
    )


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("(https://a.example/b)", "https://a.example/b"),
        ("https://a.example, and", "https://a.example"),
        ("https://a.example/\"onclick='x'", "https://a.example/"),
        ("javascript:alert(1)", None),
        ("http://", None),
    ],
)
def test_only_web_addresses_become_links(text: str, link: str | None) -> None:
    html = text_of(read(msgspec.structs.replace(MAIL, body=text)), "html")

    assert re.findall(r'<a href="([^"]*)">', html) == ([link] if link else [])


def test_a_follow_up_is_threaded_under_the_first_mail() -> None:
    first = FirstMail(message_id(UUID(int=1), "ada@" + "a" * 60 + ".example"), "Your engine")
    parsed = read(msgspec.structs.replace(MAIL, subject="", follows=first))

    assert parsed["Subject"] == "Re: Your engine"
    assert parsed["In-Reply-To"] == parsed["References"] == first.message_id
    assert f"\r\nIn-Reply-To: {first.message_id}\r\n".encode() in compose(
        msgspec.structs.replace(MAIL, follows=first)
    )


@pytest.mark.parametrize(
    ("own", "first", "subject"),
    [("", "Re: hello", "Re: hello"), ("", "RE: hello", "RE: hello"), ("Another", "hello", "Another")],
)
def test_a_follow_up_does_not_pile_up_re(own: str, first: str, subject: str) -> None:
    follows = FirstMail("<1@example.com>", first)

    assert read(msgspec.structs.replace(MAIL, subject=own, follows=follows))["Subject"] == subject


def test_the_same_mail_gives_the_same_bytes() -> None:
    assert compose(MAIL) == compose(MAIL)


def test_a_mail_is_ascii_with_network_line_ends_of_bounded_length() -> None:
    raw = compose(
        msgspec.structs.replace(
            MAIL,
            sender=Mailbox("ada@bücher.example", "Ädä " * 60),
            subject="ü" * 300 + "x" * 2_000,
            body="long " * 500 + "\n.\n" + "ü" * 2_000,
        )
    )

    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(name=HOSTILE | TEXTS, subject=HOSTILE | TEXTS, first=HOSTILE)
def test_no_text_can_add_or_break_a_header(name: str, subject: str, first: str) -> None:
    mail = msgspec.structs.replace(
        MAIL,
        sender=Mailbox("ada@example.com", name),
        recipient=Mailbox("grace@example.org", name),
        subject=subject,
        follows=FirstMail(f"<1@x>{first}", subject),
    )

    raw = compose(mail)
    parsed = message_from_bytes(raw, policy=SMTP)
    assert sorted(parsed.keys()) == sorted([*HEADERS, "In-Reply-To", "References"])
    assert parsed["To"].addresses[0].addr_spec == "grace@example.org"
    assert len(parsed["To"].addresses) == len(parsed["From"].addresses) == 1


@given(name=TEXTS, subject=TEXTS)
def test_names_and_subjects_are_read_as_they_were_written(name: str, subject: str) -> None:
    mail = msgspec.structs.replace(MAIL, recipient=Mailbox("grace@example.org", name), subject=subject)

    raw = message_from_bytes(compose(mail))
    written, address = parseaddr(raw["To"])
    assert _words(_decoded(raw["Subject"])) == _words(subject)
    assert _words(_decoded(written)) == _words(name)
    assert address == "grace@example.org"


@given(body=TEXTS, signature=TEXTS)
def test_the_body_is_read_as_it_was_written(body: str, signature: str) -> None:
    parsed = read(msgspec.structs.replace(MAIL, body=body, signature=signature))

    written = "\n\n".join(part for part in (body, signature) if part)
    assert text_of(parsed, "plain") == re.sub(r"\r\n?", "\n", written)


@given(body=HOSTILE | st.text(st.sampled_from("<>&\"'aphref=/: \nhttps://x.y"), max_size=80))
def test_no_text_can_add_a_tag_to_the_html(body: str) -> None:
    html = text_of(read(msgspec.structs.replace(MAIL, body=body)), "html")

    inside = html.split("<body>\n")[1].split("\n</body>")[0]
    assert re.sub(r'</?p>|<br>|<a href="https?://[^"<>]+">|</a>', "", inside).count("<") == 0


@pytest.mark.parametrize("address", ["a@b>\r\nBcc: x@y", "a b@c", "a@b\r\n", "nobody"])
def test_an_address_can_not_add_a_header(address: str) -> None:
    with pytest.raises(ValueError, match="e-mail address"):
        compose(msgspec.structs.replace(MAIL, recipient=Mailbox(address)))


@pytest.mark.parametrize("url", ["https://x/\r\nBcc: a@b", "https://x/ y", "https://x/>", "https://x/ü"])
def test_an_unsubscribe_url_can_not_add_a_header(url: str) -> None:
    with pytest.raises(ValueError, match="unsubscribe URL"):
        compose(msgspec.structs.replace(MAIL, unsubscribe_url=url))


def test_the_domain_travels_in_ascii_and_the_local_part_as_it_is() -> None:
    raw = compose(msgspec.structs.replace(MAIL, sender=Mailbox("ädä@bücher.example")))

    assert "From: <ädä@xn--bcher-kva.example>\r\n".encode() in raw
    assert b"Message-ID: <0190c8f2-3c54-7d7e-b0f3-2f1d5d2a1a11@xn--bcher-kva.example>\r\n" in raw


def test_the_date_keeps_its_zone() -> None:
    written_at = datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2)))

    assert (
        read(msgspec.structs.replace(MAIL, written_at=written_at))["Date"]
        == "Sun, 29 Mar 2026 03:30:00 +0200"
    )


def _decoded(value: str) -> str:
    """RFC 2047 undone by the older parser: in 3.11 the newer one leaves a blank between two encoded words of a name."""
    return str(make_header(decode_header(value)))


def _words(text: str) -> list[str]:
    """What remains of a text inside a header: line breaks, controls and runs of blanks are one blank."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).split()


def test_a_postal_address_ends_the_mail_with_a_visible_way_out() -> None:
    parsed = read(msgspec.structs.replace(MAIL, postal_address="Quieter Weeks <Ltd>\n1 Mill Lane"))
    footer = f"Quieter Weeks <Ltd>\n1 Mill Lane\nUnsubscribe: {MAIL.unsubscribe_url}"
    assert text_of(parsed, "plain").rstrip("\n").endswith(f"Ada\n\n{footer}")
    html = text_of(parsed, "html")
    assert "Quieter Weeks &lt;Ltd&gt;<br>\n1 Mill Lane<br>" in html
    assert f'<a href="{MAIL.unsubscribe_url}">' in html


def test_without_a_postal_address_the_mail_ends_with_the_signature() -> None:
    assert text_of(read(MAIL), "plain").rstrip("\n").endswith("Ada")
