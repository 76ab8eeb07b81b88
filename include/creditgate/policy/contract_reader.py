"""Reads one ODCS contract file into a `Contract`, refusing whatever it does not know."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from pathlib import Path
from typing import Any

from creditgate.domain.rules import Rule, Severity
from creditgate.domain.whole_file import Limits, SeriesRules, WholeFileRules
from creditgate.policy.contract_model import Contract, ContractError, Field, PastVersion
from creditgate.policy.documents import Node, read_document
from creditgate.policy.expectation_types import DERIVED_COLUMNS, EXPECTATIONS, GATE_KINDS, STAGES
from creditgate.policy.headers import normalise_header
from creditgate.policy.sanction_lists import load_sanction_lists, load_watch_lists
from creditgate.policy.training_plans import load_training_plans

SUFFIX = ".odcs.yaml"

KINDS = ("code", "name", "text", "number", "date", "flag", "free_text", "identity", "list")
PG_TYPES = {"text": "string", "date": "date", "numeric(18,6)": "number", "boolean": "boolean"}
"""physicalType and the logicalType that goes with it."""
STORAGES = ("clear", "identity")
PERSONS = ("subject", "legal_representative", "principal", "actual_controller")
DISCLOSURE_MODES = ("公开公示", "授权查询", "政务共享")
NATURES = ("基础信息", "失信信息", "其他信息")

TARGET_FIELDS = ("target_item", "decision_number", "subject_name")
"""What a row about another record must have to name it."""

_TOP_KEYS = (
    "apiVersion",
    "kind",
    "id",
    "name",
    "version",
    "status",
    "description",
    "schema",
    "customProperties",
)
_TOP_OPTIONAL = (
    "domain",
    "dataProduct",
    "slaProperties",
    "authoritativeDefinitions",
    "team",
    "support",
    "tags",
)
_CONTRACT_PROPERTIES = (
    "rule_prefix",
    "clauses",
    "checklist_item_code",
    "information_nature",
    "disclosure_mode",
    "disclosure_basis",
    "effective_from",
    "record_key",
    "example_as_of",
)
_CHECKLIST_ELEMENTS = ("unified_code_field", "data_standard", "validity", "provider_units")
"""Four of the seven elements of a checklist entry; title, nature and disclosure mode are asked for above."""

_RULE_KEYS = ("name", "type", "engine", "severity", "description", "implementation", "customProperties")
WHOLE_FILE_LIMITS = ("volume", "empty", "drift", "spike")
_WHEN_TESTS = ("in", "in_from", "not_in", "matches", "is_null", "not_null")
"""`not_in` holds for an empty cell too."""
_SOURCE = re.compile(r"^(sanction|watch)_lists\.list_code\+list_name(?:\[subjects=(org|person)\])?$")


def read_contract(path: Path) -> Contract:
    """The contract in a file `<item>.odcs.yaml`; ContractError says what to mend."""
    root = read_document(path, ContractError)
    top = root.mapping(_TOP_KEYS, _TOP_OPTIONAL)
    top["kind"].one_of(("DataContract",))
    top["description"].mapping(("purpose",), ("usage", "limitations"))
    custom = _custom(
        top["customProperties"],
        (*_CONTRACT_PROPERTIES, *_CHECKLIST_ELEMENTS),
        ("effective_until", "decision_day", "past_versions", "target_items", "whole_file"),
    )
    schema = _only_schema(top["schema"], item=path.name.removesuffix(SUFFIX))
    fields = tuple(_read_field(node) for node in schema["properties"].sequence())
    headers = _map_headers(schema["properties"], fields)
    record_key = custom["record_key"].texts()
    for name in record_key:
        _known_column(custom["record_key"], name, fields, "subject")
    target_items = custom["target_items"].texts() if "target_items" in custom else ()
    for name in TARGET_FIELDS if target_items else ():
        _known_column(custom["target_items"], name, fields)
    for node, field in zip(schema["properties"].sequence(), fields, strict=True):
        for name in field.sorted_into:
            _known_column(node, name, fields)
    prefix = custom["rule_prefix"].text()
    effective_from = custom["effective_from"].day()
    effective_until = custom["effective_until"].day() if "effective_until" in custom else None
    decision_day = custom["decision_day"].text() if "decision_day" in custom else None
    for name in ("unified_code_field", "decision_day"):
        if name in custom:
            _known_column(custom[name], custom[name].text(), fields)
    rules, stages = _read_rules(schema, fields, prefix)
    rules = tuple(_with_days_in_force(rule, effective_from, effective_until) for rule in rules)
    rules = tuple(_with_days_of_decision(rule, decision_day, top["schema"]) for rule in rules)
    return Contract(
        item=schema["name"].text(),
        version=top["version"].text(),
        title=top["name"].text(),
        prefix=prefix,
        clauses=custom["clauses"].texts(),
        fields=fields,
        rules=rules,
        record_key=record_key,
        checklist_item_code=custom["checklist_item_code"].text(),
        information_nature=custom["information_nature"].one_of(NATURES),
        disclosure_mode=custom["disclosure_mode"].one_of(DISCLOSURE_MODES),
        disclosure_basis=custom["disclosure_basis"].text(),
        effective_from=effective_from,
        effective_until=effective_until,
        example_as_of=custom["example_as_of"].day(),
        target_items=target_items,
        unified_code_field=custom["unified_code_field"].text(),
        data_standard=custom["data_standard"].text(),
        validity=custom["validity"].text(),
        provider_units=custom["provider_units"].texts(),
        decision_day=decision_day,
        past_versions=_read_past_versions(custom, top["version"].text(), effective_from),
        whole_file=_read_whole_file(custom["whole_file"], fields) if "whole_file" in custom else None,
        headers=headers,
        stages=stages,
    )


def _custom(node: Node, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()) -> dict[str, Node]:
    """The `customProperties` list as a mapping of exactly these properties."""
    found: dict[str, Node] = {}
    for entry in node.sequence():
        pair = entry.mapping(("property",), ("value", "description"))
        name = pair["property"].one_of((*required, *optional))
        if name in found:
            raise entry.fault(f"property {name!r} stands twice", "keep one")
        if "value" in pair:
            found[name] = node.at(name, pair["value"].value)
    for name in required:
        if name not in found:
            raise node.fault(f"lacks the property {name!r}", "add {property: " + name + ", value: …}")
    return found


def _read_whole_file(node: Node, fields: tuple[Field, ...]) -> WholeFileRules:
    """The thresholds of the rules about a feed as a whole; a kind that is absent is not judged."""
    parts = node.mapping(("history", "at_least", "min_rows"), (*WHOLE_FILE_LIMITS, "series"))
    limits = {kind: _read_limits(parts[kind]) for kind in WHOLE_FILE_LIMITS if kind in parts}
    history, at_least = parts["history"].count(), parts["at_least"].count()
    if at_least > history:
        raise parts["at_least"].fault(f"{at_least} is more than history, {history}", "look back further")
    series = _read_series(parts["series"], fields) if "series" in parts else None
    return WholeFileRules(history, at_least, parts["min_rows"].count(), limits, series)


def _read_series(node: Node, fields: tuple[Field, ...]) -> SeriesRules:
    parts = node.mapping(("least",), ("years", "numbers"))
    named = {kind: parts[kind].texts() for kind in ("years", "numbers") if kind in parts}
    for name in (name for names in named.values() for name in names):
        _known_column(node, name, fields)
    return SeriesRules(parts["least"].count(), **named)


def _read_limits(node: Node) -> Limits:
    parts = node.mapping(("warn", "hold"))
    warn, hold = (_positive(parts[name]) for name in ("warn", "hold"))
    if hold < warn:
        raise node.fault(f"hold {hold} is less than warn {warn}", "hold later than warn, or at the same")
    return Limits(warn, hold)


def _positive(node: Node) -> float:
    if isinstance(node.value, bool) or not isinstance(node.value, (int, float)) or node.value <= 0:
        raise node.fault("is not a number above zero", "write digits without quotes")
    return float(node.value)


def _only_schema(node: Node, item: str) -> dict[str, Node]:
    schemas = node.sequence()
    if len(schemas) != 1:
        raise node.fault(f"has {len(schemas)} objects", "keep one object, named as the item")
    parts = schemas[0].mapping(
        ("name", "properties", "quality"), ("businessName", "description", "logicalType", "physicalType")
    )
    if parts["name"].text() != item:
        raise parts["name"].fault(f"is not {item!r}", "name the object as the file")
    return parts


def _read_field(node: Node) -> Field:
    parts = node.mapping(
        ("name", "businessName", "logicalType", "physicalType", "customProperties"),
        ("physicalName", "required", "description", "examples", "quality", "classification"),
    )
    custom = _custom(
        parts["customProperties"],
        ("content",),
        (
            "storage",
            "synonyms",
            "value_synonyms",
            "person",
            "maxLength",
            "lawful_basis",
            "sorted_into",
        ),
    )
    pg_type = parts["physicalType"].one_of(tuple(PG_TYPES))
    if parts["logicalType"].text() != PG_TYPES[pg_type]:
        raise parts["logicalType"].fault(f"does not go with {pg_type}", f"write {PG_TYPES[pg_type]}")
    storage = custom["storage"].one_of(STORAGES) if "storage" in custom else "clear"
    kind = custom["content"].one_of(KINDS)
    if (storage == "identity") != (kind == "identity"):
        raise node.fault("storage and content disagree", "identity numbers have storage and content identity")
    if storage == "identity" and not parts["name"].text().endswith("_number"):
        raise parts["name"].fault("identity fields end in _number", "the warehouse names its columns by that")
    examples = parts["examples"].texts() if "examples" in parts else ()
    return Field(
        name=parts["name"].text(),
        header=parts["businessName"].text(),
        code=parts["physicalName"].text() if "physicalName" in parts else None,
        synonyms=custom["synonyms"].texts() if "synonyms" in custom else (),
        kind=kind,
        pg_type=pg_type,
        is_required=parts["required"].flag() if "required" in parts else False,
        storage=storage,
        max_length=custom["maxLength"].count() if "maxLength" in custom else None,
        example=examples[0] if examples else None,
        person=custom["person"].one_of(PERSONS) if "person" in custom else None,
        lawful_basis=custom["lawful_basis"].texts() if "lawful_basis" in custom else (),
        sorted_into=custom["sorted_into"].texts() if "sorted_into" in custom else (),
        description=parts["description"].text() if "description" in parts else "",
        value_synonyms=_value_synonyms(custom["value_synonyms"]) if "value_synonyms" in custom else (),
    )


def _value_synonyms(node: Node) -> tuple[tuple[str, str], ...]:
    """(word, value) for every other word of a value: `{是: [撤回]}` is (("撤回", "是"),)."""
    pairs = [(word, value) for value, words in node.any_mapping().items() for word in words.texts()]
    if len({word for word, _ in pairs}) < len(pairs):
        raise node.fault("a word stands twice", "keep it with one value")
    return tuple(pairs)


def _map_headers(node: Node, fields: tuple[Field, ...]) -> dict[str, str]:
    headers: dict[str, str] = {}
    names: set[str] = set()
    for field in fields:
        if field.name in names:
            raise node.fault(f"the field {field.name!r} stands twice", "keep one")
        names.add(field.name)
        for spelling in field.spellings:
            other = headers.setdefault(normalise_header(spelling), field.name)
            if other != field.name:
                raise node.fault(
                    f"the header {spelling!r} means {other} and {field.name}", "keep it with one of the two"
                )
    return headers


def _read_rules(
    schema: dict[str, Node], fields: tuple[Field, ...], prefix: str
) -> tuple[tuple[Rule, ...], dict[str, str]]:
    """All rules in order of id, and the stage that applies each."""
    rules: dict[str, Rule] = {}
    stages: dict[str, str] = {}
    for node, owner in _rule_nodes(schema, fields):
        rule, stage = _read_rule(node, owner, fields)
        if not re.fullmatch(prefix + r"-\d{3}", rule.id):
            raise node.fault(
                f"the rule id {rule.id!r} is not {prefix}-000", "use the item's prefix and 3 digits"
            )
        if rule.id in rules:
            raise node.fault(f"the rule id {rule.id} stands twice", "take the next free number")
        rules[rule.id], stages[rule.id] = rule, stage
    return tuple(rules[rule_id] for rule_id in sorted(rules)), stages


def _with_days_in_force(rule: Rule, since: date, until: date | None) -> Rule:
    """The words effective_from and effective_until in a date window become the contract's own days (S08)."""
    days = {"effective_from": since.isoformat(), "effective_until": until.isoformat() if until else None}
    kwargs = dict(rule.kwargs)
    for bound in ("earliest", "latest"):
        if kwargs.get(bound) in days:
            kwargs[bound] = days[kwargs[bound]]
            if kwargs[bound] is None:
                del kwargs[bound]
    return dataclasses.replace(rule, kwargs=kwargs)


