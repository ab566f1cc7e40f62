"""Servers on free ports, and a channel that does not wait long."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from service.channels.inbox_url import SmtpUrl
from service.channels.session import Timeouts
from service.channels.smtp import SmtpChannel
from tests.channels.certificates import TlsEnds, make_tls_ends
from tests.channels.servers import LOOPBACK, ScriptedServer

IMPATIENT = Timeouts(connect=0.2, command=0.2, message=0.2)


@pytest.fixture(params=[False, True], ids=["one-by-one", "pipelining"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ScriptedServer]:
    """One that takes a command after the other, and one that takes them together: a send ends alike with both."""
    server = ScriptedServer(pipelining=request.param)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def inbox(server: ScriptedServer) -> SmtpUrl:
    return SmtpUrl("plain", LOOPBACK, server.port)


@pytest.fixture
async def channel() -> AsyncIterator[SmtpChannel]:
    async with SmtpChannel() as channel:
        yield channel


@pytest.fixture
async def impatient_channel() -> AsyncIterator[SmtpChannel]:
    async with SmtpChannel(timeouts=IMPATIENT) as channel:
        yield channel


@pytest.fixture(scope="session")
def tls_ends(tmp_path_factory: pytest.TempPathFactory) -> TlsEnds:
    return make_tls_ends(tmp_path_factory.mktemp("certificates"))
