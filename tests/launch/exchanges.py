"""A request and its answer as the documentation shows them, read back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any, Final

from msgspec import Struct

_LISTING: Final = re.compile(r"<pre><code>(.*?)</code></pre>", re.S)
_NAME: Final = re.compile(r"<(\w+)>")


class Exchange(Struct, frozen=True):
    """What is sent and what is answered, with the headers and members that are shown."""

    method: str
    path: str
    headers: dict[str, str]
    status: int
    code: str
    answer_headers: dict[str, str]
    members: dict[str, Any]


def shown_on(page: str) -> str:
    """The example that a problem's page shows, as somebody reads it there."""
    [example] = _LISTING.findall(page)
    return unescape(example)


def exchange(example: str, names: Mapping[str, str]) -> Exchange:
    """The example, with ``names`` in the place of the words in angle brackets."""
    request, answer, members = filled(example, names).split("\n\n", 2)
    asked, *headers = request.splitlines()
    answered, *answer_headers = answer.splitlines()
    method, path = asked.split()
    status, code = answered.split()
    return Exchange(
        method, path, _headers(headers), int(status), code, _headers(answer_headers), json.loads(members)
    )


def filled(text: str, names: Mapping[str, str]) -> str:
    """The text, with ``names`` in the place of the words in angle brackets."""
    return _NAME.sub(lambda name: names[name[1]], text)


def _headers(lines: list[str]) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines)
