"""Any event that the log can hold, drawn from its declaration: a field that is declared tomorrow is drawn, too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from domain.event import Event
from service.composition import EVENTS

LARGEST: Final = 2**53 - 1
_moments = st.timedeltas(timedelta(), timedelta(days=36_500)).map(
    lambda age: datetime(2000, 1, 1, tzinfo=UTC) + age
)


@cache
def of_kind(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Events of one kind. Raises ``ValueError`` for a kind of value that no event has held so far."""
    return _values(inspect.type_info(kind)).map(lambda drawn: msgspec.convert(drawn, kind))


def any_event() -> st.SearchStrategy[Event]:
    """Events of every kind there is."""
    return st.sampled_from(EVENTS).flatmap(of_kind)


def _values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """What a field of that type may hold, as ``msgspec.convert`` takes it."""
    match kind:
        case inspect.StructType(fields=fields):
            given = {field.encode_name: _values(field.type) for field in fields if field.required}
            optional = {field.encode_name: _values(field.type) for field in fields if not field.required}
            return st.fixed_dictionaries(given, optional=optional)
        case inspect.UnionType(types=types):
            return st.one_of([_values(each) for each in types])
        case inspect.VarTupleType(item_type=item):
            return st.lists(_values(item), max_size=3).map(tuple)
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(_values(key), _values(value), max_size=3)
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case _:
            return _plain(kind)


def _plain(kind: inspect.Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.NoneType():
            return st.none()
        case inspect.UUIDType():
            return st.uuids()
        case inspect.DateTimeType():
            return _moments
        case inspect.IntType():
            return st.integers(0, LARGEST)
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.BoolType():
            return st.booleans()
        case inspect.StrType():
            return st.text(max_size=20)
        case _:
            raise ValueError(f"no {type(kind).__name__} is drawn yet: say here what one looks like")
