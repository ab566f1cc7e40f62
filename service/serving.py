"""The running service: API, worker, projector and mail sink in one process, begun and ended in the right order."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast

import structlog
import uvicorn
from msgspec import Struct
from msgspec.structs import replace

from service.access import ApiKeys, NewKey, Scope, Workspaces
from service.channels.sink import MailSink
from service.channels.smtp import SmtpChannel
from service.clock import SystemClock
from service.composition import Liftoff, assembled, new_readers, new_worker
from service.dispatch.health import WorkerProbe
from service.http.app import Application
from service.http.health import Probe
from service.http.routes import api
from service.metrics import new_registry
from service.periodic import Duty, fulfilling
from service.projector.lag import LagMetrics, LagProbe, Lags
from service.projector.runner import Projector
from service.setbacks.health import SetbackProbe
from service.settings import Settings, SettingsError
from service.startup import Ground

FIRST_WORKSPACE: Final = "default"
_SHUTDOWN_SECONDS: Final = 10
_KEEP_ALIVE_SECONDS: Final = 75
"""How long an idle connection stays open: longer than clients and proxies keep theirs (httpx 5 s, some up to a minute).
A request that meets the other side's close on its way is lost, and its client can't tell how far it came.
"""
_LAG_SECONDS: Final = 5.0
_SEALING_SECONDS: Final = 1.0

_log = structlog.get_logger(__name__)


class Sink(Struct, frozen=True):
    """The local mail sink: what a sender's inbox is configured with to use it, and where it keeps the mails."""

    url: str
    directory: Path


class Running(Struct, frozen=True):
    """The service answers. ``first_key`` is the secret of the first key, when the service has just made it."""

    url: str
    first_key: str | None
    sink: Sink | None


async def serve(ground: Ground, announce: Callable[[Running], None]) -> None:
    """Everything in one process, until SIGINT or SIGTERM. ``announce`` is called once it answers.

    Raises ``SettingsError`` for an address that can't be listened on.
    """
    with _listening(ground) as (listener, settings):
        async with AsyncExitStack() as stack:
            sink = await _sink(stack, settings)
            liftoff = await stack.enter_async_context(
                assembled(settings, ground.dsn, ground.master_key, SystemClock())
            )
            await stack.enter_async_context(projecting(liftoff))
            await stack.enter_async_context(fulfilling(auditing(liftoff)))
            await stack.enter_async_context(working(liftoff))
            registry = new_registry()
            lag = LagMetrics(Lags(liftoff.pool, liftoff.clock), registry)
            await stack.enter_async_context(fulfilling([Duty("measure the lag", _LAG_SECONDS, lag.refresh)]))
            app = api(liftoff, registry, _probes(liftoff))
            await stack.enter_async_context(fulfilling(app.duties))
            first_key = await _first_key(liftoff)
            server = _Server(_config(app))
            with _until_signalled(server.leave):
                serving = asyncio.create_task(server.serve([listener]))
                await server.answering.wait()
                announce(Running(_address(settings), first_key, sink))
                await serving


async def work(ground: Ground, announce: Callable[[], None]) -> None:
    """A worker and a projector, until SIGINT or SIGTERM. ``announce`` is called once they run."""
    stop = asyncio.Event()
    async with (
        assembled(ground.settings, ground.dsn, ground.master_key, SystemClock()) as liftoff,
        projecting(liftoff),
        fulfilling(auditing(liftoff)),
        working(liftoff),
    ):
        with _until_signalled(stop.set):
            announce()
            await stop.wait()


@asynccontextmanager
async def working(liftoff: Liftoff) -> AsyncIterator[None]:
    """A worker, until the end of the block; then what is in flight has its outcome stored."""
    await _look_for_setbacks(liftoff)
    async with SmtpChannel() as smtp, _reading(liftoff):
        worker = new_worker(liftoff, smtp)
        task = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await task


