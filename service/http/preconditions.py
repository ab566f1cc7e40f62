"""ETag and If-Match (RFC 9110): the version of a thing is its entity tag, so a client can say which it means."""

from __future__ import annotations

import re
from typing import Annotated, TypeAlias

from litestar.params import HeaderParameter
from msgspec import Struct

from service.http.problems import Problem

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"{_TAG}(?:[ \t]*,[ \t]*{_TAG})*")
_OPAQUE = re.compile(r'"([^"]*)"')

IfMatch: TypeAlias = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        description='The ETag this request is meant for, as in "7". If the thing has another by now: 412.',
        schema_extra={"pattern": r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$', "examples": ['"7"']},
    ),
]


class Precondition(Struct, frozen=True):
    """The entity tags a request is meant for; None: any."""

    tags: frozenset[str] | None

    def require(self, version: int) -> None:
        """Raises ``Problem`` ``version-mismatch`` unless the request is meant for ``version``."""
        if self.tags is not None and str(version) not in self.tags:
            raise Problem(
                "version-mismatch",
                f"The request is meant for another version than the present one, which is {version}.",
                members={"version": version},
                headers={"ETag": etag(version)},
            )


def etag(version: int) -> str:
    """The entity tag of a version, as a header's value."""
    return f'"{version}"'


def precondition(if_match: str | None) -> Precondition:
    """What the header If-Match asks for: nothing (no header, or ``*``), or one of the tags it lists.

    A weak tag (``W/"7"``) counts like a strong one: proxies that compress weaken tags, and ours name a version of the
    thing, not the bytes of an answer. Raises ``Problem`` ``invalid-if-match``.
    """
    if if_match is None or if_match.strip() == "*":
        return Precondition(None)
    if not _TAGS.fullmatch(if_match.strip()):
        raise Problem(
            "invalid-if-match",
            "The header If-Match is neither '*' nor a list of entity tags in double quotes.",
        )
    return Precondition(frozenset(_OPAQUE.findall(if_match)))
