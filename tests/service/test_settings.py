"""Settings: from the environment, each wrong one named in a line, no secret ever shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import Settings, SettingsError, read_settings, setting_rows

KEY = "0f" * 32


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = read_settings({"HOME": "/home/ada", "LIFTOFF_HTTP_PORT": ""})
    assert settings == Settings()
    assert (settings.http_host, settings.http_port, settings.data_dir) == (
        "127.0.0.1",
        8080,
        Path(".liftoff"),
    )
    assert settings.stale_launch_seconds == 120


def test_every_kind_of_setting_is_read() -> None:
    settings = read_settings(
        {
            "LIFTOFF_DATABASE_URL": "postgresql://ada:pw@db/liftoff",
            "LIFTOFF_DATA_DIR": "/var/data",
            "LIFTOFF_SECRET_KEY": KEY,
            "LIFTOFF_HTTP_PORT": "9000",
            "LIFTOFF_SEND_GAP_SECONDS": "0.5",
            "LIFTOFF_SMTP_SINK": "false",
            "LIFTOFF_LOG_LEVEL": "debug",
        }
    )
    assert settings == Settings(
        database_url="postgresql://ada:pw@db/liftoff",
        data_dir=Path("/var/data"),
        secret_key=KEY,
        http_port=9000,
        send_gap_seconds=0.5,
        smtp_sink=False,
        log_level="debug",
    )


@pytest.mark.parametrize(
    ("name", "value", "must"),
    [
        ("LIFTOFF_HTTP_PORT", "http", "must be a port number, 0 to 65535, not 'http'"),
        ("LIFTOFF_HTTP_PORT", "70000", "must be a port number, 0 to 65535, not '70000'"),
        ("LIFTOFF_TICK_SECONDS", "0", "must be a number of seconds, more than 0, at most 86400, not '0'"),
        ("LIFTOFF_TICK_SECONDS", "nan", "must be a number of seconds"),
        ("LIFTOFF_SEND_JITTER", "1.5", "must be a number, 0 to 1, not '1.5'"),
        ("LIFTOFF_SHARDS", "1.5", "must be a whole number, 1 to 1000000, not '1.5'"),
        ("LIFTOFF_SMTP_SINK", "maybe", "must be true or false, not 'maybe'"),
        ("LIFTOFF_LOG_LEVEL", "loud", "must be one of debug, info, warning, error, not 'loud'"),
        ("LIFTOFF_LINKEDIN_URL", "ftp://host", "must be a URL that starts with http:// or https://"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_must_be(name: str, value: str, must: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read_settings({name: value})
    assert str(refusal.value).startswith(f"{name} {must}")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "secret"), [("LIFTOFF_SECRET_KEY", "0f0f"), ("LIFTOFF_DATABASE_URL", "mysql://ada:s3cret@db")]
)
def test_a_wrong_secret_is_named_but_not_shown(name: str, secret: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must be ") as refusal:
        read_settings({name: secret})
    assert secret not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_misspelt_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match=r"LIFTOFF_HTPP_PORT is not .* did you mean LIFTOFF_HTTP_PORT\?"):
        read_settings({"LIFTOFF_HTPP_PORT": "9000"})
    with pytest.raises(SettingsError, match=r"LIFTOFF_FROBNICATE is not .* 'liftoff settings' shows"):
        read_settings({"LIFTOFF_FROBNICATE": "1"})


def test_the_settings_of_the_command_line_client_are_no_mistake() -> None:
    assert read_settings({"LIFTOFF_API_KEY": "pk_live_x", "LIFTOFF_API_BASE_URL": "http://x"}) == Settings()


def test_the_table_shows_each_setting_with_secrets_masked() -> None:
    rows = {row.name: row for row in setting_rows(Settings(secret_key=KEY, http_port=9000))}
    assert set(rows) == {f"LIFTOFF_{name.upper()}" for name in Settings.__struct_fields__}
    assert all(row.doc for row in rows.values())
    assert rows["LIFTOFF_SECRET_KEY"].value == "********"
    assert rows["LIFTOFF_DATABASE_URL"].value == ""
    assert (rows["LIFTOFF_HTTP_PORT"].value, rows["LIFTOFF_HTTP_PORT"].default) == ("9000", "8080")
    assert rows["LIFTOFF_SMTP_SINK"].value == "true"


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(), "http://127.0.0.1:8080"),
        (Settings(http_host="::1", http_port=1), "http://[::1]:1"),
        (Settings(public_url="https://mail.example.com/"), "https://mail.example.com"),
    ],
)
def test_the_service_is_reached_at_its_public_address(settings: Settings, url: str) -> None:
    assert settings.base_url == url
