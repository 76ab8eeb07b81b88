"""The little of Airflow's REST API (v2) that driving a run takes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

ENDED_STATES: Final = ("success", "failed")
_PAGE: Final = 100
_NO_MOMENT: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """A DAG run: what started it (`manual`, `asset_triggered`, `scheduled`) and how it stands."""

    dag_id: str
    run_id: str
    state: str
    run_type: str
    started_at: datetime
    ended_at: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen in it."""
        return self.state in ENDED_STATES

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it goes on."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at else None


@dataclass(frozen=True)
class TaskRef:
    """A task instance of a run; `map_index` is -1 where it isn't mapped."""

    run: Run
    task_id: str
    map_index: int
    name: str | None
    state: str
    try_number: int


class AirflowApi:
    """A client of a local Airflow, logged in as the one user it has."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """Connects at the first call; `log_in` before anything but `is_up` and `health`."""
        self._user, self._password = user, password
        transport = httpx.HTTPTransport(retries=3)
        self._client = httpx.Client(base_url=url, timeout=60, transport=transport, trust_env=False)

    def close(self) -> None:
        """Close the connections: the server ends sooner when none is open."""
        self._client.close()

    def is_up(self) -> bool:
        """Whether the server answers."""
        return bool(self.health())

    def health(self) -> dict[str, Any]:
        """The components' health; empty while the server is not up."""
        try:
            answer = self._client.get("/api/v2/monitor/health", timeout=10)
        except httpx.HTTPError:
            return {}
        return dict(answer.json()) if answer.is_success else {}

    def log_in(self) -> None:
        """Fetch a token; it is good for a day."""
        body = {"username": self._user, "password": self._password}
        token = self._client.post("/auth/token", json=body).raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def dags(self) -> list[dict[str, Any]]:
        """All DAGs in force."""
        return list(self._pages("/api/v2/dags", "dags"))

    def import_errors(self, since: datetime) -> list[str]:
        """File and traceback of each DAG file that could not be loaded since a moment."""
        return [
            f"{error['filename']}:\n{error['stack_trace']}"
            for error in self._pages("/api/v2/importErrors", "import_errors")
            if _moment(error["timestamp"]) >= since
        ]

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run; Airflow's default for one that was paused by hand is to wait for ever."""
        self._call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def set_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool, or change how many tasks it lets run; with none its tasks wait."""
        body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
        answer = self._client.patch(f"/api/v2/pools/{name}", json=body)
        if answer.status_code == httpx.codes.NOT_FOUND:
            answer = self._client.post("/api/v2/pools", json=body)
        answer.raise_for_status()

    def trigger(self, dag_id: str, conf: Mapping[str, Any]) -> Run:
        """Start a run now."""
        body = {"logical_date": None, "conf": dict(conf)}
        return _run_of(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body))

    def runs(
        self,
        dag_ids: Collection[str] | None = None,
        *,
        states: Sequence[str] | None = None,
        since: datetime | None = None,
    ) -> list[Run]:
        """Runs, the newest first; `since` limits when they became due."""
        body = {
            "order_by": "-run_after",
            "page_limit": _PAGE,
            "dag_ids": sorted(dag_ids) if dag_ids is not None else None,
            "states": list(states) if states else None,
            "run_after_gte": since.isoformat() if since else None,
        }
        asked = {key: value for key, value in body.items() if value is not None}
        found: list[Run] = []
        while True:
            page = self._call("POST", "/api/v2/dags/~/dagRuns/list", {**asked, "page_offset": len(found)})
            found += [_run_of(run) for run in page["dag_runs"]]
            if len(found) >= page["total_entries"] or not page["dag_runs"]:
                return found

    def fail_run(self, run: Run) -> None:
        """Mark a run, and what is unfinished in it, as failed."""
        self._call("PATCH", f"{_path(run)}", {"state": "failed"})

    def has_queued_events(self, dag_id: str) -> bool:
        """Whether asset events wait to start this DAG."""
        answer = self._client.get(f"/api/v2/dags/{dag_id}/assets/queuedEvents")
        if answer.status_code == httpx.codes.NOT_FOUND:  # so it says when there is none
            return False
        return bool(answer.raise_for_status().json()["queued_events"])

    def failed_tasks(self, run: Run) -> list[TaskRef]:
        """The task instances that failed themselves, not for what is upstream of them."""
        found = self._pages(f"{_path(run)}/taskInstances", "task_instances")
        return [_task_of(run, entry) for entry in found if entry["state"] == "failed"]

    def result(self, run: Run, task_id: str) -> Any:
        """What an unmapped task returned; None when it returned nothing."""
        answer = self._client.get(f"{_path(run)}/taskInstances/{task_id}/xcomEntries/return_value")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return answer.raise_for_status().json()["value"]

    def log_lines(self, task: TaskRef) -> list[str]:
        """The log of a task's last try, one line per event, errors with type and message."""
        path = f"{_path(task.run)}/taskInstances/{task.task_id}/logs/{task.try_number}"
        answer = self._client.get(path, params={"map_index": task.map_index, "full_content": True})
        if not answer.is_success:
            return [f"(no log: HTTP {answer.status_code})"]
        return [line for entry in answer.json()["content"] for line in _lines_of(entry)]

    def _call(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return dict(self._client.request(method, path, json=body).raise_for_status().json())

    def _pages(self, path: str, key: str) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            answer = self._client.get(path, params={"limit": _PAGE, "offset": offset})
            page = answer.raise_for_status().json()
            yield from page[key]
            offset += _PAGE
            if offset >= page["total_entries"]:
                return


def _path(run: Run) -> str:
    return f"/api/v2/dags/{run.dag_id}/dagRuns/{run.run_id}"


def _run_of(entry: Mapping[str, Any]) -> Run:
    return Run(
        dag_id=entry["dag_id"],
        run_id=entry["dag_run_id"],
        state=entry["state"],
        run_type=entry["run_type"],
        started_at=_moment(entry["start_date"] or entry["run_after"]),
        ended_at=_moment(entry["end_date"]) if entry["end_date"] else None,
    )


def _task_of(run: Run, entry: Mapping[str, Any]) -> TaskRef:
    return TaskRef(
        run=run,
        task_id=entry["task_id"],
        map_index=entry["map_index"],
        name=entry.get("rendered_map_index"),
        state=entry["state"],
        try_number=entry["try_number"],
    )


def _lines_of(entry: str | Mapping[str, Any]) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
        return
    event = str(entry["event"])
    if not event.startswith("::"):  # the web interface's folding marks
        yield event
    for error in entry.get("error_detail") or ():
        yield f"{error.get('exc_type')}: {error.get('exc_value')}"


def _moment(text: str | None) -> datetime:
    return datetime.fromisoformat(text) if text else _NO_MOMENT
