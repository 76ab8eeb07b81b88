"""The columns of a batch's file, so that its report can be made again after rows of it have been cleared."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; batches settled before have none, and their reports are not made again."""
    run_script(
        """
        alter table intake.batches add column columns jsonb;
        comment on column intake.batches.columns is
            'how the headers of the file became fields: mapped (header to field), dropped, missing';
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
