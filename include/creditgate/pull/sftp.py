"""A folder on an SFTP server as a source, by asyncssh. Whose server it is, is checked, never assumed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import asyncssh

from creditgate.domain.batch import Manifest, Waiting
from creditgate.pull.connection import ConnectionSettings
from creditgate.pull.manifest import MAX_BYTES, SUFFIX, ManifestProblem, manifest_of
from creditgate.pull.patience import patiently
from creditgate.pull.source import (
    RECEIPT_SUFFIX,
    Closing,
    Landed,
    Landing,
    SourceAccessError,
    SourceError,
    SourceSettingsError,
    StillWritingError,
    is_feed_name,
)

CONNECT_SECONDS = 15.0
ANSWER_SECONDS = 60.0
_BLOCK = 1 << 20
_HOST_KEYS = ("host_key", "known_hosts")
Result = TypeVar("Result")


class SftpSource(Closing):
    """The mailbox of a unit on an SFTP server.

    Settings: host, port, login, and a password or a private key (`private_key`: its text; `key_file`: its path;
    `private_key_passphrase`). The server's key: `host_key` (`ssh-ed25519 AAAA…`), or `known_hosts`, the path of a
    file in OpenSSH's form; without either, the account's own `~/.ssh/known_hosts`.
    """

    def __init__(self, settings: ConnectionSettings, location: str, pattern: str = "*") -> None:
        """location: a folder of the server. Connects at the first use."""
        self._settings, self._folder, self._pattern = settings, PurePosixPath(location), pattern
        self._place = (
            f"sftp://{settings.host}:{settings.port or 22}{'' if location[:1] == '/' else '/'}{location}"
        )
        self._trust = _trusted_keys(settings)
        self._loop = asyncio.new_event_loop()
        self._connection: asyncssh.SSHClientConnection | None = None
        self._client: asyncssh.SFTPClient | None = None

    def waiting(self) -> list[Waiting]:
        """The feed files in the folder."""
        return self._patiently("list", self._list)

    def fetch(self, file: Waiting, target: Path, max_bytes: int) -> Landed:
        """Copy a feed into the spool; a half-fetched one goes on at its end."""
        with Landing(file, target, max_bytes) as landing:
            self._patiently("fetch", lambda client: self._copy(client, file, landing))
            return landing.finish()

    def manifest(self, file: Waiting, sha256: str) -> Manifest | tuple[ManifestProblem, ...]:
        """The manifest beside the feed."""
        content = self._patiently("read the manifest", lambda client: _small_file(client, file.key + SUFFIX))
        return (ManifestProblem("manifest_missing"),) if content is None else manifest_of(content)

    def acknowledge(self, file: Waiting, sha256: str, receipt: Mapping[str, Any], *, remove: bool) -> None:
        """Leave a receipt beside a settled feed and take feed and manifest out of the mailbox."""
        text = json.dumps(receipt, ensure_ascii=False, indent=1, default=str) + "\n"

        async def leave(client: asyncssh.SFTPClient) -> None:
            if await _version_of(client, file.key) != file.version:
                return
            beside = await _small_file(client, file.key + SUFFIX)
            declared = manifest_of(beside) if beside is not None else None
            if isinstance(declared, Manifest) and declared.sha256 != sha256:
                return  # times have whole seconds here: the manifest tells a new feed of the same size
            try:
                async with client.open(file.key + RECEIPT_SUFFIX, "wb") as out:
                    await out.write(text.encode())
            except asyncssh.SFTPPermissionDenied:
                if remove:
                    raise
                return
            if remove:
                for path in (file.key, file.key + SUFFIX):
                    await _remove(client, path)

        self._patiently("acknowledge", leave)

    def close(self) -> None:
        """End the connection."""
        self._disconnect()
        self._loop.close()

    async def _list(self, client: asyncssh.SFTPClient) -> list[Waiting]:
        found = []
        async for entry in client.scandir(str(self._folder)):
            name = (
                entry.filename if isinstance(entry.filename, str) else entry.filename.decode(errors="replace")
            )
            if entry.attrs.type != asyncssh.FILEXFER_TYPE_REGULAR or not is_feed_name(name):
                continue
            if fnmatch(name, self._pattern):
                received_at = datetime.fromtimestamp(entry.attrs.mtime or 0, UTC)
                key = str(self._folder / name)
                found.append(Waiting(name, key, _version(entry.attrs), entry.attrs.size, received_at))
        return sorted(found, key=lambda file: file.name)

    async def _copy(self, client: asyncssh.SFTPClient, file: Waiting, landing: Landing) -> None:
        if await _version_of(client, file.key) != file.version:
            raise StillWritingError
        if file.size is not None and landing.size > file.size:
            landing.restart()
        async with client.open(file.key, "rb") as remote:
            while block := await asyncio.wait_for(remote.read(_BLOCK, landing.size), ANSWER_SECONDS):
                landing.write(_bytes(block))
        if await _version_of(client, file.key) != file.version:
            raise StillWritingError

    def _patiently(
        self, what: str, step: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, Result]]
    ) -> Result:
        return patiently(lambda: self._once(what, step), f"{what} {self._place}")

    def _once(self, what: str, step: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, Result]]) -> Result:
        async def connected() -> Result:
            return await step(await self._connected())

        try:
            return self._loop.run_until_complete(connected())
        except (asyncssh.Error, OSError, TimeoutError) as error:
            self._disconnect()
            raise self._fault(what, error) from None

    async def _connected(self) -> asyncssh.SFTPClient:
        if self._client is not None:
            return self._client
        settings = self._settings
        self._connection = await asyncssh.connect(
            settings.host,
            settings.port or 22,
            username=settings.login,
            password=settings.password or None,
            client_keys=_client_keys(settings),
            known_hosts=self._trust,
            agent_path=None,
            config=None,
            connect_timeout=CONNECT_SECONDS,
            login_timeout=CONNECT_SECONDS,
            keepalive_interval=15,
            keepalive_count_max=3,
        )
        self._client = await asyncio.wait_for(self._connection.start_sftp_client(), CONNECT_SECONDS)
        return self._client

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._loop.run_until_complete(_quietly(self._connection.wait_closed()))
        self._connection = self._client = None

    def _fault(self, what: str, error: Exception) -> SourceError:
        place = f"{self._place}: could not {what} (connection {self._settings.connection_id})"
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            return SourceAccessError(
                f"{place}: the server's key is not the one that is trusted; ask the provider whether it was "
                "changed, then set extra host_key or known_hosts anew. Do not go on without knowing"
            )
        if isinstance(error, asyncssh.PermissionDenied):
            return SourceAccessError(
                f"{place}: login refused; check login, password or key of the connection"
            )
        if isinstance(error, asyncssh.SFTPPermissionDenied):
            return SourceAccessError(f"{place}: no right to do so; the provider must grant it")
        if isinstance(error, (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)):
            return SourceError(f"{place}: folder or file is not there; check `location` in the registry")
        return SourceError(f"{place}: {type(error).__name__}; is the server up? The task tries again")


def _trusted_keys(settings: ConnectionSettings) -> Any:
    """The host keys that count: pinned, of a named file, or of the account's own file. Never none at all."""
    if settings.flag("no_host_key_check"):
        raise SourceSettingsError(
            f"connection {settings.connection_id}: no_host_key_check is not supported, because anybody could "
            "answer; set extra host_key or known_hosts"
        )
    pinned, known_hosts = (settings.text(key) for key in _HOST_KEYS)
    if pinned:
        try:
            return ([asyncssh.import_public_key(pinned)], [], [])
        except (asyncssh.KeyImportError, ValueError):
            raise SourceSettingsError(
                f"connection {settings.connection_id}: extra host_key is no public key; write it as in a "
                "known_hosts file, without the host: ssh-ed25519 AAAA…"
            ) from None
    path = Path(known_hosts).expanduser() if known_hosts else Path.home() / ".ssh" / "known_hosts"
    if not path.is_file():
        raise SourceSettingsError(
            f"connection {settings.connection_id}: the server's key can't be checked, {path} is not there; "
            "set extra host_key (the key itself) or known_hosts (a file)"
        )
    return str(path)