def _with_days_of_decision(rule: Rule, decision_day: str | None, node: Node) -> Rule:
    """A rule of some versions only speaks of decisions of their days (S08)."""
    if rule.since is None and rule.until is None:
        return rule
    if decision_day is None:
        raise node.fault(f"{rule.id} has days, and the contract no decision_day", "name the field of the day")
    bounds = {"since": rule.since, "until": rule.until}
    days = {name: day.isoformat() for name, day in bounds.items() if day is not None}
    when = [*rule.kwargs.get("when", []), {"column": decision_day, **days}]
    return dataclasses.replace(rule, kwargs={**rule.kwargs, "when": when})


def _read_past_versions(
    custom: dict[str, Node], version: str, effective_from: date
) -> tuple[PastVersion, ...]:
    """The earlier versions in order; each begins on the day after the one before ended."""
    if "past_versions" not in custom:
        return ()
    node = custom["past_versions"]
    past: list[PastVersion] = []
    for entry in node.sequence():
        parts = entry.mapping(("version", "effective_until"))
        past.append(PastVersion(parts["version"].text(), parts["effective_until"].day()))
    days = [effective_from, *(one.effective_until for one in past)]
    if days != sorted(set(days)):
        raise node.fault("is not in order of time", "the oldest first, each ending after the one before")
    if version in {one.version for one in past}:
        raise node.fault(f"names {version}, the version in force", "raise the contract's version")
    return tuple(past)


