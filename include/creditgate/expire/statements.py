"""The SQL of an expiry. Statements see the records to remove in the temporary table `expiring`."""

from __future__ import annotations

from typing import Final

from psycopg import sql

TERMS_OF_ANOTHER_DAY: Final = (
    "select terms_as_of_on from reference.marts_state where terms_as_of_on is distinct from %(as_of)s"
)

ARE_TERMS_THERE: Final = """
    select to_regclass('intermediate.int_record_terms') is not null
       and to_regclass('intermediate.int_records_returned') is not null
"""

DROP_EXPIRING: Final = "drop table if exists pg_temp.expiring"

COLLECT_EXPIRING: Final = """
    create temporary table expiring on commit drop as
    select record_id, item, batch_id, row_number, anchor_on, last_disclosure_on, true as is_new,
           case winner when 'five_year_cap' then 'five_years' else 'term_ended' end as reason
    from intermediate.int_record_terms as terms
    where last_disclosure_on < %(as_of)s
      and not exists (select 1 from audit.tombstones where record_key_hash = terms.record_id)
"""

HAS_RIGHTS: Final = "select to_regclass('intermediate.int_record_rights') is not null"

NAME_EARLIER_END: Final = """
    update expiring set reason = rights.ended_reason
    from intermediate.int_record_rights as rights
    where rights.record_id = expiring.record_id and rights.ended_reason in ('repaired', 'revoked')
"""
"""A record that had left every mart by repair or revocation says so in its tombstone: its term deletes it, no more."""

COLLECT_RETURNED: Final = """
    insert into expiring (record_id, item, batch_id, row_number, is_new)
    select record_id, item, batch_id, row_number, false from intermediate.int_records_returned
"""
"""Content of a record that has a tombstone: it was settled while the expiry that removed it was running."""

COUNT_BY_ITEM: Final = "select item, count(*) from expiring where is_new group by item order by item"

COUNT_BY_REASON: Final = "select reason, count(*) from expiring where is_new group by reason order by reason"

WRITE_TOMBSTONES: Final = """
    insert into audit.tombstones
        (record_key_hash, item, reason, anchor_on, last_disclosure_on, removed_at, as_of_on)
    select record_id, item, reason, anchor_on, last_disclosure_on, transaction_timestamp(), %(as_of)s
    from expiring
    where is_new
    order by record_id
"""

TABLES_WITH_RECORDS: Final = """
    select namespace.nspname, class.relname
    from pg_attribute as attribute
    inner join pg_class as class on class.oid = attribute.attrelid
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname in ('intermediate', 'marts', 'disclosure', 'sharing', 'rights', 'quality')
      and class.relkind in ('r', 'p') and not class.relispartition
      and attribute.attname = 'record_id' and attribute.atttypid = 'uuid'::regtype and not attribute.attisdropped
    order by namespace.nspname, class.relname
"""
"""Found in the catalogue, not listed: a mart that is added, or a table that a killed build left, is included."""

TABLES_WITH_EVENTS: Final = """
    select namespace.nspname, class.relname
    from pg_attribute as attribute
    inner join pg_class as class on class.oid = attribute.attrelid
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    where namespace.nspname in ('intake', 'intermediate', 'marts', 'disclosure', 'sharing', 'rights', 'quality')
      and class.relkind in ('r', 'p') and not class.relispartition
      and attribute.attname = 'target_record_id' and attribute.atttypid = 'uuid'::regtype
      and not attribute.attisdropped
    order by namespace.nspname, class.relname
"""
"""Repairs, objections, talks and the like name the record they are about, and tell of it: they go with it."""

