"""The main job, end to end: feeds come in through the gate, the marts come out, old records expire."""

from __future__ import annotations

import zipfile
from collections import Counter
from datetime import timedelta

import psycopg
import pytest

from creditgate.domain.batch import BatchStatus
from creditgate.fates import count_fates
from creditgate.samples.canaries import canaries, secrets
from creditgate.samples.feeds import SAMPLE_SEED, sample_feeds
from tests.end_to_end.conftest import FirstRun, Installation

pytestmark = pytest.mark.airflow

PUBLIC = ("fct_penalties", "fct_listings", "fct_licences", "dim_subjects")


def test_the_first_run_ends_well_and_tells_what_happened(first_run: FirstRun, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    done = first_run.done
    assert done.returncode == 0, done.stderr
    made = sample_feeds(tmp_path_factory.mktemp("told"), first_run.installation.as_of)
    counts = Counter(feed.status for feed in made)
    told = (
        f"{len(made)} batches, {counts[BatchStatus.BLOCKED]} blocked, {counts[BatchStatus.REFUSED]} refused"
    )
    for part in (told, "disclosure.fct_penalties", "reports", "psql"):
        assert part in done.stdout


def test_the_first_run_shows_a_record_of_every_fate(first_run: FirstRun) -> None:
    installation = first_run.installation
    with psycopg.connect(installation.url()) as connection:
        fates = dict(count_fates(connection, installation.as_of))
    assert len(fates) > 12
    assert [fate for fate, count in fates.items() if not count] == []


def test_every_sample_feed_has_the_outcome_it_was_made_for(first_run: FirstRun, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    installation = first_run.installation
    made = sample_feeds(tmp_path_factory.mktemp("sources"), installation.as_of)
    found = installation.rows(
        "select provider_code, item, file_name, status from quality.fct_batches b join intake.batches using (batch_id, provider_code, item, status)"
    )
    assert {(f.provider, f.item, f.path.name, f.status.value) for f in made} == set(found)


def test_the_public_marts_hold_rows_and_no_natural_person(first_run: FirstRun) -> None:
    for relation in PUBLIC:
        rows = first_run.installation.rows(f"select subject_kind from disclosure.{relation}", "bi_reader")
        assert rows, relation
        assert {kind for (kind,) in rows} <= {"legal", "unincorporated", "sole_trader"}


def test_bi_reader_reads_disclosure_and_quality_and_nothing_else(first_run: FirstRun) -> None:
    installation = first_run.installation
    assert installation.rows("select count(*) from quality.fct_rejections", "bi_reader") != [(0,)]
    owned = installation.rows(
        "select table_schema, table_name from information_schema.tables "
        "where table_schema in ('intake','reference','staging','intermediate','marts','sharing','audit','airflow')"
    )
    assert len(owned) > 40
    with psycopg.connect(installation.url("bi_reader"), autocommit=True) as connection:
        for schema, table in owned:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f'select 1 from "{schema}"."{table}"')  # type: ignore[arg-type]


def test_sharing_reader_sees_persons_by_key_and_no_identity_number(first_run: FirstRun) -> None:
    rows = first_run.installation.rows(
        "select subject_key from sharing.fct_sanction_list where subject_kind = 'natural'", "sharing_reader"
    )
    assert rows
    assert all(len(str(key)) == 64 for (key,) in rows)


def test_what_was_past_its_last_day_is_gone_and_proved(first_run: FirstRun) -> None:
    installation = first_run.installation
    tombstones = installation.rows("select reason, last_disclosure_on from audit.tombstones", "auditor")
    assert {reason for reason, _ in tombstones} == {"five_years", "term_ended"}
    assert all(last < installation.as_of for _, last in tombstones)  # type: ignore[operator]
    left = installation.rows(
        "select count(*) from audit.tombstones t join intake.administrative_penalty p on p.record_id = t.record_key_hash"
    )
    assert left == [(0,)]


def test_records_on_their_last_day_are_still_disclosed(first_run: FirstRun) -> None:
    installation = first_run.installation
    query = f"select count(*) from disclosure.fct_penalties where last_disclosure_on = date '{installation.as_of}'"
    assert installation.rows(query, "bi_reader") != [(0,)]


def test_late_reports_are_taken_and_flagged(first_run: FirstRun) -> None:
    late = first_run.installation.rows(
        "select count(*) from intake.administrative_penalty where days_late > 0"
    )
    assert late != [(0,)]


def test_the_canaries_are_nowhere(first_run: FirstRun) -> None:
    installation, wanted = first_run.installation, canaries(SAMPLE_SEED)
    assert len(wanted) > 10
    pattern = "|".join(wanted)
    with psycopg.connect(_superuser_url(installation)) as connection:
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            "where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert ("airflow", "xcom") in tables
        for schema, table in tables:
            query = f'select count(*) from "{schema}"."{table}" as r where r::text ~ %s'
            row = connection.execute(query, (pattern,)).fetchone()  # type: ignore[arg-type]
            assert row == (0,), f"{schema}.{table}"
    for path in installation.home.rglob("*"):
        inside = path.relative_to(installation.home).parts
        if path.is_file() and inside[0] != "pg":
            for blob in _blobs(path):
                for canary in wanted:
                    assert canary.encode() not in blob, inside


def _superuser_url(installation: Installation) -> str:
    from creditgate.warehouse.server import DATABASE, Server

    server = Server(installation.home)
    info = server.info()
    assert info is not None
    return server.superuser_url(info, DATABASE)


def _blobs(path) -> list[bytes]:  # type: ignore[no-untyped-def]
    blobs = [path.read_bytes()]
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(path) as archive:
            blobs += [archive.read(name) for name in archive.namelist()]
    return blobs


def test_secret_fields_reach_no_mart(first_run: FirstRun) -> None:
    for schema in ("disclosure", "sharing", "quality"):
        tables = first_run.installation.rows(
            f"select table_name from information_schema.tables where table_schema = '{schema}'"
        )
        for (table,) in tables:
            rows = first_run.installation.rows(f"select r::text from {schema}.{table} as r")
            for secret in secrets(SAMPLE_SEED):
                assert all(secret not in str(text) for (text,) in rows), f"{schema}.{table}"


def test_a_second_run_loads_nothing_twice_and_says_so(first_run: FirstRun) -> None:
    installation = first_run.installation
    counts = (
        "select (select count(*) from intake.administrative_penalty), (select count(*) from intake.batches), "
        "(select count(*) from intake.findings), (select count(*) from audit.tombstones)"
    )
    before = installation.rows(counts)
    done = installation.command("run", timeout=900)
    assert done.returncode == 0, done.stderr
    assert "nothing was loaded again" in done.stdout
    assert installation.rows(counts) == before


def test_an_expired_record_that_is_sent_again_is_rejected_by_its_own_rule_and_days_are_caught_up(
    first_run: FirstRun,
    tmp_path_factory,  # type: ignore[no-untyped-def]
) -> None:
    installation = first_run.installation
    later = installation.as_of + timedelta(days=3)
    done = installation.command("expire", "--as-of", later.isoformat(), timeout=900)
    assert done.returncode == 0, done.stderr
    assert "0 records removed" not in done.stdout
    left = installation.rows(
        f"select count(*) from disclosure.fct_penalties where last_disclosure_on < date '{later}'"
    )
    assert left == [(0,)]
    again = installation.command("expire", "--as-of", later.isoformat(), timeout=900)
    assert "as of" in again.stdout
    assert " 0 records removed" in again.stdout
    feeds = sample_feeds(tmp_path_factory.mktemp("again"), installation.as_of)
    feed = next(
        f
        for f in feeds
        if (f.provider, f.path.name[:10]) == ("jn_market_regulation", "penalties_")
        and f.path.suffix == ".csv"
    )
    resent = feed.path.with_name("resent.csv")
    resent.write_bytes(feed.path.read_bytes() + b"\n")
    submitted = installation.command(
        "submit", str(resent), "--provider", feed.provider, "--item", feed.item,
        "--reviewer", "审查员", "--reviewed-on", installation.as_of.isoformat(),
    )  # fmt: skip
    assert submitted.returncode == 0, submitted.stderr
    done = installation.command("run", "--as-of", later.isoformat(), timeout=900)
    assert done.returncode == 0, done.stderr
    rejected = installation.rows(
        "select count(*) from quality.fct_rejections where rule_id = 'AP-098'", "bi_reader"
    )
    assert rejected != [(0,)]
    kept = installation.rows(
        "select count(*) from intake.rejected_rows r join intake.findings f using (batch_id, row_number) "
        "where f.rule_id = 'AP-098' and r.content is not null"
    )
    assert kept == [(0,)]
