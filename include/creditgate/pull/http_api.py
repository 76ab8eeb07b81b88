"""An HTTP(S) interface of a provider as a source: a list in pages, files by URL, `ETag` as version.

The list is JSON: `{"files": [{"name", "url", "etag", "size", "ready_at", "manifest": {…}}], "next": URL or null}`. A page
may name the next one by a `Link` header instead. Every URL has to lie on the connection's own host: a token is shown
to nobody else, and redirects are not followed. docs/reference/sources.md has the whole of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, TypeVar

import httpx

from creditgate.domain.batch import Manifest, Waiting
from creditgate.pull.connection import ConnectionSettings
from creditgate.pull.manifest import ManifestProblem, manifest_from
from creditgate.pull.patience import patiently
from creditgate.pull.source import (
    Closing,
    Landed,
    Landing,
    SourceAccessError,
    SourceError,
    SourceSettingsError,
    StillWritingError,
    is_feed_name,
)

TIMEOUT = httpx.Timeout(60.0, connect=15.0)
"""Seconds: to connect, and between two pieces of an answer."""

MAX_PAGES = 10_000
MAX_PAGE_BYTES = 16 << 20
_GONE = (404, 410)
_NOT_OFFERED = (404, 405, 501)
Result = TypeVar("Result")


class HttpSource(Closing):
    """A provider's HTTP interface.

    Settings: host (and `https` as schema or scheme, which is the default), port; password alone is a bearer token
    (`token_header` in the extras names another header), login and password are basic authentication; `ca_file` in
    the extras is the certificate of a private authority.
    """

    def __init__(self, settings: ConnectionSettings, location: str, pattern: str = "*") -> None:
        """location: the path of the list, with its query. Connects at the first use."""
        self._settings, self._pattern = settings, pattern
        self._base = _base_url(settings)
        self._list = self._base.join(location)
        self._place = f"{self._base.scheme}://{self._base.netloc.decode()}{self._list.path}"
        self._client = httpx.Client(
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            verify=_verification(settings),
            headers={"Accept-Encoding": "identity", "User-Agent": "creditgate", **_token(settings)},
            auth=(settings.login, settings.password) if settings.login else None,
        )
        self._manifests: dict[str, Any] = {}

    def waiting(self) -> list[Waiting]:
        """All files of all pages of the list."""
        found: list[Waiting] = []
        seen: set[str] = set()
        page: httpx.URL | None = self._list
        while page is not None:
            if str(page) in seen or len(seen) >= MAX_PAGES:
                raise SourceError(f"{self._place}: the pages of the list have no end; tell the provider")
            seen.add(str(page))
            entries, page = self._page(page)
            found += entries
        return sorted(found, key=lambda file: (file.name, file.key))

    def fetch(self, file: Waiting, target: Path, max_bytes: int) -> Landed:
        """Copy a file into the spool; a half-fetched one goes on by range, where its ETag still holds."""
        with Landing(file, target, max_bytes) as landing:
            self._patiently("fetch", lambda: self._copy(file, landing))
            return landing.finish()

    def manifest(self, file: Waiting, sha256: str) -> Manifest | tuple[ManifestProblem, ...]:
        """The manifest in the file's entry of the list."""
        declared = self._manifests.get(file.key)
        if declared is None:
            return (ManifestProblem("manifest_missing"),)
        return (
            manifest_from(declared) if isinstance(declared, dict) else (ManifestProblem("manifest_invalid"),)
        )

    def acknowledge(self, file: Waiting, sha256: str, receipt: Mapping[str, Any], *, remove: bool) -> None:
        """Post the receipt to `<url>/receipt`, where that is offered, and delete the file if it is still the same."""
        url = self._own(file.key)
        body = json.dumps(receipt, ensure_ascii=False, default=str).encode()
        to = url.copy_with(path=url.path.rstrip("/") + "/receipt", query=None)
        json_type = {"Content-Type": "application/json"}
        self._patiently("leave the receipt", lambda: self._send("POST", to, json_type, body, _NOT_OFFERED))
        if remove:
            self._patiently("delete a settled file", lambda: self._delete(url, file, sha256))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _page(self, url: httpx.URL) -> tuple[list[Waiting], httpx.URL | None]:
        content, link = self._patiently("read the list", lambda: self._read_page(url))
        try:
            page = json.loads(content)
            entries = [self._entry(raw, url) for raw in page["files"]]
            following = page.get("next") or link
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise SourceError(
                f"{self._place}: the list is not in the agreed form (docs/reference/sources.md); tell the provider"
            ) from None
        wanted = [file for file in entries if is_feed_name(file.name) and fnmatch(file.name, self._pattern)]
        return wanted, self._own(str(url.join(following))) if following else None

    def _read_page(self, url: httpx.URL) -> tuple[bytes, str | None]:
        content = bytearray()
        with self._answer("GET", url) as answer:
            self._refuse_failure(answer)
            for part in answer.iter_raw():
                content += part
                if len(content) > MAX_PAGE_BYTES:
                    raise SourceError(
                        f"{self._place}: a page of the list is larger than {MAX_PAGE_BYTES} bytes"
                    )
            return bytes(content), answer.links.get("next", {}).get("url")

    def _entry(self, raw: Mapping[str, Any], page: httpx.URL) -> Waiting:
        name, url, size = raw["name"], self._own(str(page.join(str(raw["url"])))), raw.get("size")
        if not isinstance(name, str) or not name.isprintable() or "/" in name or "\\" in name:
            raise ValueError("not a file name")
        ready = raw.get("ready_at")
        moment = datetime.fromisoformat(ready) if isinstance(ready, str) else datetime.now(UTC)
        self._manifests[str(url)] = raw.get("manifest")
        return Waiting(
            name=name,
            key=str(url),
            version=str(raw.get("etag") or ""),
            size=size if isinstance(size, int) and size >= 0 else None,
            received_at=moment if moment.tzinfo else moment.replace(tzinfo=UTC),
        )

    def _copy(self, file: Waiting, landing: Landing) -> None:
        can_go_on = landing.size > 0 and _is_strong(file.version)
        if file.size is not None and landing.size > file.size:
            can_go_on = False
        if not can_go_on:
            landing.restart()
        asked = {"Range": f"bytes={landing.size}-", "If-Range": file.version} if can_go_on else {}
        with self._answer("GET", self._own(file.key), asked) as answer:
            if answer.status_code == 416:
                self._end_or_restart(answer, landing)
                return
            self._refuse_failure(answer)
            tag = answer.headers.get("ETag", "")
            if file.version and tag and tag != file.version:
                raise StillWritingError
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise SourceError(f"{self._place}: the answer is packed though it was not asked for")
            if answer.status_code != 206 or _start_of(answer) != landing.size:
                landing.restart()
                if answer.status_code == 206:
                    raise SourceError(f"{self._place}: another part of a file came than was asked for")
            for part in answer.iter_raw(1 << 20):
                landing.write(part)
        if file.size is not None and landing.size < file.size:
            raise SourceError(f"{self._place}: a file broke off; the next try goes on where it ended")

    def _end_or_restart(self, answer: httpx.Response, landing: Landing) -> None:
        """The server has nothing behind what we hold: we are done, or hold too much."""
        total = answer.headers.get("Content-Range", "").rpartition("/")[2]
        if total != str(landing.size):
            landing.restart()
            raise SourceError(f"{self._place}: a file is shorter than before; fetching it anew")

    def _delete(self, url: httpx.URL, file: Waiting, sha256: str) -> None:
        if not file.version and self._hash_of(url) != sha256:
            return
        condition = {"If-Match": file.version} if _is_strong(file.version) else {}
        status = self._send("DELETE", url, condition, b"", (*_GONE, 405, 412, 501))
        if status in (405, 501):
            raise SourceSettingsError(
                f"{self._place}: settled files can't be deleted here; write `after_settle: keep` in the registry"
            )

    def _hash_of(self, url: httpx.URL) -> str | None:
        digest = hashlib.sha256()
        with self._answer("GET", url) as answer:
            if answer.status_code in _GONE:
                return None
            self._refuse_failure(answer)
            for part in answer.iter_raw(1 << 20):
                digest.update(part)
        return digest.hexdigest()

    def _send(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes, let_pass: tuple[int, ...]
    ) -> int:
        with self._answer(method, url, headers, body) as answer:
            if answer.status_code not in let_pass:
                self._refuse_failure(answer)
            return answer.status_code

    @contextmanager
    def _answer(
        self, method: str, url: httpx.URL, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Iterator[httpx.Response]:
        try:
            with self._client.stream(method, url, headers=headers, content=body or None) as answer:
                yield answer
        except httpx.HTTPError as error:
            raise SourceError(
                f"{self._place}: {type(error).__name__} (connection {self._settings.connection_id}); "
                "is the server up? The task tries again"
            ) from None

    def _refuse_failure(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        told = f"{self._place}: HTTP {answer.status_code} (connection {self._settings.connection_id})"
        if answer.status_code in (401, 403):
            raise SourceAccessError(f"{told}; is the token of the connection still good?")
        if answer.is_redirect:
            raise SourceSettingsError(f"{told}; redirects are not followed: write the final address into it")
        raise SourceError(f"{told}; the task tries again. If it stays, tell the provider")

    def _own(self, text: str) -> httpx.URL:
        """A URL of this source's own host; whatever else a list names is refused."""
        url = httpx.URL(text)
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            raise SourceError(f"{self._place}: the list names an address on another host; tell the provider")
        return url

    def _patiently(self, what: str, step: Callable[[], Result]) -> Result:
        return patiently(step, f"{what} {self._place}")


def _base_url(settings: ConnectionSettings) -> httpx.URL:
    schemes = ("http", "https")
    if "://" in settings.host:
        scheme, host = settings.host.split("://", 1)
    else:
        host = settings.host
        scheme = next((name for name in (settings.schema, settings.conn_type) if name == "https"), "")
        scheme = scheme or ("http" if "http" in (settings.schema,) else "https")
    if scheme not in schemes or not host:
        raise SourceSettingsError(
            f"connection {settings.connection_id}: no address; give host, port and the schema http or https"
        )
    return httpx.URL(scheme=scheme, host=host.strip("/"), port=settings.port, path="/")


def _token(settings: ConnectionSettings) -> dict[str, str]:
    if settings.login or not settings.password:
        return {}
    header = settings.text("token_header")
    return {header: settings.password} if header else {"Authorization": f"Bearer {settings.password}"}


def _verification(settings: ConnectionSettings) -> Any:
    import ssl

    if settings.flag("verify") is False:
        raise SourceSettingsError(
            f"connection {settings.connection_id}: verify=false is not supported; set extra ca_file instead"
        )
    ca_file = settings.text("ca_file")
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError:
        raise SourceSettingsError(
            f"connection {settings.connection_id}: extra ca_file can't be read; check path and content"
        ) from None


def _is_strong(tag: str) -> bool:
    """Whether an ETag promises the same bytes (a weak one does not)."""
    return tag.startswith('"')


def _start_of(answer: httpx.Response) -> int | None:
    """Where a partial answer begins: `bytes 100-199/200` → 100."""
    unit, _, rest = answer.headers.get("Content-Range", "").partition(" ")
    start = rest.partition("-")[0]
    return int(start) if unit == "bytes" and start.isdecimal() else None
