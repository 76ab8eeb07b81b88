"""Batches that a person has to decide about: their status, the profiles they are judged by, the decisions."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let a batch be `held`; add profiles of settled batches, and decisions, which are append-only."""
    run_script(
        """
        alter table intake.batches drop constraint batches_status_check;
        alter table intake.batches add constraint batches_status_check check
            (status in ('accepted', 'partly_rejected', 'rejected', 'blocked', 'refused', 'held'));
        alter table intake.batches add column profile jsonb;
        comment on column intake.batches.profile is
            'the feed as a whole in counts and shares (rows, filled, codes, rules), without any cell; what later feeds '
            'of the provider are held against';
        create table audit.hold_decisions (
            batch_id text primary key,
            provider_code text not null,
            item text not null,
            decision text not null check (decision in ('released', 'refused')),
            decided_by text not null check (decided_by <> ''),
            reason text not null check (reason <> ''),
            rule_ids text[] not null,
            decided_at timestamptz not null default clock_timestamp()
        );
        comment on table audit.hold_decisions is 'who released or refused a held batch, when and why; append-only';
        create trigger append_only before update or delete or truncate on audit.hold_decisions
            for each statement execute function audit.refuse_change();
        alter table audit.hold_decisions enable always trigger append_only;
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
