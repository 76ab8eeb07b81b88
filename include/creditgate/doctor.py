"""Looks the installation over and says what to mend: `creditgate doctor`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.documents import PolicyFileError
from creditgate.policy.paths import home
from creditgate.policy.prohibited import load_prohibited
from creditgate.policy.providers import load_providers
from creditgate.warehouse.connect import connect, is_embedded
from creditgate.warehouse.errors import WarehouseError

LOW_DISK_BYTES = 2 << 30


@dataclass(frozen=True)
class Observation:
    """One thing that was looked at."""

    what: str
    found: str
    is_well: bool = True
    next_step: str = ""


def examine() -> list[Observation]:
    """Everything that can be told without changing anything but starting the embedded server."""
    return [observation for look in _LOOKS for observation in look()]


def _python() -> Iterator[Observation]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Observation("Python", version, sys.version_info >= (3, 11), "install Python 3.11 or 3.12")


def _state_folder() -> Iterator[Observation]:
    folder = home()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_writable = os.access(folder, os.W_OK)
    yield Observation("state folder", str(folder), is_writable, "make it writable, or set CREDITGATE_HOME")
    free = shutil.disk_usage(folder).free
    yield Observation(
        "free disk", f"{free >> 30} GiB", free > LOW_DISK_BYTES, "free space under CREDITGATE_HOME"
    )


def _hash_key() -> Iterator[Observation]:
    if os.environ.get("CREDITGATE_HASH_KEY"):
        yield Observation("hash key", "from the environment")
    else:
        kept = "kept in the state folder (secrets/hash_key)"
        yield Observation("hash key", kept, is_embedded(), "set CREDITGATE_HASH_KEY for a shared warehouse")


def _law_as_data() -> Iterator[Observation]:
    try:
        rules = sum(len(load_contract(item).rules) for item in known_items())
        yield Observation("checklist", f"{len(known_items())} items, {rules} rules")
        yield Observation("prohibited catalogue", f"{len(load_prohibited().categories)} categories")
    except PolicyFileError as error:
        yield Observation("expectations/", str(error), False, "mend the file that is named")


def _registry() -> Iterator[Observation]:
    providers = load_providers()
    yield Observation("provider registry", f"{len(providers)} units")
    for provider in providers.values():
        if not provider.is_complete:
            yield Observation(
                f"registry entry {provider.code}",
                f"incomplete: lacks {', '.join(provider.missing)} (S05-S07, S24, S49)",
                next_step="ask the unit; its feeds are taken and flagged",
            )


def _warehouse() -> Iterator[Observation]:
    place = "embedded PostgreSQL" if is_embedded() else "PostgreSQL of DATABASE_URL"
    try:
        with connect() as connection:
            row = connection.execute("select current_setting('server_version')").fetchone()
        yield Observation(place, str(row[0]) if row else "no answer", row is not None)
    except WarehouseError as error:
        yield Observation(place, str(error), False, "see the message")


_LOOKS: tuple[Callable[[], Iterator[Observation]], ...] = (
    _python,
    _state_folder,
    _hash_key,
    _law_as_data,
    _registry,
    _warehouse,
)
