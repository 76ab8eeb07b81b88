"""The same record again: what came back unchanged, what was withdrawn at its source, and how a rejection ends (S13)."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; rows and batches of before have none of the dates."""
    run_script(
        """
        alter table intake.batches
            add column rows_unchanged integer not null default 0,
            add column returned_at timestamptz,
            add column closed_at timestamptz,
            add column closed_by_batch_id text;
        comment on column intake.batches.rows_unchanged is
            'accepted rows that say what is held already: they made no new version';
        comment on column intake.batches.returned_at is 'when the report lay ready for the unit (S13: returned)';
        comment on column intake.batches.closed_by_batch_id is
            'a blocked or refused file is closed by the next file of its name that was taken';
        alter table intake.rejected_rows
            add column resubmitted_at timestamptz,
            add column accepted_at timestamptz,
            add column withdrawn_at timestamptz,
            add column case_batch_id text,
            add column case_row_number integer;
        comment on column intake.rejected_rows.case_batch_id is
            'with case_row_number: the first rejection of a row that was rejected again; null where this is the first';
        create index rejected_rows_case on intake.rejected_rows (case_batch_id, case_row_number)
            where case_batch_id is not null;
        create index rejected_rows_waiting on intake.rejected_rows (record_key)
            where record_key is not null and status in ('open', 'resubmitted');
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
