"""What the marts were last built from, so that building the same again can be left out."""

from __future__ import annotations

import hashlib
import json
from datetime import date

from psycopg import Connection

from creditgate.policy.paths import dbt_dir, expectations_dir, home


def fingerprint(connection: Connection[tuple[object, ...]], as_of: date) -> str:
    """A digest of all that a build depends on: the as-of date, the batches, the contracts, and the dbt project.

    An expiry is not part of it: it takes the records out of the marts itself.
    """
    row = connection.execute(
        """
        select current_database(), (select oid from pg_database where datname = current_database()),
               (select count(*) from intake.batches), (select max(settled_at) from intake.batches)
        """
    ).fetchone()
    digest = hashlib.sha256(json.dumps([as_of.isoformat(), *(row or ())], default=str).encode())
    for path in sorted((*dbt_dir().rglob("*"), *expectations_dir().rglob("*"))):
        if path.suffix in (".sql", ".yml", ".yaml", ".csv") and "target" not in path.parts:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def is_built(connection: Connection[tuple[object, ...]], wanted: str) -> bool:
    """Whether the marts are there, and the last whole build that succeeded was of this fingerprint."""
    path = home() / "dbt" / "last_build"
    if not path.is_file() or path.read_text(encoding="ascii") != wanted:
        return False
    row = connection.execute("select to_regclass('disclosure.fct_penalties') is not null").fetchone()
    return bool(row and row[0])


def remember(built: str) -> None:
    """Note the fingerprint of a whole build that has succeeded."""
    path = home() / "dbt" / "last_build"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(built, encoding="ascii")
