"""Reading the URLs of mail servers, and keeping their passwords out of every message."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.channels.inbox_url import (
    ImapUrl,
    InboxUrlError,
    Login,
    SmtpUrl,
    parse_imap_url,
    parse_smtp_url,
)

WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("smtp://mail.example.com", SmtpUrl("plain", "mail.example.com", 25)),
        ("smtps://mail.example.com", SmtpUrl("tls", "mail.example.com", 465)),
        ("smtp+starttls://mail.example.com/", SmtpUrl("starttls", "mail.example.com", 587)),
        ("smtp://ada:pw@127.0.0.1:1025", SmtpUrl("plain", "127.0.0.1", 1025, Login("ada", "pw"))),
        (
            "smtps://ada%40example.com:p%2F%3A%40@[::1]:2465",
            SmtpUrl("tls", "::1", 2465, Login("ada@example.com", "p/:@")),
        ),
    ],
)
def test_an_smtp_url_says_where_and_how(text: str, url: SmtpUrl) -> None:
    assert parse_smtp_url(text) == url


def test_an_imap_url_says_where_and_who() -> None:
    assert parse_imap_url("imaps://ada:pw@mail.example.com") == ImapUrl(
        "mail.example.com", 993, Login("ada", "pw")
    )


@given(username=WORDS, password=WORDS)
def test_any_user_name_and_password_can_be_written_percent_encoded(username: str, password: str) -> None:
    url = parse_smtp_url(f"smtp://{quote(username, safe='')}:{quote(password, safe='')}@localhost")

    assert url.login == Login(username, password)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must begin with smtp://"),
        ("mail.example.com:25", "must begin with smtp://"),
        ("https://u:s3cret@example.com", "must begin with smtp://"),
        ("smtp://", "no host"),
        ("smtp://u:s3cret@", "no host"),
        ("smtp://u:s3cret@host:port", "port"),
        ("smtp://u:s3cret@host:0", "port"),
        ("smtp://u:s3cret@host:70000", "port"),
        ("smtp://u:s3c/ret@host", "%2F"),
        ("smtp://u:s3c#ret@host", "%23"),
        ("smtp://u:s3c?ret@host", "%3F"),
        ("smtp://u@host", "both a user name and a password"),
        ("smtp://:s3cret@host", "both a user name and a password"),
        ("smtp://u:s3cret%0A@host", "control characters"),
        ("smtp://u:s3cret @host", "spaces"),
        ("smtp://u:s3cret@host\n", "line breaks"),
        ("smtp://u:s3cret@[::1", "brackets"),
        ("smtp://u:s3cret@bad..host", "valid host name"),
        ("smtp://u:s3cret\u2100@host", "can't be read"),
    ],
)
def test_a_wrong_url_is_refused_with_what_is_wrong_and_without_its_password(text: str, says: str) -> None:
    with pytest.raises(InboxUrlError, match=says) as refused:
        parse_smtp_url(text)

    shown = repr(refused.value)
    assert not any(part in shown for part in ("s3c", "ret@", "cret"))


@pytest.mark.parametrize(
    "text", ["imap://u:s3cret@host", "imaps://host", "imaps://u@host", "smtp://u:s3cret@host"]
)
def test_an_imap_url_needs_tls_and_a_log_in(text: str) -> None:
    with pytest.raises(InboxUrlError):
        parse_imap_url(text)


def test_a_url_is_shown_without_its_password() -> None:
    assert (
        "s3cret"
        not in f"{parse_smtp_url('smtp://u:s3cret@host')!r} {parse_imap_url('imaps://u:s3cret@host')}"
    )


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    for parse in (parse_smtp_url, parse_imap_url):
        with suppress(InboxUrlError):
            assert parse(text).host