def _rule_nodes(schema: dict[str, Node], fields: tuple[Field, ...]) -> list[tuple[Node, Field | None]]:
    nodes: list[tuple[Node, Field | None]] = [(node, None) for node in schema["quality"].sequence()]
    for node, field in zip(schema["properties"].sequence(), fields, strict=True):
        if (quality := node.value.get("quality")) is not None:
            nodes += [(entry, field) for entry in node.at("quality", quality).sequence()]
    return nodes


def _read_rule(node: Node, owner: Field | None, fields: tuple[Field, ...]) -> tuple[Rule, str]:
    parts = node.mapping(_RULE_KEYS)
    parts["type"].one_of(("custom",))
    custom = _custom(
        parts["customProperties"],
        ("clause", "message", "expected"),
        ("field", "passing", "failing", "applied_by", "since", "until"),
    )
    implementation = parts["implementation"].mapping(("type",), ("kwargs",))
    expectation = implementation["type"].one_of((*EXPECTATIONS, *GATE_KINDS))
    stage = custom["applied_by"].one_of(STAGES) if "applied_by" in custom else "check"
    if (stage == "check") != expectation.startswith("expect_"):
        raise node.fault(
            f"{expectation} is not applied by {stage}",
            "gate.* rules name gate or settle in applied_by, build.* rules name build",
        )
    parts["engine"].one_of(("greatExpectations",) if stage == "check" else ("creditgate",))
    field = custom["field"].text() if "field" in custom else (owner.name if owner else None)
    if field is not None:
        _known_column(node, field, fields)
    given = implementation.get("kwargs") or implementation["type"].at("kwargs", {})
    kwargs = _read_kwargs(given, expectation, field, fields)
    passing, failing = (_partial_row(custom.get(side), fields) for side in ("passing", "failing"))
    if expectation == "expect_column_values_to_fit":
        column = str(kwargs["column"])
        passing = passing or {column: "示"}
        failing = failing or {column: "示" * (kwargs["max_length"] + 1)}
    rule = Rule(
        id=parts["name"].text(),
        severity=Severity(parts["severity"].one_of(tuple(Severity))),
        clauses=custom["clause"].texts(),
        message=custom["message"].text(),
        expected=custom["expected"].text(),
        field=field,
        expectation=expectation,
        kwargs=kwargs,
        passing=passing,
        failing=failing,
        since=custom["since"].day() if "since" in custom else None,
        until=custom["until"].day() if "until" in custom else None,
    )
    if stage != "check" and (rule.since or rule.until):
        raise node.fault("a gate.* rule has no days of its own", "leave out since and until")
    if stage == "check" and (rule.passing is None or rule.failing is None):
        raise node.fault("lacks a passing or a failing row", "add both: every rule is tested from both sides")
    return rule, stage


