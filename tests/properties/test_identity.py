"""Laws of normalisation: applied again it changes nothing, and spelling never makes another person."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from domain.identity import identity_bytes, normalise, normalise_email, normalise_linkedin_url
from domain.refusal import Invalid
from domain.sequence import Channel
from tests.kit.identities import any_text, channels, names


@given(channels, any_text)
def test_any_text_is_either_normalised_or_invalid(channel: Channel, text: str) -> None:
    try:
        identity = normalise(channel, text)
    except Invalid:
        return
    assert identity.isprintable()
    assert identity_bytes(channel, identity).decode() == f"{channel}:{identity}"


@given(st.emails(), st.data())
def test_neither_case_nor_blanks_around_it_change_an_address(address: str, data: st.DataObject) -> None:
    try:
        identity = normalise_email(address)
    except Invalid:
        assume(False)
    shout = data.draw(st.lists(st.booleans(), min_size=len(address), max_size=len(address)))
    spelt = "".join(c.upper() if loud else c for c, loud in zip(address, shout, strict=True))
    assert normalise_email(f" \t{spelt}\r\n") == identity


@given(
    names,
    st.sampled_from(["", "http://", "https://", "HTTPS://"]),
    st.sampled_from(["", "www.", "WWW.", "fr.", "m."]),
    st.sampled_from(["", "/", "?trk=1", "/?trk=1#top", "#top", "/details/skills/"]),
)
def test_all_links_to_a_profile_are_one_identity(name: str, scheme: str, host: str, rest: str) -> None:
    expected = normalise_linkedin_url(f"https://www.linkedin.com/in/{name}")
    assert normalise_linkedin_url(f"{scheme}{host}linkedin.com/in/{name}{rest}") == expected


@given(names, names)
def test_different_names_are_different_profiles(one: str, other: str) -> None:
    assume(one != other and "%" not in one + other)
    prefix = "https://www.linkedin.com/in/"
    assert normalise_linkedin_url(prefix + one) != normalise_linkedin_url(prefix + other)
