"""Who a lead is, independent of spelling: the one form under which the same person is always the same.

Duplicates, suppressions and keyed digests are made from this form, so it must never change for a given input.
Errors never repeat what was typed: it is personal data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from domain.refusal import FieldError, Invalid
from domain.sequence import Channel

IDENTITY_FIELD: Final[Mapping[Channel, Literal["email", "linkedin_url"]]] = {
    "email": "email",
    "linkedin": "linkedin_url",
}

MAX_ADDRESS_LENGTH: Final = 254  # RFC 5321, 4.5.3.1.3: 256 octets with the angle brackets
MAX_LOCAL_LENGTH: Final = 64  # RFC 5321, 4.5.3.1.1
MAX_LABEL_LENGTH: Final = 63  # RFC 1035, 2.3.4
MAX_PROFILE_LENGTH: Final = 300

# Quoted local parts are legal and unheard of among leads; without them no address can read as two.
_SPECIALS: Final = r' @()<>\[\]:;,"\\'
_LABEL: Final = rf"[^.{_SPECIALS}]{{1,{MAX_LABEL_LENGTH}}}"
_ADDRESS: Final = re.compile(rf"[^{_SPECIALS}]{{1,{MAX_LOCAL_LENGTH}}}@(?:localhost|{_LABEL}(?:\.{_LABEL})+)")
_PROFILE: Final = re.compile(
    r"(?:https?://)?(?:[a-z0-9-]+\.)?linkedin\.com/in/(?P<name>[^/?#]+)(?:[/?#].*)?", re.IGNORECASE
)


def normalise(channel: Channel, text: str) -> str:
    """The one form of a lead's identity on this channel. Raises ``Invalid``."""
    return normalise_email(text) if channel == "email" else normalise_linkedin_url(text)


def recognise(text: str) -> tuple[Channel, str]:
    """The channel and the one form of an identity that may be of any channel. Raises ``Invalid``."""
    channel: Channel = "linkedin" if _PROFILE.fullmatch(text.strip()) else "email"
    return channel, normalise(channel, text)


def normalise_email(text: str) -> str:
    """An address trimmed and in lower case. Raises ``Invalid`` where no mail server would take it."""
    address = text.strip().lower()
    sound = (
        _ADDRESS.fullmatch(address)
        and address.isprintable()
        and len(address.encode(errors="replace")) <= MAX_ADDRESS_LENGTH
    )
    if not sound:
        raise Invalid(FieldError("email", "This is not an e-mail address; give one like name@example.com."))
    return address


def normalise_linkedin_url(text: str) -> str:
    """``https://www.linkedin.com/in/<name>`` for any spelling of a profile's address. Raises ``Invalid``.

    Country hosts and what follows the name lead to the same profile and are dropped. The name keeps its case,
    on which generated ones depend, and its percent-encoding, in the normal form of RFC 3986, 6.2.2.
    """
    url = text.strip()
    match = _PROFILE.fullmatch(url) if url.isprintable() and " " not in url else None
    name = quote_from_bytes(unquote_to_bytes(match["name"]), safe="") if match else ""
    if not 0 < len(name) <= MAX_PROFILE_LENGTH:
        example = "https://www.linkedin.com/in/name"
        raise Invalid(FieldError("linkedin_url", f"This is not a LinkedIn profile; give one like {example}."))
    return f"https://www.linkedin.com/in/{name}"


def identity_bytes(channel: Channel, identity: str) -> bytes:
    """What stands for a normalised identity wherever it is digested; different on each channel."""
    return f"{channel}:{identity}".encode()
