"""Schemas, and the tables that no contract makes: batches, findings, rejections, registry, audit.

`intake.<item>` is made from the item's contract (`creditgate.warehouse.intake_tables`); staging to
rights belong to dbt.
"""

from alembic import op

from creditgate.warehouse.migrations.scripts import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SCHEMAS = (
    "intake", "reference", "staging", "intermediate", "marts", "disclosure", "sharing", "rights", "quality", "audit",
    "airflow",
)  # fmt: skip

_INTAKE = """
create table intake.batches (
    batch_id text primary key,
    provider_code text not null,
    item text not null,
    contract_version text,
    file_name text not null,
    file_sha256 text not null,
    file_bytes bigint not null,
    format text,
    encoding text,
    status text not null
        check (status in ('accepted', 'partly_rejected', 'rejected', 'blocked', 'refused')),
    received_at timestamptz not null,
    settled_at timestamptz not null,
    as_of_on date not null,
    rows_total integer not null default 0,
    rows_accepted integer not null default 0,
    rows_rejected integer not null default 0,
    rows_warned integer not null default 0,
    rows_late integer not null default 0,
    reviewer text,
    reviewed_on date,
    sent_on date,
    columns_dropped integer not null default 0,
    provider_is_complete boolean
);
create index batches_settled_at on intake.batches (settled_at);
create table intake.findings (
    batch_id text not null,
    row_number integer not null,
    rule_id text not null,
    field text,
    header text
);
create index findings_batch_id on intake.findings (batch_id, row_number);
comment on column intake.findings.row_number is 'data rows count from 1; 0 is the file as a whole';
create table intake.rejected_rows (
    batch_id text not null,
    row_number integer not null,
    record_key text,
    content jsonb,
    content_until date,
    status text not null default 'open' check (status in ('open', 'resubmitted', 'accepted', 'withdrawn')),
    primary key (batch_id, row_number)
);
create index rejected_rows_record_key on intake.rejected_rows (record_key) where record_key is not null;
comment on column intake.rejected_rows.record_key is 'hex keyed hash of the record key; null when it cannot be formed';
comment on column intake.rejected_rows.content is 'redacted cells by field name; null once destroyed'
"""

_REFERENCE = """
create table reference.rules (
    rule_id text not null,
    item text not null,
    contract_version text not null,
    severity text not null check (severity in ('block', 'reject', 'warn')),
    clause text not null,
    message text not null,
    expected text not null,
    field text,
    category text,
    primary key (rule_id, contract_version)
);
comment on table reference.rules is
    'every version of every rule; item and contract_version are * for rules that hold for every item';
create table reference.providers (
    provider_code text primary key,
    unit_name text not null,
    unit_kind text,
    dedicated_section text,
    officer text,
    responsible_head text,
    competent_authority text,
    query_policy_ref text,
    repair_guide_url text,
    is_complete boolean not null,
    missing text
);
create table reference.provider_items (
    provider_code text not null,
    item text not null,
    primary key (provider_code, item)
)
"""

_AUDIT = """
create table audit.tombstones (
    record_key_hash uuid primary key,
    item text not null,
    reason text not null check (reason in ('five_years', 'term_ended', 'repaired', 'revoked')),
    anchor_on date,
    last_disclosure_on date not null,
    removed_at timestamptz not null default now(),
    as_of_on date not null
);
comment on table audit.tombstones is
    'proof of deletion; record_key_hash is the record_id, a keyed hash that tells nothing about anybody';
create table audit.query_log (
    query_id bigint generated always as identity primary key,
    inquirer_name text not null check (inquirer_name ~ '[^[:space:]]'),
    inquirer_unit text not null check (inquirer_unit ~ '[^[:space:]]'),
    queried_at timestamptz not null default now(),
    content text not null check (content ~ '[^[:space:]]'),
    purpose text not null check (purpose ~ '[^[:space:]]'),
    authorisation_ref text not null check (authorisation_ref ~ '[^[:space:]]'),
    queried_by text not null default session_user
);
comment on table audit.query_log is 'S25: kept for good; there is no expiry';
create table audit.exports (
    export_id bigint generated always as identity primary key,
    exported_at timestamptz not null default now(),
    exported_by text not null,
    recipient text not null,
    relation text not null,
    basis text not null,
    row_count bigint not null
);
create table audit.expiry_runs (
    as_of_on date not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default now(),
    records_removed integer not null,
    rejections_cleared integer not null,
    reports_removed integer not null
);
create function audit.refuse_change() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, lower(tg_op)
        using errcode = 'insufficient_privilege', hint = 'what was recorded stays; record a correction as a new row';
end
$$
"""


def upgrade() -> None:
    """Make the schemas and tables; audit tables refuse update, delete and truncate, the owner's too."""
    for schema in _SCHEMAS:
        op.execute(f"create schema if not exists {schema}")
    for script in (_INTAKE, _REFERENCE, _AUDIT):
        run_script(script)
    for table in ("tombstones", "query_log", "exports", "expiry_runs"):
        op.execute(
            f"create trigger append_only before update or delete or truncate on audit.{table} "
            "for each statement execute function audit.refuse_change()"
        )
        op.execute(f"alter table audit.{table} enable always trigger append_only")


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
