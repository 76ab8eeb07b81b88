"""Authorised queries that were undone: numbers are not given back, so a rolled-back query leaves a gap.

A client can read an answer and roll its transaction back; PostgreSQL has no way to write the log all the
same. The numbers tell the auditor that it happened, and between which queries.
"""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the auditor's view; numbers are handed out one by one, for gaps to mean something."""
    run_script(
        """
        create view audit.query_log_gaps as
        with numbered as (
            select
                l.query_id, l.queried_at,
                lag(l.query_id, 1, 0::bigint) over (order by l.query_id) as previous_id,
                lag(l.queried_at) over (order by l.query_id) as previous_at
            from audit.query_log as l
        )
        select
            n.previous_id + 1 as first_missing_id, n.query_id - 1 as last_missing_id,
            n.previous_at as after_at, n.queried_at as before_at
        from numbered as n
        where n.query_id > n.previous_id + 1;
        comment on view audit.query_log_gaps is
            'queries that were rolled back after they were answered (or up to 32 numbers lost in a crash of the server)';
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
