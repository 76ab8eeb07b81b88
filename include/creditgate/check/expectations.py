"""The expectation types that contracts may name, as Great Expectations classes.

Each class has one metric, the mask of unexpected rows. The verdict is read off that mask, so nothing
is computed twice, and no result holds a value of the feed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from great_expectations.core import ExpectationValidationResult
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import MetricProvider, metric_value
from great_expectations.validator.metric_configuration import MetricConfiguration

from creditgate.check import masks, texts
from creditgate.check.view import BoolMask, ChunkView

MaskFunction = Callable[..., BoolMask]

_VIEWS: WeakKeyDictionary[PandasExecutionEngine, ChunkView] = WeakKeyDictionary()


def show(engine: PandasExecutionEngine, view: ChunkView) -> None:
    """Let the metrics of this execution engine read the chunk through `view`."""
    _VIEWS[engine] = view


class RuleExpectation(BatchExpectation):  # type: ignore[misc] # GX has no types here
    """A rule of a contract: where `when` holds, no row of the chunk may be unexpected."""

    column: str
    when: Any = None

    metric_name: ClassVar[str] = ""
    mask_keys: ClassVar[tuple[str, ...]] = ()
    speaks_of_absent: ClassVar[bool] = False
    """Whether a feed without the column can break the rule."""

    def metric(self, batch_id: str) -> MetricConfiguration:
        """The metric that gives this rule's mask for the batch."""
        value_kwargs = {key: getattr(self, key) for key in ("column", "when", *self.mask_keys)}
        return MetricConfiguration(
            self.metric_name,
            metric_domain_kwargs={"batch_id": batch_id},
            metric_value_kwargs=value_kwargs,
        )

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> ExpectationValidationResult:
        mask = metrics[self.metric_name]
        count = int(np.count_nonzero(mask))
        return ExpectationValidationResult(
            success=count == 0, result={"element_count": len(mask), "unexpected_count": count}
        )

    def verdict(self, mask: BoolMask) -> ExpectationValidationResult:
        """GX's own result for a mask that its metric has given: counts, never values."""
        return self._validate({self.metric_name: mask})


def _register(name: str, mask: MaskFunction, **keys: Any) -> type[RuleExpectation]:
    """Make the GX expectation class and its metric provider for one mask function."""
    metric = f"creditgate.{name.removeprefix('expect_')}"
    value_keys = tuple(keys)

    def compute(
        cls: Any,
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[Any, Any],
        runtime_configuration: dict[str, Any],
    ) -> BoolMask:
        view = _VIEWS[execution_engine]
        kwargs = {key: metric_value_kwargs[key] for key in ("column", *value_keys)}
        unexpected = mask(view, **{k: v for k, v in kwargs.items() if v is not None})
        if not unexpected.any():
            return unexpected
        scope = view.holds(metric_value_kwargs["when"])
        return unexpected if scope is None else unexpected & scope

    type(
        f"{name}_metric",
        (MetricProvider,),
        {
            "metric_name": metric,
            "domain_keys": ("batch_id",),
            "value_keys": ("column", "when", *value_keys),
            "_pandas": metric_value(engine=PandasExecutionEngine)(compute),
            "__doc__": mask.__doc__,
        },
    )
    class_name = "".join(part.capitalize() for part in name.split("_"))
    fields: dict[str, Any] = {key: kind for key, (kind, _) in keys.items()}
    defaults = {key: default for key, (_, default) in keys.items() if default is not ...}
    created: type[RuleExpectation] = type(
        class_name,
        (RuleExpectation,),
        {
            "__annotations__": fields,
            "__module__": __name__,
            "__doc__": f"No row may be this: {mask.__doc__}",
            "metric_name": metric,
            "mask_keys": value_keys,
            "speaks_of_absent": name in _SPEAK_OF_ABSENT,
            **defaults,
        },
    )
    return created


_SPEAK_OF_ABSENT = {
    "expect_column_values_to_be_present",
    "expect_one_of_columns_to_be_present",
    "expect_term_not_to_have_ended",
    "expect_report_within_workdays",
}
_TEXT = (str, ...)
_MAYBE_TEXT = (str | None, None)
_MAYBE_NUMBER = (float | None, None)
_LIST = (list, ...)
_MAYBE_LIST = (list | None, None)

EXPECTATIONS: dict[str, type[RuleExpectation]] = {
    name: _register(name, mask, **keys)
    for name, mask, keys in (
        ("expect_column_values_to_be_present", masks.is_absent, {}),
        ("expect_column_values_to_match", masks.does_not_match, {"regex": _TEXT}),
        ("expect_column_values_not_to_contain", masks.contains_one_of, {"texts": _LIST}),
        (
            "expect_column_values_not_to_match",
            texts.matches,
            {
                "regex": _TEXT,
                "holding": _MAYBE_LIST,
                "beginning": _MAYBE_LIST,
                "ending": _MAYBE_LIST,
                "at_most": (int | None, None),
            },
        ),
        ("expect_column_values_not_to_be_doubled", texts.is_doubled, {}),
        (
            "expect_column_values_to_be_listed",
            masks.is_not_listed,
            {"value_set": _LIST, "separator": _MAYBE_TEXT},
        ),
        ("expect_column_values_to_fit", masks.is_too_long, {"max_length": (int, ...)}),
        ("expect_column_values_to_be_date", masks.is_not_a_date, {}),
        (
            "expect_column_dates_to_be_within",
            masks.is_outside_dates,
            {"earliest": _MAYBE_TEXT, "latest": _MAYBE_TEXT},
        ),
        ("expect_column_dates_to_follow", masks.precedes, {"other": _TEXT}),
        (
            "expect_column_values_to_be_decimal",
            masks.is_no_such_decimal,
            {"minimum": _MAYBE_NUMBER, "maximum": _MAYBE_NUMBER, "places": (int | None, None)},
        ),
        ("expect_column_values_to_be_credit_code", masks.is_no_credit_code, {}),
        (
            "expect_column_values_to_be_identity_number",
            masks.is_no_identity_number,
            {"type_column": _MAYBE_TEXT},
        ),
        ("expect_column_values_not_to_be_identity_number", masks.is_identity_number, {}),
        ("expect_column_values_not_to_be_masked", masks.is_masked, {}),
        ("expect_one_of_columns_to_be_present", masks.none_is_present, {"columns": _LIST}),
        (
            "expect_subject_to_be_of_age",
            masks.is_under_age,
            {"on": _LIST, "flag": _TEXT},
        ),
        (
            "expect_term_not_to_have_ended",
            masks.term_has_ended,
            {"fallback": _TEXT, "years": (int, ...)},
        ),
        (
            "expect_report_within_workdays",
            masks.is_reported_late,
            {"days": (int, ...), "fallback": _MAYBE_TEXT},
        ),
    )
}
