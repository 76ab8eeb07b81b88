"""Working days, the deadlines of the clocks, and the alerts that operators see (S05, S06, S10, S11, S49, S63, S64, S68)."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables; `watch` fills them, and can fill them anew from the warehouse."""
    run_script(
        """
        create table reference.workdays (
            day date primary key,
            is_workday boolean not null,
            source_ref text not null,
            version text not null
        );
        comment on table reference.workdays is
            'the working-day calendar; beyond its last day a deadline is provisional';
        alter table reference.rules add column expectation text;

        create table rights.rpt_deadlines (
            clock text not null,
            subject_ref text not null,
            provider_code text,
            competent_authority text,
            clause text not null,
            workdays integer not null,
            started_on date not null,
            due_on date not null,
            met_on date,
            status text not null check (status in ('open', 'met', 'missed', 'provisional')),
            days_late integer not null default 0,
            calendar_version text not null,
            checked_on date not null,
            primary key (clock, subject_ref)
        );
        create index rpt_deadlines_running on rights.rpt_deadlines (clock, provider_code) where met_on is null;
        comment on table rights.rpt_deadlines is 'working-day clocks: due, met and missed; tells nothing about a person';
        comment on column rights.rpt_deadlines.subject_ref is
            'what the clock runs for: a batch, a batch and the day its data was formed, or the keyed hash of an event';
        comment on column rights.rpt_deadlines.days_late is 'working days after due_on, up to met_on or the day of the check';
        create table rights.watched_batches (batch_id text primary key);
        comment on table rights.watched_batches is 'settled batches whose clocks have been read';

        create table quality.rpt_alerts (
            kind text not null,
            alert_ref text not null,
            provider_code text,
            competent_authority text,
            clause text not null,
            message text not null,
            next_step text not null,
            raised_on date not null,
            seen_on date not null,
            cleared_on date,
            primary key (kind, alert_ref, raised_on)
        );
        create unique index rpt_alerts_standing on quality.rpt_alerts (kind, alert_ref) where cleared_on is null;
        comment on table quality.rpt_alerts is 'what operators have to see to; cleared_on is null while it stands';

        create view quality.rpt_sla_by_authority as
        select
            competent_authority,
            provider_code,
            clock,
            to_char(due_on, 'YYYY-MM') as period,
            count(*) filter (where status = 'met') as met,
            count(*) filter (where status = 'missed') as missed,
            count(*) filter (where status = 'open') as open,
            count(*) filter (where status = 'provisional') as provisional,
            round(
                count(*) filter (where status = 'met')::numeric
                / nullif(count(*) filter (where status in ('met', 'missed')), 0),
                4
            ) as on_time_rate
        from rights.rpt_deadlines
        group by competent_authority, provider_code, clock, to_char(due_on, 'YYYY-MM');
        comment on view quality.rpt_sla_by_authority is 'S05: clocks kept and missed, by competent authority';
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
