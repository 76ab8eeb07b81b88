"""Which cells of a batch had their spelling changed, by cleaning rule and field."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; batches settled before say nothing about it."""
    run_script(
        """
        alter table intake.batches add column cleaned jsonb;
        comment on column intake.batches.cleaned is
            'cells whose spelling was changed: cleaning rule (expectations/cleaning.yaml) to field to count';
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
