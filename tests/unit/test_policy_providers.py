"""The provider registry: who may report what, and whose entry is incomplete."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditgate.policy.checklist import may_provide
from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.providers import (
    ProviderError,
    UnregisteredProviderError,
    find_provider,
    load_providers,
    read_provider,
)

ENTRY = """\
code: jn_test_unit
unit_name: 济南市测试单位
unit_kind: 国家机关
dedicated_section: 信用科
officer: 信用科专员
responsible_head: 局长
competent_authority: 济南市发展和改革委员会
query_policy_ref: 《查询制度》
repair_guide_url: https://example.org/
feeds:
  - item: administrative_penalty
    source: folder
    location: jn_test_unit/administrative_penalty
    schedule: 0 1 * * *
"""


def an_entry(tmp_path: Path, old: str = "", new: str = "") -> Path:
    path = tmp_path / "jn_test_unit.yaml"
    path.write_text(ENTRY.replace(old, new, 1) if old else ENTRY, encoding="utf-8")
    return path


def test_the_registry_holds_the_units_of_the_notice() -> None:
    names = {provider.unit_name for provider in load_providers().values()}
    assert names >= {
        "济南市市场监督管理局",
        "济南市应急管理局",
        "济南市人力资源和社会保障局",
        "国家税务总局济南市税务局",
        "济南市交通运输局",
        "济南市中级人民法院",
    }


def test_one_entry_is_incomplete_and_says_what_it_lacks() -> None:
    incomplete = {p.code: p.missing for p in load_providers().values() if not p.is_complete}
    assert incomplete == {"jn_transport": ("officer",)}


def test_there_are_few_enough_feeds_for_a_quick_first_run() -> None:
    assert sum(len(provider.feeds) for provider in load_providers().values()) <= 30


def test_every_item_has_a_provider() -> None:
    items = {item for provider in load_providers().values() for item in provider.items}
    assert items == set(known_items())


def test_every_feed_is_one_that_the_checklist_lets_the_unit_report() -> None:
    for provider in load_providers().values():
        for item in provider.items:
            assert may_provide(load_contract(item), provider), (provider.code, item)


def test_the_checklist_names_a_unit_by_its_code_or_by_its_kind() -> None:
    debtors, penalties = load_contract("judgment_debtor"), load_contract("administrative_penalty")
    assert may_provide(debtors, find_provider("jn_intermediate_court"))
    assert not may_provide(debtors, find_provider("jn_taxation"))
    assert may_provide(penalties, find_provider("jn_taxation"))


def test_an_unregistered_provider_is_refused() -> None:
    with pytest.raises(
        UnregisteredProviderError, match="'jn_nobody' is registered; registered are jn_big_data"
    ):
        find_provider("jn_nobody")


def test_a_feed_that_is_not_registered_is_refused() -> None:
    with pytest.raises(LookupError, match="not registered for 'credit_subject'"):
        find_provider("jn_taxation").feed("credit_subject")


@pytest.mark.parametrize("lacking", ["officer", "responsible_head", "repair_guide_url", "query_policy_ref"])
def test_an_entry_without_what_the_notice_wants_known_is_used_and_flagged(
    tmp_path: Path, lacking: str
) -> None:
    line = next(line for line in ENTRY.splitlines() if line.startswith(lacking))
    for blank in ("", f"{lacking}:", f'{lacking}: ""'):
        assert read_provider(an_entry(tmp_path, line, blank)).missing == (lacking,)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("code: jn_test_unit", "code: jn_other", "code: 'jn_other' is not the file's name"),
        (
            "unit_kind: 国家机关",
            "unit_kind: 企业",
            "unit_kind: '企业' is not known here; use one of 国家机关",
        ),
        ("unit_name: 济南市测试单位\n", "", "lacks 'unit_name'; add it"),
        ("unit_name", "unit_title", "unknown key 'unit_title'"),
        ("item: administrative_penalty", "item: red_list", r"feeds\[0\].item: 'red_list' is not known here"),
        (
            "source: folder",
            "source: fax",
            "'fax' is not known here; use one of folder, sftp, http, exchange_database, object_store",
        ),
        ("0 1 * * *", "daily", "'daily' is not a cron expression"),
        ("location: jn", "location: ../jn", "leaves the sources folder"),
    ],
)
def test_a_slip_in_an_entry_is_named_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ProviderError, match=says):
        read_provider(an_entry(tmp_path, old, new))


def test_a_market_collector_reports_revocations_alone(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="does not report administrative_penalty"):
        read_provider(an_entry(tmp_path, "国家机关", "市场信用信息采集单位"))
    revoking = an_entry(tmp_path, "国家机关", "市场信用信息采集单位").read_text(encoding="utf-8")
    path = tmp_path / "jn_test_unit.yaml"
    path.write_text(revoking.replace("item: administrative_penalty", "item: revocation"), encoding="utf-8")
    assert read_provider(path).items == ("revocation",)
