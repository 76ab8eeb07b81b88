"""Deletion notices: each unit is told which rows of its files it has to delete too, and confirms it (S32).

A notice names rows by file and row number. The unit has its file; the platform has deleted the content and says
nothing of it, no decision number either. When the receipt has come, the notice is removed: hashes stay in `audit`.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
import structlog

log = structlog.get_logger()

FOLDER = "deletion_notices"
RECEIPTS = "deletion_receipts"
_LARGEST_RECEIPT = 65_536
_PERSONAL_NUMBER = re.compile(r"\d{11,}[\dXx]*")

_WAITING = """
    select n.notice_id, n.provider_code from audit.deletion_notices as n
    where not exists (select from audit.deletion_receipts r where r.notice_id = n.notice_id)
"""
_ROWS = """
    select b.batch_id, b.file_name, b.file_sha256, b.item, b.as_of_on, r.row_number
    from audit.deletion_notice_records as r
    inner join intake.batches as b on b.batch_id = r.batch_id
    where r.notice_id = %s
    order by b.as_of_on, b.batch_id, r.row_number
"""
_OVERDUE = """
    select n.provider_code, count(*) from audit.deletion_notices as n
    where n.due_on < %s and not exists (select from audit.deletion_receipts r where r.notice_id = n.notice_id)
    group by n.provider_code order by n.provider_code
"""


@dataclass(frozen=True)
class NoticeCounts:
    """delivered: notices put into report folders now. confirmed: receipts taken. overdue: receipts that are late."""

    delivered: int
    confirmed: int
    overdue: int


def exchange_notices(connection: psycopg.Connection[Any], home: Path, as_of: date) -> NoticeCounts:
    """Take the receipts that lie in the mailboxes, put notices where they are missing, count what is late.

    Safe to repeat and to kill: a notice is written whole or not at all, a receipt is recorded before it is removed.
    """
    confirmed = _take_receipts(connection, home / "sources")
    waiting = connection.execute(_WAITING).fetchall()
    _remove_confirmed(home / "reports", {str(notice_id) for notice_id, _ in waiting})
    delivered = sum(_deliver(connection, home / "reports", str(n), str(p)) for n, p in waiting)
    overdue = connection.execute(_OVERDUE, (as_of,)).fetchall()
    for provider_code, count in overdue:
        log.warning(
            "expire.receipt_is_late",
            provider=provider_code,
            notices=count,
            next_step="ask the unit's officer; then its competent authority",
        )
    return NoticeCounts(delivered, confirmed, sum(int(count) for _, count in overdue))


def _deliver(connection: psycopg.Connection[Any], reports: Path, notice_id: str, provider_code: str) -> bool:
    """Write the notice as page and JSON, unless it lies there; whether it was written."""
    folder = reports / provider_code / FOLDER / notice_id
    if folder.is_dir():
        return False
    head = connection.execute(
        "select as_of_on, due_on, records from audit.deletion_notices where notice_id = %s", (notice_id,)
    ).fetchone()
    rows = connection.execute(_ROWS, (notice_id,)).fetchall()
    files = [
        {
            "batch_id": key[0],
            "file_name": _PERSONAL_NUMBER.sub("********", key[1]),
            "file_sha256": key[2],
            "item": key[3],
            "reported_on": key[4].isoformat(),
            "rows": [row[5] for row in group],
        }
        for key, group in groupby(rows, key=lambda row: row[:5])
    ]
    as_of_on, due_on, records = head if head is not None else (None, None, 0)
    notice = {
        "notice": notice_id,
        "provider": provider_code,
        "deleted_on": str(as_of_on),
        "confirm_by": str(due_on),
        "records": records,
        "clause": "S32",
        "files": files,
        "receipt": {"notice": notice_id, "confirmed_by": "", "confirmed_on": "YYYY-MM-DD"},
    }
    draft = folder.with_name(f".{notice_id}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    _write_private(draft / "notice.json", json.dumps(notice, ensure_ascii=False, indent=1) + "\n")
    _write_private(draft / "notice.html", _page(notice, files))
    draft.replace(folder)
    return True


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)


def _page(notice: dict[str, Any], files: Iterable[dict[str, Any]]) -> str:
    """The notice as an officer reads it."""
    lines = "\n".join(
        "<tr>"
        + "".join(
            f"<td>{html.escape(str(cell))}</td>"
            for cell in (
                file["file_name"],
                file["item"],
                file["reported_on"],
                ranges(file["rows"]),
                file["file_sha256"],
            )
        )
        + "</tr>"
        for file in files
    )
    return f"""<!DOCTYPE html>