def _partial_row(node: Node | None, fields: tuple[Field, ...]) -> dict[str, Any] | None:
    """What a provider would type, by field name; null for an empty cell."""
    if node is None:
        return None
    row = node.any_mapping()
    for name, cell in row.items():
        _known_column(cell, name, fields)
        if cell.value is not None and not isinstance(cell.value, str):
            raise cell.fault("is not text", "put the cell in quotes, as a provider would type it")
    return {name: cell.value for name, cell in row.items()}


def _known_column(node: Node, name: str, fields: tuple[Field, ...], *more: str) -> None:
    if name not in more and all(field.name != name for field in fields):
        raise node.fault(f"the contract has no field {name!r}", "use the `name` of a property")


def _read_kwargs(
    node: Node, expectation: str, field: str | None, fields: tuple[Field, ...]
) -> dict[str, Any]:
    """The arguments, complete: `column` filled in from the field, value sets resolved, columns known."""
    signature = EXPECTATIONS.get(expectation) or GATE_KINDS[expectation]
    kwargs: dict[str, Any] = {}
    for name, part in node.any_mapping().items():
        if name == "value_set_from":
            kwargs["value_set"] = [*kwargs.get("value_set", ()), *_value_set(part, fields)]
            continue
        if name not in signature.known:
            raise part.fault(
                f"{expectation} has no such argument", f"it has {', '.join(sorted(signature.known))}"
            )
        kwargs[name] = _read_when(part, fields) if name == "when" else part.value
        named = (
            part.texts() if name in signature.lists else (part.text(),) if name in signature.columns else ()
        )
        for column in named:
            _known_column(part, column, fields)
    if "column" in signature.columns and field is not None:
        kwargs.setdefault("column", field)
    if "max_length" in signature.required:
        limits = [entry.max_length for entry in fields if entry.name == kwargs.get("column")]
        if limits and limits[0] is not None:
            kwargs.setdefault("max_length", limits[0])
    for name in sorted(signature.required - kwargs.keys()):
        raise node.fault(f"{expectation} lacks the argument {name!r}", "add it")
    if "regex" in kwargs:
        _known_pattern(node, kwargs["regex"])
    return kwargs


