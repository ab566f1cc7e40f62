"""What tests of the LinkedIn client begin with: the double, and clients of different patience."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from service.channels.linkedin.client import LinkedInClient
from service.channels.linkedin.wire import Timeouts
from tests.linkedin.double import Double
from tests.linkedin.network import Account
from tests.linkedin.orders import Faults
from tests.linkedin.server import running

ACCOUNT = "acc-1"
ADA = "ada-example"
SHORT_QUESTIONS = Timeouts(question=0.2)
SHORT_ACTIONS = Timeouts(action=0.2)
ALWAYS = 1.0


@pytest.fixture
async def double() -> AsyncIterator[Double]:
    async with running(Double()) as double:
        yield double


@pytest.fixture
async def client(double: Double) -> AsyncIterator[LinkedInClient]:
    async with LinkedInClient(double.url, double.api_key) as client:
        yield client


@pytest.fixture
async def hasty(double: Double) -> AsyncIterator[LinkedInClient]:
    """A client that waits for no answer to a question."""
    async with LinkedInClient(double.url, double.api_key, SHORT_QUESTIONS) as client:
        yield client


@pytest.fixture
async def rash(double: Double) -> AsyncIterator[LinkedInClient]:
    """A client that waits for no answer to an action."""
    async with LinkedInClient(double.url, double.api_key, SHORT_ACTIONS) as client:
        yield client


@pytest.fixture
def account(double: Double) -> Account:
    return double.network.account(ACCOUNT)


def connect(double: Double, name: str = ADA) -> None:
    double.network.connect(double.network.account(ACCOUNT), double.network.person(name))


def failing(double: Double, *only: str, **odds: float) -> None:
    double.manners = replace(double.manners, faults=Faults(**odds, only=frozenset(only)))
