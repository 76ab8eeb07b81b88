"""Everything the warehouse needs before a run: migrations, intake tables, registry, and the right hash key."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract
from creditgate.policy.deadlines import known_workdays
from creditgate.policy.providers import Provider
from creditgate.warehouse.connect import Connection, connect
from creditgate.warehouse.errors import HashKeyError
from creditgate.warehouse.intake_tables import ensure_intake_table
from creditgate.warehouse.migrate import Migration, migrate
from creditgate.warehouse.passwords import hash_key
from creditgate.warehouse.reference_tables import refresh_reference
from creditgate.warehouse.workdays import refresh_workdays


def prepare_warehouse(
    contracts: Iterable[Contract], providers: Iterable[Provider], common_rules: Iterable[Rule] = ()
) -> Migration:
    """Migrate, make the intake tables of these contracts, and refresh rules, providers and working days. Idempotent."""
    items = tuple(contracts)
    done = migrate()
    with connect() as conn:
        check_hash_key(conn)
        for contract in items:
            ensure_intake_table(conn, contract)
        refresh_reference(conn, items, providers, common_rules)
        refresh_workdays(conn, known_workdays())
    return done


def check_hash_key(conn: Connection) -> None:
    """Hold the key to the one that the warehouse was begun with.

    Under another key every record and person would look new: tombstones would not hold, records would come
    back. Raises `HashKeyError`.
    """
    mark = hmac.new(hash_key(), b"creditgate: which key made the keyed hashes", "sha256").hexdigest()
    conn.execute("insert into reference.hash_key (mark) values (%s) on conflict do nothing", (mark,))
    row = conn.execute("select mark from reference.hash_key").fetchone()
    if row is None or row[0] != mark:
        raise HashKeyError(
            "The hash key is not the one that this warehouse's record ids and identity keys were made with",
            where="reference.hash_key",
            setting="CREDITGATE_HASH_KEY, or $CREDITGATE_HOME/secrets/hash_key",
            next_step="give the old key back. There is no way to go on with another: deleted records would return.",
        )