def _read_when(node: Node, fields: tuple[Field, ...]) -> list[dict[str, Any]]:
    """Conditions as a list; all must hold for the rule to speak."""
    conditions = node.sequence() if isinstance(node.value, list) else (node,)
    return [_read_condition(condition, fields) for condition in conditions]


def _read_condition(node: Node, fields: tuple[Field, ...]) -> dict[str, Any]:
    if isinstance(node.value, dict) and "any_of" in node.value:
        return _read_any_of(node, fields)
    parts = node.mapping(("column",), _WHEN_TESTS)
    _known_column(node, parts["column"].text(), fields, *DERIVED_COLUMNS)
    tests = [name for name in _WHEN_TESTS if name in parts]
    if len(tests) != 1:
        raise node.fault("has not exactly one test", f"write one of {', '.join(_WHEN_TESTS)}")
    condition: dict[str, Any] = {"column": parts["column"].value}
    test = parts[tests[0]]
    match tests[0]:
        case "in" | "not_in" as name:
            condition[name] = list(test.texts())
        case "in_from":
            condition["in"] = _value_set(test, fields)
        case "matches":
            _known_pattern(test, test.text())
            condition["matches"] = test.value
        case name:
            if not test.flag():
                raise test.fault("false says nothing", "write true, or the other test")
            condition[name] = True
    return condition


def _read_any_of(node: Node, fields: tuple[Field, ...]) -> dict[str, Any]:
    """The condition that one column at least of several has a value."""
    parts = node.mapping(("any_of", "not_null"))
    names = parts["any_of"].texts()
    for name in names:
        _known_column(node, name, fields)
    if not parts["not_null"].flag():
        raise parts["not_null"].fault("false says nothing", "write true")
    return {"any_of": list(names), "not_null": True}


def _known_pattern(node: Node, pattern: object) -> None:
    """A pattern that both engines understand: RE2 has no lookaround and no back-references."""
    if not isinstance(pattern, str) or re.search(r"\(\?[=!<]|\\[1-9]", pattern):
        raise node.fault("is not an RE2 pattern", "leave out lookaround and back-references")


def _value_set(node: Node, fields: tuple[Field, ...]) -> list[str]:
    """A code list kept elsewhere: the seeds of the lists and of the training plans, or the contract's own fields."""
    source = node.text()
    if source == "contract.fields":
        return [spelling for field in fields for spelling in dict.fromkeys((field.header, field.name))]
    if source == "training_plans.plan_code":
        return [plan.code for plan in load_training_plans()]
    found = _SOURCE.match(source)
    if not found:
        raise node.fault(
            f"unknown source {source!r}",
            "use sanction_lists.list_code+list_name, watch_lists.list_code+list_name, training_plans.plan_code or "
            "contract.fields",
        )
    lists = load_sanction_lists() if found[1] == "sanction" else load_watch_lists()
    wanted = [
        entry for entry in lists if entry.is_active and (found[2] is None or found[2] in entry.subjects)
    ]
    return [entry.code for entry in wanted] + [name for entry in wanted for name in entry.names]