<html lang="zh-CN">
<head><meta charset="utf-8"><meta name="robots" content="noindex"><title>失信信息删除通知 {notice["notice"]}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body {{ font-family: sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; line-height: 1.7 }}
table {{ border-collapse: collapse }} td, th {{ border: 1px solid #999; padding: .3rem .6rem; text-align: left; overflow-wrap: anywhere }}</style>
</head>
<body>
<h1>失信信息删除通知</h1>
<p>通知编号：{notice["notice"]}</p>
<p>下列文件中的 {notice["records"]:,} 条信息披露期限已届满，平台已于 {notice["deleted_on"]} 全部删除，不再公示、查询和作为惩戒依据。
请贵单位同时从本单位网站和系统中删除（济信用办〔2020〕12号，S32），并于 {notice["confirm_by"]} 前确认。</p>
<p>平台不再保存这些信息的内容，本通知只写文件和行号，请对照贵单位留存的原文件查找。</p>
<table>
<thead><tr><th scope="col">文件</th><th scope="col">事项</th><th scope="col">报送日期</th><th scope="col">数据行号</th><th scope="col">SHA-256</th></tr></thead>
<tbody>
{lines}
</tbody>
</table>
<h2>怎样确认</h2>
<p>把下面的内容填好，存为 {notice["notice"]}.json，放入报送信箱的 {RECEIPTS} 文件夹：</p>
<pre>{html.escape(json.dumps(notice["receipt"], ensure_ascii=False))}</pre>
</body>
</html>
"""


def ranges(rows: Iterable[int]) -> str:
    """Ascending row numbers as runs: 1–3、7."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    return "、".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def _remove_confirmed(reports: Path, waiting: set[str]) -> None:
    for folder in reports.glob(f"*/{FOLDER}/DN-*"):
        if folder.name not in waiting:
            shutil.rmtree(folder)


def _take_receipts(connection: psycopg.Connection[Any], sources: Path) -> int:
    """Record the receipts that lie in the units' mailboxes; what is no receipt stays there, with the reason."""
    taken = 0
    for path in sorted(sources.glob(f"*/{RECEIPTS}/*.json")):
        if path.name.endswith(".refused.json"):
            continue
        reason = _take(connection, path, provider_code=path.parent.parent.name)
        refusal = path.with_name(path.name + ".refused.json")
        if reason is None:
            taken += 1
            path.unlink(missing_ok=True)
            refusal.unlink(missing_ok=True)
        else:
            refusal.write_text(json.dumps({"reason": reason}, ensure_ascii=False) + "\n", encoding="utf-8")
            log.warning("expire.receipt_refused", provider=path.parent.parent.name)
    return taken


def _take(connection: psycopg.Connection[Any], path: Path, *, provider_code: str) -> str | None:
    """Record one receipt; in Chinese why it can't be."""
    try:
        if path.stat().st_size > _LARGEST_RECEIPT:
            return "文件过大，不是删除确认回执"
        raw = json.loads(path.read_text(encoding="utf-8"))
        notice_id, confirmed_by = str(raw["notice"]).strip(), str(raw["confirmed_by"]).strip()
        confirmed_on = date.fromisoformat(str(raw["confirmed_on"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return "应为一个JSON对象，含notice、confirmed_by、confirmed_on（YYYY-MM-DD）"
    if not confirmed_by:
        return "confirmed_by为空：应填写确认人姓名"
    issued = connection.execute(
        "select as_of_on from audit.deletion_notices where notice_id = %s and provider_code = %s",
        (notice_id, provider_code),
    ).fetchone()
    if issued is None:
        return "没有发给本单位的这一编号的删除通知"
    if confirmed_on < issued[0]:
        return "confirmed_on早于删除通知的日期"
    connection.execute(
        "insert into audit.deletion_receipts (notice_id, confirmed_by, confirmed_on) values (%s, %s, %s)"
        " on conflict do nothing",
        (notice_id, confirmed_by[:100], confirmed_on),
    )
    return None
