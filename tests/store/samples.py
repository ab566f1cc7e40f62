"""A full sample of any event, made from its declaration: every optional value is there, so every field shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect

from domain.event import Event

_DAY = datetime(2025, 1, 31, 9, tzinfo=UTC)


def sample(event: type[Event]) -> Event:
    """The same event at every call. Raises ``ValueError`` for a kind of value that no event has held so far."""
    return msgspec.convert(_Values().of(inspect.type_info(event)), event, strict=False)


class _Values:
    """Ids, numbers, times and texts that all differ, so that a mix-up of two fields shows."""

    def __init__(self) -> None:
        self._made = 0

    def of(self, kind: inspect.Type) -> Any:
        self._made += 1
        match kind:
            case inspect.StructType(fields=fields):
                return {field.encode_name: self.of(field.type) for field in fields}
            case inspect.UnionType(types=types):
                return self.of(next(each for each in types if not isinstance(each, inspect.NoneType)))
            case inspect.VarTupleType(item_type=item):
                return [self.of(item), self.of(item)]
            case inspect.DictType(key_type=key, value_type=value):
                return {self.of(key): self.of(value)}
            case inspect.LiteralType(values=values):
                return values[0]
            case _:
                return self._plain(kind)

    def _plain(self, kind: inspect.Type) -> Any:
        match kind:
            case inspect.UUIDType():
                return UUID(int=self._made)
            case inspect.DateTimeType():
                return _DAY + timedelta(minutes=self._made)
            case inspect.IntType():
                return self._made
            case inspect.FloatType():
                return self._made + 0.5
            case inspect.BoolType():
                return True
            case inspect.StrType():
                return f"text-{self._made}"
            case _:
                raise ValueError(f"samples have no {type(kind).__name__} yet: say here what one looks like")
