"""What the events had done to each record when the marts were last built: a difference touches the record."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the next build fills it."""
    run_script(
        """
        create table intermediate.rights_seen (record_id uuid not null, content text not null);
        comment on table intermediate.rights_seen is
            'a digest of each row of int_record_rights, as the marts took it in';
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
