"""Faults of the platform, not of a feed: red tasks, exit code 1."""

from __future__ import annotations


class OperationFault(Exception):  # noqa: N818 - the field's word; each kind of it ends in Error
    """Something the operator must mend; the message says what, where and the next step."""
