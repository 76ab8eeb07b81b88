"""The authorised query (S21–S25, S30): who asks is known, what is past its last day is not told."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from tests.conftest import Database

ASKED = {
    "p_inquirer_name": "王审",
    "p_inquirer_unit": "济南市某局",
    "p_subject_key": "SUBJECT-1",
    "p_purpose": "行政许可审查",
    "p_authorisation_ref": "授权书2026-001",
}
_CALL = "select * from sharing.query_subject(%(p_inquirer_name)s, %(p_inquirer_unit)s, %(p_subject_key)s, %(p_purpose)s, %(p_authorisation_ref)s)"
_TODAY = "(now() at time zone 'Asia/Shanghai')::date"


@pytest.fixture
def marts(database: Database) -> Database:
    """Records of two subjects: one ended yesterday, one ends today, one goes on."""
    with database.connect() as conn:
        conn.execute(
            f"""
            create table marts.fct_authorised_query as
            select
                gen_random_uuid() as record_id, 'administrative_penalty'::text as item, s.key as subject_key,
                '某某'::text as subject_name, 'natural'::text as subject_kind, s.number as decision_number,
                '罚款'::text as summary, date '2026-01-01' as decided_on, {_TODAY} + s.days as last_disclosure_on,
                false as is_under_objection, 'jn_scjg'::text as provider_code, '某局'::text as authority_name
            from (values
                ('SUBJECT-1'::text, 'ended'::text, -1), ('SUBJECT-1', 'last day', 0), ('SUBJECT-1', 'goes on', 30),
                ('SUBJECT-2', 'of another', 30)
            ) as s (key, number, days)
            """
        )
    return database


def _ask(database: Database, **changed: str | None) -> list[tuple[object, ...]]:
    with database.connect("query_officer") as conn:
        return conn.execute(_CALL, {**ASKED, **changed}).fetchall()


def _log(database: Database) -> list[tuple[object, ...]]:
    with database.connect("auditor") as conn:
        return conn.execute(
            "select inquirer_name, inquirer_unit, content, purpose, authorisation_ref, queried_by from audit.query_log"
        ).fetchall()


def test_query_gives_the_subjects_records_up_to_their_last_day(marts: Database) -> None:
    assert {row[5] for row in _ask(marts)} == {"last day", "goes on"}


def test_every_query_is_logged_with_name_unit_content_purpose_and_basis(marts: Database) -> None:
    _ask(marts, p_inquirer_name="　王审 ")
    assert _log(marts) == [
        (
            "王审",
            "济南市某局",
            "subject SUBJECT-1: 2 records in force",
            "行政许可审查",
            "授权书2026-001",
            "query_officer",
        )
    ]


def test_query_that_is_rolled_back_leaves_a_gap_for_the_auditor(marts: Database) -> None:
    _ask(marts)
    with marts.connect("query_officer") as conn:
        conn.execute(_CALL, ASKED)
        conn.rollback()
    _ask(marts)
    with marts.connect("auditor") as conn:
        gaps = conn.execute("select first_missing_id, last_missing_id from audit.query_log_gaps").fetchall()
    assert gaps == [(2, 2)]


def test_query_that_finds_nothing_is_logged_too(marts: Database) -> None:
    assert _ask(marts, p_subject_key="NOBODY") == []
    assert [row[2] for row in _log(marts)] == ["subject NOBODY: 0 records in force"]


@pytest.mark.parametrize("blank", [None, "", "  ", "\t\n", "　", "\u00a0"])
@pytest.mark.parametrize("parameter", ASKED)
def test_query_with_a_blank_is_refused_by_name(pg_blank: Database, parameter: str, blank: str | None) -> None:
    with pytest.raises(errors.InvalidParameterValue, match=f"blank: {parameter}"):
        _ask(pg_blank, **{parameter: blank})


@pytest.fixture(scope="module")
def pg_blank(request: pytest.FixtureRequest) -> Database:
    """The template itself serves here: a refused query changes nothing."""
    return Database("template_creditgate", request.getfixturevalue("pg_server"))


def test_identity_number_in_clear_is_refused_and_not_repeated(marts: Database) -> None:
    number = "370102199003077873"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    number = number[:17] + "10X98765432"[sum(int(d) * w for d, w in zip(number, weights, strict=False)) % 11]
    with pytest.raises(errors.InvalidParameterValue, match="identity number in clear") as caught:
        _ask(marts, p_subject_key=number)
    assert number not in str(caught.value)
    assert _log(marts) == []


def test_digits_that_are_a_credit_code_are_no_identity_number(marts: Database) -> None:
    assert _ask(marts, p_subject_key="913701021990030778") == []


def test_query_before_the_first_build_says_what_to_run(database: Database) -> None:
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="build_marts"):
        _ask(database)


def test_officers_objects_cannot_stand_in_for_the_functions_own(marts: Database) -> None:
    """SECURITY DEFINER with a fixed search path: a look-alike in the caller's path is not used."""
    with marts.pg.admin() as admin:
        admin.execute(f"grant temporary on database {marts.name} to query_officer")
    with marts.connect("query_officer") as conn:
        conn.execute(
            "create function pg_temp.concat_ws(text, text, text, text, text, text) returns text language sql as 'select (1/0)::text'"
        )
        conn.execute("create temp table query_log (a int)")
        conn.execute("set search_path = pg_temp, sharing, pg_catalog")
        assert len(conn.execute(_CALL, ASKED).fetchall()) == 2


def test_officer_reads_no_table_and_no_helper(marts: Database) -> None:
    with marts.connect("query_officer") as conn:
        for statement in (
            "select * from marts.fct_authorised_query",
            "select sharing.is_identity_number('1')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), conn.transaction():
                conn.execute(statement)
