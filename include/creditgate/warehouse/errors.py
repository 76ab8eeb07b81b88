"""What can go wrong with the warehouse: each error says what, where, which setting, and the next step."""

from __future__ import annotations


class WarehouseError(Exception):
    """The base of all warehouse errors.

    `is_temporary` tells a task whether trying again later can help. No error carries a password or a
    cell of a feed.
    """

    is_temporary = False

    def __init__(
        self, what: str, *, next_step: str, where: str | None = None, setting: str | None = None
    ) -> None:
        self.what, self.where, self.setting, self.next_step = what, where, setting, next_step
        place = f" [{where}]" if where else ""
        knob = f" Setting: {setting}." if setting else ""
        super().__init__(f"{what.rstrip('.')}{place}.{knob} Next step: {next_step}")


class StateFolderError(WarehouseError):
    """$CREDITGATE_HOME cannot be used by this user."""


class ProgramsNotFoundError(WarehouseError):
    """No PostgreSQL programs to run an embedded server with."""


class ServerStartError(WarehouseError):
    """The embedded server does not start or does not stop."""


class SecretMissingError(WarehouseError):
    """A password that only the state folder knows is not there, or opens nothing."""


class WarehouseUrlError(WarehouseError):
    """DATABASE_URL cannot be understood."""


class WarehouseUnavailableError(WarehouseError):
    """The warehouse does not answer; trying again may help."""

    is_temporary = True


class UnknownRoleError(WarehouseError):
    """There is no such reading role."""


class MigrationError(WarehouseError):
    """The warehouse cannot be brought to this version's shape."""


class MissingPrivilegeError(MigrationError):
    """The user of DATABASE_URL may not do what a migration needs."""


class HashKeyError(WarehouseError):
    """The hash key is not the one that the warehouse was begun with."""


class IntakeTableError(WarehouseError):
    """An intake table and its contract do not fit together."""
