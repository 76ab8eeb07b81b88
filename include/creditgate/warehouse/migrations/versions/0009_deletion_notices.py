"""Deletion notices to the units and their receipts (S32): which rows of which files, and no content of them."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = """
create table audit.deletion_notices (
    notice_id text primary key,
    provider_code text not null,
    as_of_on date not null,
    issued_at timestamptz not null default now(),
    due_on date not null,
    records integer not null
);
comment on table audit.deletion_notices is
    'a unit is told which of its rows the platform has deleted and that it must delete them too (S32)';
create table audit.deletion_notice_records (
    notice_id text not null references audit.deletion_notices,
    record_key_hash uuid not null,
    batch_id text not null,
    row_number integer not null
);
create index deletion_notice_records_notice on audit.deletion_notice_records (notice_id);
comment on table audit.deletion_notice_records is
    'every row that had brought a deleted record, by file and row number: the unit has its file, the platform has no content';
create table audit.deletion_receipts (
    notice_id text primary key references audit.deletion_notices,
    confirmed_by text not null check (confirmed_by ~ '[^[:space:]]'),
    confirmed_on date not null,
    received_at timestamptz not null default now()
);
create index rejected_rows_content_until on intake.rejected_rows (content_until) where content is not null
"""


def upgrade() -> None:
    """Make the tables; like all of audit they refuse update, delete and truncate."""
    run_script(_TABLES)
    for table in ("deletion_notices", "deletion_notice_records", "deletion_receipts"):
        run_script(
            f"create trigger append_only before update or delete or truncate on audit.{table} "
            f"for each statement execute function audit.refuse_change();"
            f"alter table audit.{table} enable always trigger append_only"
        )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
