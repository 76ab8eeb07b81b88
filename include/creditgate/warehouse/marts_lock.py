"""One writer of the marts at a time: a build and an expiry wait for each other, whoever starts them.

A build copies records from table to table. An expiry in between would delete a record from all of them and
see it come back with the next copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from creditgate.warehouse.connect import open_url

_MARTS_LOCK: Final = 0x6372_6564_6D61_7274  # "credmart"


def lock_marts(connection: psycopg.Connection[Any]) -> None:
    """Wait for the marts, and hold them until the connection's transaction ends."""
    connection.execute("select pg_advisory_xact_lock(%s)", (_MARTS_LOCK,))


@contextmanager
def marts_locked(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Hold the marts while another program (dbt) writes them; gives the connection that holds them."""
    with open_url(url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", (_MARTS_LOCK,))
        yield connection
