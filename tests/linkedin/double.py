"""The double: how it behaves, whoever asks it (``server`` lets it be asked).

It does to every request what a provider does: checks the key, finds the account, counts, and, as often as its manners
say, fails; sometimes after it has acted. Chance is seeded, so that a run can be repeated.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Final

import httpx
import msgspec
from litestar import Request, Response

from tests.linkedin import answers
from tests.linkedin.answers import Body
from tests.linkedin.network import Account, Network, Person
from tests.linkedin.orders import Listener, Manners

SECRET_HEADER: Final = "Unipile-Auth"
DELIVERIES: Final = 20
"""How often a webhook is tried before it is given up."""

AnyRequest = Request[Any, Any, Any]
Perform = Callable[[Account, bool], Response[bytes]]


class Double:
    """The provider. ``manners`` may be changed while it runs."""

    def __init__(
        self,
        manners: Manners | None = None,
        *,
        api_key: str = "the-key-of-the-double",
        seed: int = 0,
    ) -> None:
        self.manners = manners or Manners()
        self.api_key = api_key
        self.url = ""
        """What LIFTOFF_LINKEDIN_URL is set to, once the double runs."""
        self.network = Network()
        self.in_flight = 0
        self.most_in_flight = 0
        self._waits_for = 0
        self.instead: dict[str, Response[bytes]] = {}
        """What an operation is answered, whatever it asks."""
        self._crowd = asyncio.Event()
        self._closing = asyncio.Event()
        self._chance = random.Random(seed)
        self._deliveries: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Answer what was to stay without an answer, and deliver nothing more."""
        self._closing.set()
        for delivery in self._deliveries:
            delivery.cancel()
        await asyncio.gather(*self._deliveries, return_exceptions=True)

    def wait_for_a_crowd_of(self, count: int) -> None:
        """Answer nobody from now on before so many requests are in flight at once."""
        self._waits_for = count
        self._crowd.clear()

    # --- Requests ---

    async def answer(
        self, request: AnyRequest, operation: str, account_id: str, perform: Perform
    ) -> Response[bytes]:
        """What a request is answered; ``perform`` acts, and is told whether ids are to be null."""
        if request.headers.get("X-API-KEY") != self.api_key:
            return refused(401, "missing_credentials", "Missing credentials", "The API key is not valid.")
        account = self.network.account(account_id)
        account.asked[operation] += 1
        self.network.settle(account, self.tell_accepted)
        await self._gather_crowd()
        try:
            return await self._with_faults(request, account, operation, perform)
        finally:
            self.in_flight -= 1

    async def _with_faults(
        self, request: AnyRequest, account: Account, operation: str, perform: Perform
    ) -> Response[bytes]:
        if operation in self.instead:
            return self.instead[operation]
        fault = self._fault(operation)
        if fault == "busy":
            return refused(429, "too_many_requests", "Too many requests", "Slow down.")
        if fault == "broken":
            return refused(500, "unexpected_error", "Unexpected error", "Something went wrong.")
        if account.status == "GONE":
            return refused(404, "resource_not_found", "Resource not found.", "Account not found.")
        if account.status != "OK" and operation != "look_up":
            return refused(401, "disconnected_account", "Disconnected account", "Reconnect the account.")
        done = perform(account, fault == "nameless")
        if fault == "broken_late":
            return refused(500, "unexpected_error", "Unexpected error", "Something went wrong afterwards.")
        if fault == "silent":
            await self._say_nothing(request)
        return done

    def _fault(self, operation: str) -> str | None:
        odds = self.manners.faults
        if odds.only and operation not in odds.only:
            return None
        drawn = self._chance.random()
        for name in ("busy", "broken", "broken_late", "silent", "nameless"):
            drawn -= getattr(odds, name)
            if drawn < 0:
                return name
        return None

    async def _gather_crowd(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        if self.in_flight >= self._waits_for:
            self._crowd.set()
        closing = asyncio.create_task(self._closing.wait())
        crowd = asyncio.create_task(self._crowd.wait())
        await asyncio.wait({closing, crowd}, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        crowd.cancel()

    async def _say_nothing(self, request: AnyRequest) -> None:
        """Until the client gives up, or the double is stopped."""
        leaving = asyncio.create_task(_left(request))
        closing = asyncio.create_task(self._closing.wait())
        await asyncio.wait({leaving, closing}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        closing.cancel()

    # --- Chance ---

    def accepted_at(self, account: Account) -> int | None:
        """At which request of the account an invitation sent now is accepted."""
        accepts = self._chance.random() < self.manners.accepting
        return account.asked.total() + self.manners.accept_after + 1 if accepts else None

    def maybe_reply(self, account: Account, person: Person) -> None:
        """Somebody who was written to may answer."""
        if self._chance.random() < self.manners.replying:
            self.say(account, person, "Thank you, tell me more.", own=False)

    # --- What happens on LinkedIn ---

    def accept(self, account: Account, person: Person) -> None:
        """The person accepts the invitation."""
        self.network.connect(account, person)
        self.tell_accepted(account, person)

    def say(self, account: Account, person: Person, text: str, own: bool) -> None:
        """Somebody says something."""
        said = self.network.say(account, person, text, own)
        self._deliver(answers.message_received(account, person, said))

    def set_status(self, account: Account, status: str) -> None:
        """The provider thinks otherwise of an account."""
        account.status = status
        self._deliver(answers.account_status(account))

    def tell_accepted(self, account: Account, person: Person) -> None:
        """Let the listener know of a new relation."""
        self._deliver(answers.new_relation(account, person))

    def _deliver(self, body: Body) -> None:
        if self.manners.listener is not None:
            delivery = asyncio.create_task(_deliver(self.manners.listener, body))
            self._deliveries.add(delivery)
            delivery.add_done_callback(self._deliveries.discard)


def as_json(body: object, status: int = 200) -> Response[bytes]:
    """An answer."""
    return Response(msgspec.json.encode(body), status_code=status, media_type="application/json")


def refused(status: int, kind: str, title: str, detail: str) -> Response[bytes]:
    """A documented error."""
    return as_json(answers.trouble(status, kind, title, detail), status)


async def _left(request: AnyRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _deliver(listener: Listener, body: Body) -> None:
    """Deliver a webhook, again and again until it is taken, as the provider does."""
    async with httpx.AsyncClient(headers={SECRET_HEADER: listener.secret}) as client:
        for _ in range(DELIVERIES):
            try:
                if (await client.post(listener.url, json=body)).is_success:
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.25)