def _client_keys(settings: ConnectionSettings) -> Any:
    text, path = settings.text("private_key"), settings.text("key_file")
    passphrase = settings.text("private_key_passphrase") or None
    try:
        if text:
            return [asyncssh.import_private_key(text.replace("\\n", "\n"), passphrase)]
        return [asyncssh.read_private_key(path, passphrase)] if path else []
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError, ValueError) as error:
        raise SourceSettingsError(
            f"connection {settings.connection_id}: the private key can't be used ({type(error).__name__}); "
            "check extra private_key or key_file, and private_key_passphrase"
        ) from None


def _version(attrs: asyncssh.SFTPAttrs) -> str:
    return f"{attrs.size}:{attrs.mtime}"


async def _version_of(client: asyncssh.SFTPClient, path: str) -> str | None:
    try:
        return _version(await asyncio.wait_for(client.stat(path), ANSWER_SECONDS))
    except asyncssh.SFTPNoSuchFile:
        return None


async def _small_file(client: asyncssh.SFTPClient, path: str) -> bytes | None:
    """The bytes of a manifest (one more than it may have, where it is larger); None where there is none."""
    try:
        async with client.open(path, "rb") as file:
            content = await asyncio.wait_for(file.read(MAX_BYTES + 1, 0), ANSWER_SECONDS)
    except asyncssh.SFTPNoSuchFile:
        return None
    return _bytes(content)


def _bytes(content: bytes | str) -> bytes:
    """Asyncssh's types know no binary mode."""
    return content if isinstance(content, bytes) else content.encode()


async def _remove(client: asyncssh.SFTPClient, path: str) -> None:
    try:
        await client.remove(path)
    except asyncssh.SFTPNoSuchFile:
        return


async def _quietly(ending: Awaitable[None]) -> None:
    try:
        await asyncio.wait_for(ending, CONNECT_SECONDS)
    except (asyncssh.Error, OSError, TimeoutError):
        return
