"""What the marts were last kept for: the day, the law, the batches, and the records still to be done."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; without a row in reference.marts_state the next build is a whole one."""
    run_script(
        """
        create table reference.marts_state (
            is_only boolean primary key default true check (is_only),
            as_of_on date,
            law text,
            is_whole boolean not null default false,
            terms_as_of_on date
        );
        insert into reference.marts_state default values;
        comment on table reference.marts_state is
            'one row: the day and the law (digest) up to which touched records were gathered; whether every mart '
            'stands on them; the day of the terms';
        create table reference.marts_batches (batch_id text primary key);
        comment on table reference.marts_batches is 'batches whose records were gathered for the marts';
        create table intermediate.touched_records (record_id uuid not null);
        comment on table intermediate.touched_records is
            'records that the next build computes anew; emptied when a whole build has succeeded';
        create table intake.touched_records (record_id uuid not null);
        comment on table intake.touched_records is
            'records that changed otherwise than by a row of a new batch; the next build takes them over'
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
