"""Secrets of the warehouse: made once, kept in $CREDITGATE_HOME/secrets, never logged.

The passwords of the database roles, and the key of the keyed hashes.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from creditgate.policy.paths import home as default_home
from creditgate.warehouse.errors import SecretMissingError, StateFolderError


def secrets_dir(home: Path) -> Path:
    """The folder of secrets, made with mode 0700 when it is not there."""
    folder = home / "secrets"
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StateFolderError(
            f"The state folder cannot be written: {error.strerror}",
            where=str(folder),
            setting="CREDITGATE_HOME",
            next_step="run as the user who owns it, or point CREDITGATE_HOME at a folder of your own.",
        ) from error
    return folder


def role_password(home: Path, role: str) -> str:
    """The password of a role: CREDITGATE_PASSWORD_<ROLE>, else the one kept in the state folder.

    One is made (32 random bytes, mode 0600) when there is none. Safe with two processes at once: the first
    one's password stands.
    """
    if given := _given(role):
        return given
    path = secrets_dir(home) / f"role_{role}"
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(32))
    return _read(path)


def known_role_password(home: Path, role: str) -> str:
    """The password of a role, or `SecretMissingError` when no migration has set one."""
    if given := _given(role):
        return given
    path = home / "secrets" / f"role_{role}"
    if not path.exists():
        raise SecretMissingError(
            f"The password of the role {role} is not in the state folder",
            where=str(path),
            setting="CREDITGATE_HOME",
            next_step="run `creditgate run` (or `make run`) once with this CREDITGATE_HOME: it sets new passwords.",
        )
    return _read(path)


def _given(role: str) -> str:
    return os.environ.get(f"CREDITGATE_PASSWORD_{role.upper()}", "").strip()


def hash_key(home: Path | None = None) -> bytes:
    """The key of all keyed hashes: CREDITGATE_HASH_KEY, else one made once in the state folder (32 bytes).

    Losing it can't be mended: keep a copy of secrets/ apart from the database's backups.
    """
    given = os.environ.get("CREDITGATE_HASH_KEY", "").strip()
    if given:
        return given.encode()
    path = secrets_dir(home or default_home()) / "hash_key"
    if not path.exists():
        _write_once(path, secrets.token_hex(32))
    return _read(path).encode()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SecretMissingError(
            f"A password file cannot be read: {error.strerror}",
            where=str(path),
            setting="CREDITGATE_HOME",
            next_step="run as the user who owns the state folder.",
        ) from error


def _write_once(path: Path, text: str) -> None:
    """Write the file whole or not at all; a file that is already there is left alone."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new_")  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
