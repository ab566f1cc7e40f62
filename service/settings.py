"""The settings: one declaration gives each its name in the environment, form, default and meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import FieldInfo, fields

from domain.bounce_guard import GuardRule

_PREFIX = "LIFTOFF_"
_OF_THE_CLIENT = {"LIFTOFF_API_KEY", "LIFTOFF_API_BASE_URL"}
_MASK = "********"
_MIB = 1024 * 1024

T = TypeVar("T")


class SettingsError(Exception):
    """A setting is wrong: one line that names it and says what it should be, without a secret in it."""


class Form(Struct, frozen=True):
    """What a value must be, in words that follow "must be"."""

    text: str


class Doc(Struct, frozen=True):
    """What a setting is for, and whether its value must not be shown."""

    text: str
    secret: bool = False


PostgresUrl = Annotated[
    str, Meta(pattern=r"^postgres(ql)?://"), Form("a URL like postgresql://user:password@host:5432/name")
]
WebUrl = Annotated[
    str, Meta(pattern=r"^https?://[^/\s]+\S*\Z"), Form("a URL that starts with http:// or https://")
]
Key = Annotated[str, Meta(pattern=r"^[0-9a-fA-F]{64}\Z"), Form("64 hex digits")]
SigningSecret = Annotated[
    str,
    Meta(pattern=r"^whsec_([A-Za-z0-9+/]{4}){6,}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z"),
    Form("whsec_ and at least 24 characters of base64"),
]
Port = Annotated[int, Meta(ge=0, le=65535), Form("a port number, 0 to 65535")]
Count = Annotated[int, Meta(ge=1, le=1_000_000), Form("a whole number, 1 to 1000000")]
Bytes = Annotated[int, Meta(ge=1024), Form("a whole number of bytes, at least 1024")]
Seconds = Annotated[float, Meta(gt=0, le=86_400), Form("a number of seconds, more than 0, at most 86400")]
Gap = Annotated[float, Meta(ge=0, le=86_400), Form("a number of seconds, 0 to 86400")]
Share = Annotated[float, Meta(ge=0, le=1), Form("a number, 0 to 1")]
Days = Annotated[int, Meta(ge=1, le=365), Form("a whole number of days, 1 to 365")]
Percent = Annotated[float, Meta(gt=0, le=100), Form("a percentage, more than 0, at most 100")]
Rate = Annotated[float, Meta(gt=0, le=1_000_000), Form("a number, more than 0, at most 1000000")]
Switch = Annotated[bool, Form("true or false")]
LogLevel = Annotated[Literal["debug", "info", "warning", "error"], Form("one of debug, info, warning, error")]


class Settings(Struct, frozen=True, kw_only=True):
    """All settings. The field ``http_port`` is ``LIFTOFF_HTTP_PORT`` in the environment."""

    database_url: Annotated[
        PostgresUrl | None, Doc("the database, Postgres 15 or newer; unset: an embedded one", secret=True)
    ] = None
    database_pool_size: Annotated[Count, Doc("most connections of one process to the database")] = 20
    data_dir: Annotated[Path, Doc("where the embedded database and the secret key made for it are kept")] = (
        Path(".liftoff")
    )
    secret_key: Annotated[
        Key | None,
        Doc(
            "seals stored texts and credentials; unset: made in LIFTOFF_DATA_DIR if embedded, else required",
            secret=True,
        ),
    ] = None
    log_level: Annotated[LogLevel, Doc("the least serious messages to log")] = "info"

    http_host: Annotated[str, Doc("the address the API listens on")] = "127.0.0.1"
    http_port: Annotated[Port, Doc("the port the API listens on; 0: any free one")] = 8080
    public_url: Annotated[
        WebUrl | None, Doc("where recipients reach the service to unsubscribe; unset: the API's address")
    ] = None
    body_limit_bytes: Annotated[Bytes, Doc("largest body of a request")] = 10 * _MIB
    import_limit_bytes: Annotated[Bytes, Doc("largest body of an import of leads")] = 1024 * _MIB
    rate_limit_per_second: Annotated[Rate, Doc("requests per second that one key may keep up")] = 200.0
    rate_limit_burst: Annotated[Count, Doc("requests that one key may make at once")] = 1000

    worker_concurrency: Annotated[
        Count, Doc("most sends one worker has in flight, or in doubt if it is killed")
    ] = 100
    shards: Annotated[Count, Doc("parts that senders are divided in; the same for all processes")] = 16
    tick_seconds: Annotated[Seconds, Doc("how often each shard looks for what is due")] = 1.0
    send_gap_seconds: Annotated[Gap, Doc("least time between two mails of one sender")] = 60.0
    linkedin_gap_seconds: Annotated[Gap, Doc("least time between two actions of one sender on LinkedIn")] = (
        120.0
    )
    send_jitter: Annotated[Share, Doc("by up to which share of itself a gap between two sends is longer")] = (
        0.25
    )
    linkedin_connection_days: Annotated[
        Days, Doc("days a person has to accept an invitation before the lead times out")
    ] = 21
    linkedin_look_seconds: Annotated[
        Seconds, Doc("how often the relations of senders with open invitations are looked through")
    ] = 900.0
    stale_launch_seconds: Annotated[
        Seconds, Doc("age at which a launch without a live run is taken back")
    ] = 120.0
    run_dead_seconds: Annotated[Seconds, Doc("silence after which the run of a launch counts as dead")] = 15.0

    bounce_guard_percent: Annotated[
        Percent, Doc("share of bounces among a campaign's sends that pauses the campaign")
    ] = 5.0
    bounce_guard_sends: Annotated[Count, Doc("sends of a campaign before the bounce guard judges it")] = 100
    bounce_guard_days: Annotated[Days, Doc("days that the bounce guard looks back, at most to a resume")] = 7

    smtp_sink: Annotated[Switch, Doc("whether 'liftoff serve' runs a local mail sink beside the service")] = (
        True
    )
    smtp_sink_port: Annotated[Port, Doc("the port on loopback the mail sink listens on; 0: any free one")] = (
        2525
    )
    audit_dir: Annotated[
        Path | None, Doc("where signed checkpoints of the history are written to; unset: nowhere")
    ] = None
    linkedin_url: Annotated[WebUrl | None, Doc("the LinkedIn provider's API")] = None
    linkedin_api_key: Annotated[str | None, Doc("the key for the LinkedIn provider's API", secret=True)] = (
        None
    )
    linkedin_webhook_secret: Annotated[
        str | None,
        Doc("what the LinkedIn provider sends in the header Unipile-Auth; unset: no webhooks", secret=True),
    ] = None
    inbox_seconds: Annotated[Seconds, Doc("how often a sender's inbox without IDLE is read")] = 60.0
    inbox_readers: Annotated[Count, Doc("most inboxes of senders that one worker reads at a time")] = 64
    inbound_webhook_secret: Annotated[
        SigningSecret | None,
        Doc("what a mail provider signs deliveries to /api/inbound with; unset: none are taken", secret=True),
    ] = None
    linkedin_verify_seconds: Annotated[
        Seconds, Doc("how long a launch waits for the LinkedIn provider to verify its accounts")
    ] = 10.0

    llm_url: Annotated[
        WebUrl | None,
        Doc("an OpenAI-compatible API that writes AI drafts, such as http://127.0.0.1:11434/v1"),
    ] = None
    llm_model: Annotated[str | None, Doc("the model that writes AI drafts")] = None
    llm_api_key: Annotated[str | None, Doc("the key for LIFTOFF_LLM_URL, if it needs one", secret=True)] = (
        None
    )

    @property
    def bounce_guard(self) -> GuardRule:
        """When too many of a campaign's mails bounce."""
        return GuardRule(
            percent=self.bounce_guard_percent,
            least_sent=self.bounce_guard_sends,
            days=self.bounce_guard_days,
        )

    @property
    def base_url(self) -> str:
        """Where the service is reached, without a slash at the end."""
        if self.public_url is not None:
            return self.public_url.rstrip("/")
        host = f"[{self.http_host}]" if ":" in self.http_host else self.http_host
        return f"http://{host}:{self.http_port}"


