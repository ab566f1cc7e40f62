"""How the domain talks to people: in whole sentences."""

from __future__ import annotations

import re

_SENTENCE = re.compile(r"(?:[A-Z][a-z]*|'[a-z_]+'|\d+),? .*[^\s.]\.", re.DOTALL)


def is_prose(message: str) -> bool:
    """Whether every sentence begins as one and ends as one, and nobody is shouted at."""
    sentences, clauses = re.split(r"(?<=\.) ", message), re.split("[.:;] ", message)
    return all(map(_SENTENCE.fullmatch, sentences)) and not any(map(_is_shouted, clauses))


def _is_shouted(clause: str) -> bool:
    return sum(map(str.isupper, clause)) > sum(map(str.islower, clause))
