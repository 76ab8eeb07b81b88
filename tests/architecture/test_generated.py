"""What is made from the contracts is as the contracts are: rule catalogue, pages of the items, words for secret fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.paths import PROJECT_ROOT
from creditgate.report.generated import ITEMS, generated_files

MADE = generated_files()


@pytest.mark.parametrize("path", MADE, ids=str)
def test_a_generated_file_is_what_the_contracts_make(path: Path) -> None:
    published = (PROJECT_ROOT / path).read_text(encoding="utf-8")
    assert published == MADE[path], "make it anew: make generate"


def test_no_page_is_left_of_an_item_that_is_gone() -> None:
    pages = {path.name for path in (PROJECT_ROOT / ITEMS).glob("*.md")}
    assert pages == {"index.md", *(f"{item}.md" for item in known_items())}


@pytest.mark.parametrize("item", known_items())
def test_a_page_tells_the_elements_the_columns_and_every_rule(item: str) -> None:
    contract, page = load_contract(item), MADE[ITEMS / f"{item}.md"]
    for heading in (
        "信息事项",
        "信息性质",
        "统一社会信用代码",
        "数据标准",
        "披露方式",
        "有效期限",
        "提供单位",
    ):
        assert heading in page
    assert [rule.id for rule in contract.rules if f"| {rule.id} |" not in page] == []
    assert [field.name for field in contract.fields if f"`{field.name}`" not in page] == []
