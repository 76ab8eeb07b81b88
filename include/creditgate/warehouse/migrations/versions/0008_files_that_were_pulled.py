"""What has been fetched from which source, so that an unchanged file is not fetched again."""

from creditgate.warehouse.migrations.scripts import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table. Nothing of a feed's content is in it."""
    run_script(
        """
        create table intake.pulled_files (
            provider_code text not null,
            item text not null,
            source_key text not null,
            version text not null,
            batch_id text not null,
            file_sha256 text not null,
            pulled_at timestamptz not null default clock_timestamp(),
            primary key (provider_code, item, source_key)
        );
        comment on table intake.pulled_files is
            'the file that was last fetched from each place of a source, by the version the source gave it';
        """
    )


def downgrade() -> None:
    """There is no way back: restore a backup."""
    raise NotImplementedError
