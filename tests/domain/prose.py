"""How the domain talks to people: in whole sentences."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"(?:[A-Z][a-z]*|'[a-z_]+'|\d+),? .*[^\s.]\.", re.DOTALL)


def is_prose(message: str) -> bool:
    """Whether every sentence begins as one and ends as one, and nobody is shouted at."""
    sentences = re.split(r"(?<=\.) ", message)
    shouted = sum(map(str.isupper, message)) > sum(map(str.islower, message))
    return not shouted and all(_SENTENCE.fullmatch(sentence) for sentence in sentences)
