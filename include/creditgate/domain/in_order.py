"""Work on several chunks at once, with the results in the chunks' order and few of them in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import pyarrow as pa

Item = TypeVar("Item")
Result = TypeVar("Result")

_KEPT_FOR_MS = 20_000
WORKERS = min(os.cpu_count() or 1, 4)
"""Threads are enough: Arrow and numpy let go of the interpreter's lock while they work."""


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int = WORKERS
) -> Iterator[Result]:
    """`work` of each item, in the items' order; at most workers + 1 items are taken ahead.

    What `work` or `items` raises is raised here, after the results before it.
    """
    if workers <= 1:
        yield from map(work, items)
        return
    _keep_freed_memory()
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="chunk") as pool:
        source = iter(items)
        while True:
            try:
                item = next(source)
            except StopIteration:
                break
            except Exception:
                yield from _drained(waiting)
                raise
            waiting.append(pool.submit(work, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        yield from _drained(waiting)


@cache
def _keep_freed_memory() -> None:
    """Let Arrow keep what a chunk has left for the next one: giving it back and clearing it anew cost a fifth of the time."""
    try:
        pa.set_memory_pool(pa.jemalloc_memory_pool())
        pa.jemalloc_set_decay_ms(_KEPT_FOR_MS)
    except NotImplementedError:  # a build of Arrow without this allocator
        pass


def _drained(waiting: deque[Future[Result]]) -> Iterator[Result]:
    while waiting:
        yield waiting.popleft().result()
