"""The migrations are one line, from the first to the last."""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory

from creditgate.warehouse import migrations


def test_every_migration_follows_one_other() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert len(scripts.get_heads()) == 1, (
        f"these migrations all come last: {scripts.get_heads()}. Next step: set down_revision of the newer one "
        "to the other's number"
    )
