"""Toy routes: one of each kind that the API has, with nothing behind them."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from domain.refusal import FieldError, Invalid, Refused
from service.access import Scope
from service.http.operations import operation
from service.http.preconditions import IfMatch, etag, precondition
from service.http.problems import Problem
from service.http.requests import ApiRequest
from service.http.values import Count, Time

WORKSPACE_WITH_TOY = "acme"
TOY_VERSION = 7


class Part(Struct, kw_only=True, forbid_unknown_fields=True):
    """A part of a toy."""

    weight: Count
    label: str = ""


class NewToy(Struct, kw_only=True, forbid_unknown_fields=True):
    """A toy to be made."""

    name: Annotated[str, Meta(min_length=1, max_length=20)]
    kind: Literal["car", "doll"] = "car"
    parts: list[Part] = []
    best: Part | None = None
    extra: dict[str, Any] = {}
    due: Time | None = None


class Toy(Struct, kw_only=True):
    """A toy."""

    name: str
    kind: str
    made: Count
    due: Time | None = None


class ToyAnswer(Struct):
    """One toy."""

    toy: Toy


class Arrived(Struct):
    """What arrived of a stream."""

    size: Count
    sha256: str


class Toys:
    """What the routes did."""

    def __init__(self) -> None:
        self.made = 0
        self.may_finish = asyncio.Event()
        self.may_finish.set()
        self.started = asyncio.Event()


@post("/toys", **operation("toy.create", Scope.CAMPAIGNS_WRITE, request={"name": "bus"}))
async def create_toy(toys: NamedDependency[Toys], data: JSONBody[NewToy]) -> ToyAnswer:
    """Make a toy."""
    toys.made += 1
    toys.started.set()
    await toys.may_finish.wait()
    return ToyAnswer(Toy(name=data.name, kind=data.kind, made=toys.made, due=data.due))


@post("/toys/import", **operation("toy.import", Scope.CAMPAIGNS_WRITE, reads=["text/csv"]), status_code=200)
async def import_toys(request: ApiRequest, toys: NamedDependency[Toys]) -> Arrived:
    """Read a stream."""
    toys.made += 1
    size, digest = 0, hashlib.sha256()
    async for chunk in request.stream():
        size += len(chunk)
        digest.update(chunk)
    return Arrived(size, digest.hexdigest())


@post("/toys/{toy_id:uuid}/wind-up", **operation("toy.wind-up", Scope.CAMPAIGNS_LAUNCH), status_code=200)
async def wind_up(toys: NamedDependency[Toys], toy_id: FromPath[UUID]) -> dict[str, int]:
    """Do something that has no body."""
    toys.made += 1
    return {"turns": toys.made}


@post("/toys/break", **operation("toy.break", Scope.CAMPAIGNS_WRITE))
async def break_toy(toys: NamedDependency[Toys]) -> None:
    """Meet a bug."""
    toys.made += 1
    raise RuntimeError("ada@example.com broke it")


@post("/toys/refuse", **operation("toy.refuse", Scope.CAMPAIGNS_WRITE, problems=["campaign-not-draft"]))
async def refuse_toy() -> None:
    """Be refused by the domain."""
    raise Refused("campaign-not-draft", "The campaign is active.", {"campaign_status": "active"})


@post("/toys/invalid", **operation("toy.invalid", Scope.CAMPAIGNS_WRITE))
async def invalid_toy() -> None:
    """Be told by the domain what is wrong."""
    raise Invalid(FieldError("wheels[0]", "A wheel is round."), FieldError("name", "A name is short."))


@get("/toys", **operation("toy.list", Scope.CAMPAIGNS_READ))
async def list_toys(
    size: Annotated[int, QueryParameter(name="size", ge=1, le=10)],
    kind: Annotated[Literal["car", "doll"], QueryParameter(name="kind")] = "car",
) -> dict[str, object]:
    """Take parameters."""
    return {"toys": [], "size": size, "kind": kind}


@get("/toys/{toy_id:uuid}", **operation("toy.get", Scope.CAMPAIGNS_READ))
async def get_toy(toy_id: FromPath[UUID]) -> Response[dict[str, str]]:
    """Answer with an ETag; half of all toys do not exist."""
    if toy_id.int % 2:
        raise Problem.not_found()
    return Response({"id": str(toy_id)}, headers={"ETag": etag(TOY_VERSION)})


@patch("/toys/{toy_id:uuid}", **operation("toy.update", Scope.CAMPAIGNS_WRITE, problems=["version-mismatch"]))
async def update_toy(toy_id: FromPath[UUID], if_match: IfMatch = None) -> dict[str, str]:
    """Heed If-Match."""
    precondition(if_match).require(TOY_VERSION)
    return {"id": str(toy_id)}


toy_routes = [
    create_toy,
    import_toys,
    wind_up,
    break_toy,
    refuse_toy,
    invalid_toy,
    list_toys,
    get_toy,
    update_toy,
]
