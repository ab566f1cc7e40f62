"""Examples of one person written in many ways."""

from __future__ import annotations

import pytest

from domain.identity import identity_bytes, normalise, normalise_email, normalise_linkedin_url, recognise
from domain.refusal import Invalid


@pytest.mark.parametrize("text", ["Ann@Example.COM", "  ann@example.com\n", "ANN@EXAMPLE.COM"])
def test_an_address_is_the_same_however_it_is_typed(text: str) -> None:
    assert normalise_email(text) == "ann@example.com"


@pytest.mark.parametrize(
    "text", ["o'neil+list@a-b.co.uk", "root@localhost", f"ann@{'a' * 63}.com", "jörg@bücher.example"]
)
def test_an_unusual_address_is_taken(text: str) -> None:
    assert normalise_email(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@example",
        "ann@.example.com",
        "ann@example.com.",
        "ann@lee@example.com",
        "ann lee@example.com",
        "ann\r\nbcc:bob@example.com",
        "ann\u200b@example.com",
        "ann,bob@example.com",
        "Ann <ann@example.com>",
        "a" * 65 + "@example.com",
        "ann@" + "a" * 64 + ".com",
        "ann@" + "a.example" * 30 + ".com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        normalise_email(text)
    assert [error.path for error in refusal.value.errors] == ["email"]


def test_the_longest_identities_are_taken_and_no_longer_ones() -> None:
    longest = f"{'a' * 64}@{'h' * 63}.{'i' * 63}.{'j' * 57}.com"
    assert len(longest) == 254
    assert normalise_email(longest) == longest
    with pytest.raises(Invalid):
        normalise_email(f"{longest}m")
    profile = f"https://www.linkedin.com/in/{'a' * 300}"
    assert normalise_linkedin_url(profile) == profile


def test_the_example_that_a_refusal_gives_is_taken() -> None:
    for refuse, path in ((normalise_email, "email"), (normalise_linkedin_url, "linkedin_url")):
        with pytest.raises(Invalid) as refusal:
            refuse("nobody")
        [error] = refusal.value.errors
        example = error.message.rpartition(" ")[2].rstrip(".")
        assert (error.path, refuse(example)) == (path, example)


def test_a_refusal_does_not_repeat_what_was_typed() -> None:
    for refuse in (normalise_email, normalise_linkedin_url):
        with pytest.raises(Invalid) as refusal:
            refuse("ann.lee, born 1970")
        assert "ann.lee" not in f"{refusal.value.message} {refusal.value.evidence}"


@pytest.mark.parametrize(
    "text",
    [
        "https://www.linkedin.com/in/Ann-Lee",
        "https://www.linkedin.com/in/Ann-Lee/",
        "http://linkedin.com/in/Ann-Lee?trk=x",
        " HTTPS://WWW.LinkedIn.com/in/Ann-Lee/#about ",
        "de.linkedin.com/in/Ann-Lee/details/skills",
    ],
)
def test_a_profile_is_the_same_however_it_is_linked(text: str) -> None:
    assert normalise_linkedin_url(text) == "https://www.linkedin.com/in/Ann-Lee"


@pytest.mark.parametrize("name", ["jos%c3%a9", "jos%C3%A9", "josé", "jo%73%C3%A9"])
def test_a_name_is_the_same_however_it_is_encoded(name: str) -> None:
    assert (
        normalise_linkedin_url(f"https://www.linkedin.com/in/{name}")
        == "https://www.linkedin.com/in/jos%C3%A9"
    )


@pytest.mark.parametrize(("name", "expected"), [("a%2Fb", "a%2Fb"), ("a%2fb", "a%2Fb"), ("100%", "100%25")])
def test_an_encoded_sign_stays_encoded(name: str, expected: str) -> None:
    assert normalise_linkedin_url(f"linkedin.com/in/{name}") == f"https://www.linkedin.com/in/{expected}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "https://www.linkedin.com/company/acme",
        "https://www.linkedin.com/in/",
        "https://linkedin.com.example/in/ann",
        "https://notlinkedin.com/in/ann",
        "https://www.linkedin.com/in/ann lee",
        "https://www.linkedin.com/in/" + "a" * 301,
    ],
)
def test_what_is_no_profile_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        normalise_linkedin_url(text)
    assert [error.path for error in refusal.value.errors] == ["linkedin_url"]


def test_each_channel_has_its_own_identity() -> None:
    assert normalise("email", "A@B.example") == "a@b.example"
    assert normalise("linkedin", "linkedin.com/in/a") == "https://www.linkedin.com/in/a"
    assert identity_bytes("email", "a@b.example") == b"email:a@b.example"
    assert identity_bytes("email", "x") != identity_bytes("linkedin", "x")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" A@B.example", ("email", "a@b.example")),
        ("linkedin.com/in/a?x=1", ("linkedin", "https://www.linkedin.com/in/a")),
    ],
)
def test_an_identity_tells_its_channel(text: str, found: tuple[str, str]) -> None:
    assert recognise(text) == found