class SettingRow(Struct, frozen=True):
    """One setting as ``liftoff settings`` shows it; what is unset is empty."""

    name: str
    value: str
    default: str
    doc: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in ``environment``, where an empty variable counts as unset. Raises ``SettingsError``."""
    declared = {_variable(field): field for field in fields(Settings)}
    given = {name: value for name, value in environment.items() if name.startswith(_PREFIX) and value}
    for name in sorted(given.keys() - declared.keys() - _OF_THE_CLIENT):
        raise SettingsError(f"{name} is not a setting of Liftoff: {_nearest(name, declared)}")
    values = {field.name: _parse(field, given[name]) for name, field in declared.items() if name in given}
    return Settings(**values)


def setting_rows(settings: Settings) -> list[SettingRow]:
    """The table of all settings, in their order of declaration, with secrets masked."""
    rows = []
    for field in fields(Settings):
        doc = _annotation(field.type, Doc)
        value = _shown(getattr(settings, field.name))
        rows.append(
            SettingRow(
                name=_variable(field),
                value=_MASK if doc.secret and value else value,
                default=_shown(field.default),
                doc=doc.text,
            )
        )
    return rows


def _nearest(name: str, declared: Iterable[str]) -> str:
    """Which setting may have been meant."""
    bare = [known.removeprefix(_PREFIX) for known in declared]
    nearest = get_close_matches(name.removeprefix(_PREFIX), bare, n=1)
    return f"did you mean {_PREFIX}{nearest[0]}?" if nearest else "'liftoff settings' shows those there are"


def _variable(field: FieldInfo) -> str:
    return _PREFIX + field.name.upper()


def _parse(field: FieldInfo, text: str) -> Any:
    try:
        return convert(text, field.type, strict=False, dec_hook=_construct)
    except ValidationError:
        found = "" if _annotation(field.type, Doc).secret else f", not '{text}'"
        raise SettingsError(
            f"{_variable(field)} must be {_annotation(field.type, Form).text}{found}"
        ) from None


def _construct(kind: type[Path], text: str) -> Path:
    """A value of the one type here that msgspec doesn't know."""
    return kind(text)


def _shown(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _annotation(annotated: object, kind: type[T]) -> T:
    """What a field's annotation, or an alternative within it, says of this kind."""
    return next(note for note in _annotations(annotated) if isinstance(note, kind))


def _annotations(annotated: object) -> Iterator[object]:
    yield from getattr(annotated, "__metadata__", ())
    for part in get_args(annotated):
        yield from _annotations(part)