@asynccontextmanager
async def _reading(liftoff: Liftoff) -> AsyncIterator[None]:
    """Readers of the senders' inboxes, until the end of the block."""
    readers = new_readers(liftoff)
    task = asyncio.create_task(readers.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await readers.stop()


@asynccontextmanager
async def projecting(liftoff: Liftoff) -> AsyncIterator[Projector]:
    """The projector, until the end of the block; it wakes at once for what this process appends."""
    projector = Projector(liftoff.pool, liftoff.feed)
    projector.on_advanced.append(liftoff.freshness.observe)
    liftoff.store.on_appended.append(projector.wake)
    task = asyncio.create_task(projector.run())
    try:
        yield projector
    finally:
        liftoff.store.on_appended.remove(projector.wake)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def auditing(liftoff: Liftoff) -> list[Duty]:
    """What keeps the sealed history up with the log; wherever a projector runs."""
    return [
        Duty("seal the history", _SEALING_SECONDS, liftoff.sealing.catch_up),
        Duty("publish checkpoints", _SEALING_SECONDS, liftoff.publishing.catch_up),
    ]


async def _look_for_setbacks(liftoff: Liftoff) -> None:
    """Before anything is claimed: a database that was set back must be known as such."""
    try:
        await liftoff.lookout.look()
    except (OSError, ValueError) as error:
        _log.error("published_checkpoints_not_readable", exc_info=error)


def _probes(liftoff: Liftoff) -> Sequence[Probe]:
    """What has to be well, besides the database, for the service to be ready."""
    dead_after = timedelta(seconds=liftoff.settings.run_dead_seconds)
    return (
        WorkerProbe(liftoff.housekeeping, liftoff.clock, dead_after),
        LagProbe(Lags(liftoff.pool, liftoff.clock)),
        SetbackProbe(liftoff.setbacks),
    )


class _Server(uvicorn.Server):
    """Uvicorn, but the signals are the service's: the API stops first, then the worker, then the database."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    def leave(self) -> None:
        """Take no more requests; those under way are finished."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self.answering.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def _config(app: Application) -> uvicorn.Config:
    return uvicorn.Config(
        cast("Any", app),  # uvicorn and Litestar spell the types of ASGI differently
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


@contextmanager
def _listening(ground: Ground) -> Iterator[tuple[socket.socket, Settings]]:
    """The API's socket, and the settings with the port it really has."""
    settings = ground.settings
    try:
        family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
        listener = socket.create_server((settings.http_host, settings.http_port), family=family)
    except OSError as error:
        raise SettingsError(
            f"LIFTOFF_HTTP_HOST and LIFTOFF_HTTP_PORT: can't listen on {settings.http_host} port "
            f"{settings.http_port}: {error.strerror}"
        ) from error
    with listener:
        yield listener, replace(settings, http_port=listener.getsockname()[1])


@contextmanager
def _until_signalled(leave: Callable[[], None]) -> Iterator[None]:
    """Call ``leave`` on SIGINT and SIGTERM inside the block."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leave)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _address(settings: Settings) -> str:
    """Where this very process answers; what recipients are shown may be another address in front of it."""
    return replace(settings, public_url=None).base_url


async def _sink(stack: AsyncExitStack, settings: Settings) -> Sink | None:
    """Start the local mail sink if it is wanted."""
    if not settings.smtp_sink:
        return None
    directory = settings.data_dir / "mails"
    sink = MailSink(directory, port=settings.smtp_sink_port)
    try:
        await stack.enter_async_context(sink)
    except OSError as error:
        raise SettingsError(
            f"LIFTOFF_SMTP_SINK_PORT: the mail sink can't listen on port {settings.smtp_sink_port}: "
            f"{error.strerror}; choose another, or set LIFTOFF_SMTP_SINK=false"
        ) from error
    return Sink(sink.url, directory)


async def _first_key(liftoff: Liftoff) -> str | None:
    """A key for the first workspace, when there is no workspace yet; its secret is told this once."""
    workspaces = Workspaces(liftoff.pool, liftoff.clock)
    if await workspaces.any():
        return None
    workspace_id = await workspaces.take(FIRST_WORKSPACE)
    new = NewKey(scopes=frozenset(Scope), name="first key")
    return (await ApiKeys(liftoff.pool, liftoff.clock).issue(workspace_id, new)).secret
