"""`reference.*`: the rules and the provider registry as tables, for dbt and for those who read findings."""

from __future__ import annotations

from collections.abc import Iterable

from creditgate.domain.rules import Rule
from creditgate.policy.contracts import Contract
from creditgate.policy.providers import Provider
from creditgate.warehouse.connect import Connection

EVERY_ITEM = "*"
"""Item and contract version of a rule that holds for every item (file rules, prohibited data)."""


def refresh_reference(
    conn: Connection,
    contracts: Iterable[Contract],
    providers: Iterable[Provider],
    common_rules: Iterable[Rule] = (),
) -> None:
    """Write the rules of these contracts, the common rules and the provider registry, in one transaction.

    Rules of earlier contract versions stay, because findings of earlier batches cite them. Providers are
    replaced: who is no longer registered is gone.
    """
    rules = [_rule_row(rule, c.item, c.version) for c in contracts for rule in c.rules]
    rules += [_rule_row(rule, EVERY_ITEM, EVERY_ITEM) for rule in common_rules]
    units = list(providers)
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('reference', 0))")
        cursor.executemany(
            """
            insert into reference.rules
                (rule_id, item, contract_version, severity, clause, message, expected, field, category, expectation)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (rule_id, contract_version) do update set
                item = excluded.item, severity = excluded.severity, clause = excluded.clause,
                message = excluded.message, expected = excluded.expected, field = excluded.field,
                category = excluded.category, expectation = excluded.expectation
            """,
            rules,
        )
        cursor.execute("delete from reference.provider_items")
        cursor.execute("delete from reference.providers")
        cursor.executemany(
            """
            insert into reference.providers
                (provider_code, unit_name, unit_kind, dedicated_section, officer, responsible_head,
                 competent_authority, query_policy_ref, repair_guide_url, is_complete, missing)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [_provider_row(unit) for unit in units],
        )
        cursor.executemany(
            "insert into reference.provider_items (provider_code, item) values (%s, %s)",
            sorted({(unit.code, feed.item) for unit in units for feed in unit.feeds}),
        )


def _rule_row(rule: Rule, item: str, version: str) -> tuple[str | None, ...]:
    return (
        rule.id, item, version, rule.severity.value, rule.clause, rule.message, rule.expected, rule.field, rule.category,
        rule.expectation,
    )  # fmt: skip


def _provider_row(unit: Provider) -> tuple[object, ...]:
    """The registry says empty text where an entry is silent; a table says null."""
    texts = (
        unit.dedicated_section, unit.officer, unit.responsible_head, unit.competent_authority, unit.query_policy_ref,
        unit.repair_guide_url,
    )  # fmt: skip
    missing = ", ".join(unit.missing) or None
    return (
        unit.code,
        unit.unit_name,
        unit.unit_kind,
        *(text or None for text in texts),
        unit.is_complete,
        missing,
    )
