"""Which hash key the warehouse was begun with: a keyed mark, one row."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of one row; `prepare_warehouse` fills it."""
    run_script(
        """
        create table reference.hash_key (
            is_only_row boolean primary key default true check (is_only_row),
            mark text not null
        );
        comment on table reference.hash_key is 'tells a wrong CREDITGATE_HASH_KEY before it does harm; not the key';
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
