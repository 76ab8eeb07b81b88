"""A connection is read as Airflow reads it, and never shown."""

from __future__ import annotations

import pytest

from creditgate.pull.connection import ConnectionSettings, environment_connection
from creditgate.pull.source import SourceSettingsError

SECRET = "p@ss/word:1"
URI = "sftp://unit:p%40ss%2Fword%3A1@files.example:2022/outbox?host_key=ssh-ed25519%20AAAA"
JSON = (
    '{"conn_type": "sftp", "host": "files.example", "port": 2022, "login": "unit", "password": "p@ss/word:1",'
    ' "schema": "outbox", "extra": {"host_key": "ssh-ed25519 AAAA"}}'
)


@pytest.mark.parametrize("value", [URI, JSON])
def test_both_of_airflows_spellings_give_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_JN_TAX", value)
    settings = environment_connection("jn_tax")
    assert settings == ConnectionSettings(
        "jn_tax", "sftp", "files.example", 2022, "unit", SECRET, "outbox", {"host_key": "ssh-ed25519 AAAA"}
    )
    assert SECRET not in repr(settings)
    assert "unit" not in repr(settings)


def test_airflow_itself_reads_them_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from creditgate.orchestration.connections import airflow_connection

    monkeypatch.setenv("AIRFLOW_CONN_JN_TAX", JSON)
    assert airflow_connection("jn_tax") == environment_connection("jn_tax")
    with pytest.raises(SourceSettingsError, match="connection jn_nobody is not defined"):
        airflow_connection("jn_nobody")


def test_a_scheme_inside_the_host_and_extras_as_one_text_are_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_API", "http://https://:token@api.example/?__extra__=%7B%22a%22%3A+%221%22%7D"
    )
    settings = environment_connection("api")
    assert (settings.host, settings.password, settings.text("a")) == ("https://api.example", "token", "1")


@pytest.mark.parametrize("value", ["", "no uri with secret-7", "{torn secret-7", '{"port": "secret-7"}'])
def test_what_is_no_connection_is_named_by_its_variable_alone(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_JN_TAX", value)
    with pytest.raises(SourceSettingsError, match="AIRFLOW_CONN_JN_TAX") as fault:
        environment_connection("jn_tax")
    assert "secret-7" not in str(fault.value)