CLEAR_REJECTIONS: Final = (
    """
    update intake.rejected_rows
    set content = null
    where content is not null and content_until < %(as_of)s
    returning batch_id
    """,
    """
    update intake.rejected_rows as rejected
    set content = null,
        status = case when status in ('open', 'resubmitted') then 'withdrawn' else status end,
        withdrawn_at = case
            when status in ('open', 'resubmitted') then transaction_timestamp() else withdrawn_at
        end
    from expiring
    where rejected.record_key = replace(expiring.record_id::text, '-', '')
      and (rejected.content is not null or rejected.status in ('open', 'resubmitted'))
    returning rejected.batch_id
    """,
)
"""What waited too long to be mended, and what can't be mended any more: its record's term is over."""

MAKE_DELETED: Final = """
    create temporary table deleted_rows (
        record_id uuid, batch_id text, row_number integer, provider_code text
    ) on commit drop
"""

WRITE_NOTICES: Final = """
    insert into audit.deletion_notices (notice_id, provider_code, as_of_on, issued_at, due_on, records)
    select
        concat_ws('-', 'DN', to_char(%(as_of)s::date, 'YYYYMMDD'), provider_code, (
            select count(*) + 1 from audit.deletion_notices as earlier
            where earlier.as_of_on = %(as_of)s and earlier.provider_code = deleted_rows.provider_code
        )),
        provider_code, %(as_of)s, transaction_timestamp(), %(as_of)s::date + %(due_days)s,
        count(distinct record_id)
    from deleted_rows
    group by provider_code
"""

WRITE_NOTICE_RECORDS: Final = """
    insert into audit.deletion_notice_records (notice_id, record_key_hash, batch_id, row_number)
    select notice.notice_id, deleted_rows.record_id, deleted_rows.batch_id, deleted_rows.row_number
    from deleted_rows
    inner join audit.deletion_notices as notice
        on notice.provider_code = deleted_rows.provider_code and notice.issued_at = transaction_timestamp()
"""

BATCHES: Final = "select provider_code, batch_id from intake.batches where batch_id = any(%(batch_ids)s)"

RECORD_RUN: Final = """
    insert into audit.expiry_runs
        (as_of_on, started_at, finished_at, records_removed, rejections_cleared, reports_removed)
    select %(as_of)s, %(started_at)s, clock_timestamp(), %(records)s, %(rejections)s, %(reports)s
    where %(records)s + %(rejections)s + %(reports)s > 0
       or not exists (select 1 from audit.expiry_runs where as_of_on = %(as_of)s)
"""
"""A repeat that finds nothing leaves no second row: a second run of a day changes nothing."""


def pass_over_superseded(item: str) -> sql.Composed:
    """Leave out records of an item whose terms are not those of their latest version."""
    return sql.SQL(
        """
        delete from expiring
        using intake.{table} as version, intake.batches as later, intake.batches as used
        where expiring.item = %(item)s
          and version.record_id = expiring.record_id
          and later.batch_id = version.batch_id and used.batch_id = expiring.batch_id
          and (later.settled_at, version.batch_id, version.row_number)
              > (used.settled_at, expiring.batch_id, expiring.row_number)
        """
    ).format(table=sql.Identifier(item))


def delete_versions(item: str) -> sql.Composed:
    """Delete every version of an item's expiring records, and note which rows had brought them."""
    return sql.SQL(
        """
        with deleted as (
            delete from intake.{table} as version
            using expiring
            where expiring.item = %(item)s and version.record_id = expiring.record_id
            returning version.record_id, version.batch_id, version.row_number, version.provider_code
        )
        insert into deleted_rows select * from deleted
        """
    ).format(table=sql.Identifier(item))


def delete_copies(schema: str, table: str) -> sql.Composed:
    """Delete the expiring records from a table that carries record ids."""
    return sql.SQL(
        "delete from {table} as copy using expiring where copy.record_id = expiring.record_id"
    ).format(table=sql.Identifier(schema, table))


def delete_events(schema: str, table: str) -> sql.Composed:
    """Delete the events that are about a deleted record, also those that came after it was deleted."""
    return sql.SQL(
        "delete from {table} as event using audit.tombstones as tombstone"
        " where event.target_record_id = tombstone.record_key_hash"
    ).format(table=sql.Identifier(schema, table))
