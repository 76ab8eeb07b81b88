"""What happens with the dirt of real lists and feeds, in cells; the number is that of the list of dirty data.

Layouts and files (26 to 32) are in test_dirty_layouts.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from creditgate.check.near_duplicates import near_duplicates
from creditgate.policy.contracts import load_contract
from creditgate.policy.paths import dbt_dir
from tests.builders import (
    AS_OF,
    Row,
    a_credit_code,
    a_listing,
    a_penalty,
    a_personal_penalty,
    an_identity_number,
)
from tests.feed_files import ITEM
from tests.rules.checking import broken_rules, checked
from tests.rules.dirty_feeds import DEBTORS, a_debtor, told

LISTINGS = "serious_dishonesty_listing"
CODE = a_credit_code()
OTHER = "济市监处罚〔2026〕119号"


def test_01_a_company_without_credit_code_is_taken_by_its_old_code_and_warned(tmp_path: Path) -> None:
    rows = [a_penalty(uscc=None, organisation_code="MA0000015"), a_penalty(uscc=None, decision_number=OTHER)]
    made = told(tmp_path, *rows)
    assert (made.fate(1), made.rules(1) & {"AP-005", "AP-003"}) == ("warned", {"AP-005"})
    assert (made.fate(2), made.rules(2) & {"AP-005", "AP-003"}) == ("rejected", {"AP-003"})


@pytest.mark.parametrize(
    "code", [f"{CODE[:16]}？", f"{CODE[:16]}洲", f"{CODE[:8]}^/{CODE[8:]}/1", f"{CODE[:17]}跗"]
)
def test_02_a_credit_code_that_a_scanner_misread_is_rejected(tmp_path: Path, code: str) -> None:
    assert "AP-004" in told(tmp_path, a_penalty(uscc=code)).rules()


def test_03_a_credit_code_that_is_one_digit_short_is_rejected(tmp_path: Path) -> None:
    made = told(tmp_path, a_penalty(uscc=CODE[:-1]))
    assert (made.fate(), made.rules()) == ("rejected", {"AP-004"})


def test_04_a_credit_code_in_the_column_of_the_old_code_is_rejected(tmp_path: Path) -> None:
    made = told(tmp_path, a_penalty(uscc=None, organisation_code=CODE))
    assert (made.fate(), "AP-010" in made.rules()) == ("rejected", True)


def test_05_an_old_code_with_and_without_its_hyphen_is_one_subject_and_a_masked_one_is_rejected(
    tmp_path: Path,
) -> None:
    codes = ("MA000001-5", "ma0000015", "91370199MA0*****0015T")
    numbers = ("118", "119", "120")
    rows = [
        a_penalty(uscc=None, organisation_code=code, decision_number=f"济市监处罚〔2026〕{number}号")
        for code, number in zip(codes, numbers, strict=True)
    ]
    made = told(tmp_path, *rows)
    assert [made.fate(row) for row in (1, 2, 3)] == ["warned", "warned", "rejected"]
    assert made.cell("organisation_code", 1) == made.cell("organisation_code", 2) == "MA0000015"
    assert made.cleaned_by("organisation_code") == {"CL-008", "CL-020"}


def test_06_a_code_in_small_letters_is_the_code_and_a_registration_number_in_its_place_is_rejected(
    tmp_path: Path,
) -> None:
    small = told(tmp_path, a_penalty(uscc=CODE.lower()))
    assert (small.fate(), small.cell("uscc")) == ("accepted", CODE)
    assert small.cleaned_by("uscc") == {"CL-008"}
    number = told(tmp_path, a_penalty(uscc="370199000000001"))
    assert (number.fate(), number.rules()) == ("rejected", {"AP-004"})


def test_07_a_code_whose_check_character_is_wrong_is_rejected_and_the_register_can_overrule_it() -> None:
    contract = load_contract(ITEM)
    wrong = CODE[:-1] + ("A" if CODE[-1] != "A" else "B")
    assert "AP-004" in broken_rules(checked(contract, a_penalty(uscc=wrong), as_of=AS_OF))
    assert contract.rule("AP-101").severity == "warn", "what the register holds is taken, see test_gate"


@pytest.mark.parametrize(
    "mask",
    [
        "3701991985****0000", "37019919850****0000", "370199****0011122", "370199#### 10110000", "370199***5^ 10160000",
        "370199木料木 05030000", "370199料木木 50000000", "999999—9999999乂",
    ],
)  # fmt: skip
def test_08_a_masked_identity_number_of_any_shape_is_rejected_and_matches_nobody(
    tmp_path: Path, mask: str
) -> None:
    row = a_personal_penalty(identity_number=mask)
    assert "AP-020" in told(tmp_path, row).rules()


def test_09_one_column_for_persons_and_companies_is_sorted_by_what_stands_in_it(tmp_path: Path) -> None:
    person = a_debtor(
        identifier_number=an_identity_number(), subject_category="自然人", subject_name="李示例",
        legal_representative=None, principal=None, actual_controller=None, case_number="（2026）鲁0199执4号",
    )  # fmt: skip
    made = told(tmp_path, a_debtor(), person, item=DEBTORS)
    assert made.cell("uscc", 1) == a_debtor()["identifier_number"]
    assert made.cell("identity_number", 2) == an_identity_number()
    assert made.fate(2) != "rejected"


@pytest.mark.parametrize(
    "name", ["济南示例商贸有眼公司", "安撤示例有限公司", "洞陵示例有限公司", "济南示例制渣有限公司"]
)
def test_10_a_name_with_a_scanners_misreading_is_warned_about(tmp_path: Path, name: str) -> None:
    made = told(tmp_path, a_penalty(subject_name=name))
    assert (made.fate(), made.rules()) == ("warned", {"AP-113"})


def test_10_misread_courts_and_offences_are_warned_about(tmp_path: Path) -> None:
    courts = told(tmp_path, a_debtor(court_name="示例市人民法唉"), item=DEBTORS)
    assert "JD-083" in courts.rules()
    offence = told(tmp_path, a_listing(reason="犯合同诈谝罪"), item=LISTINGS)
    assert "SL-118" in offence.rules()


def test_11_a_name_cut_short_is_another_record_until_the_register_has_compared_it_with_the_code() -> None:
    rows = [a_penalty(), a_penalty(subject_name=a_penalty()["subject_name"][:5])]
    ids = checked(load_contract(ITEM), *rows, as_of=AS_OF).table.column("record_id").to_pylist()
    assert ids[0] != ids[1]
    assert load_contract(ITEM).rule_of_kind("gate.subject_name_mismatch").severity == "reject"


def test_12_an_owners_name_in_a_trade_name_is_taken_as_a_sole_traders(tmp_path: Path) -> None:
    trader = a_penalty(
        subject_name="李示例海鲜档",
        subject_category="个体工商户",
        uscc=a_credit_code(3, "92"),
        legal_representative=None,
    )
    assert told(tmp_path, trader).fate() != "rejected"
    sealed = checked(load_contract(ITEM), trader, as_of=AS_OF)
    assert sealed.table.column("subject_kind").to_pylist() == ["sole_trader"]


def test_13_no_legal_representative_is_warned_about_a_foreign_one_is_taken_no_company_is_rejected(
    tmp_path: Path,
) -> None:
    made = told(
        tmp_path,
        a_penalty(legal_representative="无"),
        a_penalty(
            legal_representative="EXAMPLEJOHNDOE",
            decision_number="济市监处罚〔2026〕2号",
            decided_on="2026-11-13",
        ),
        a_penalty(subject_name=None, decision_number="济市监处罚〔2026〕3号"),
    )
    assert (made.rules(1), made.cleaned_by("legal_representative")) == ({"AP-014"}, {"CL-004"})
    assert made.fate(2) == "accepted"
    assert made.rules(3) == {"AP-001"}


@pytest.mark.parametrize(
    ("duty", "is_told"),
    [
        ("被告示例公司偿还原告李思远借款本金330000元", True),
        ("偿还原告李某借款本金330000元", False),
        ("向申请执行人王思支付劳务费。", True),
        ("支付原告济南示例商贸有限公司货款330000元", False),
        ("偿还原告借款本金330000元", False),
    ],
)
def test_14_a_creditors_name_in_a_debtors_duty_is_warned_about(
    tmp_path: Path, duty: str, is_told: bool
) -> None:
    made = told(tmp_path, a_debtor(duty=duty), item=DEBTORS)
    assert ("JD-084" in made.rules()) == is_told


def test_14_the_duty_of_a_debtor_reaches_no_mart() -> None:
    sql = (dbt_dir() / "models/staging/stg_intake__judgment_debtors.sql").read_text(encoding="utf-8")
    code = re.sub(r"--.*", "", sql)
    assert "case_number" in code
    assert not re.search(r"\bduty\b", code)


@pytest.mark.parametrize(
    ("content", "is_told"),
    [
        ("给予公司罚款65万元;给予[某人]警告并罚款16万元", True),
        ("给予示例公司罚款5万元，对李示例给予警告并罚款1万元", True),
        ("给予当事人罚款65万元;给予警告", False),
        ("给予警告，并处罚款16万元", False),
    ],
)
def test_15_two_parties_in_one_decision_are_warned_about(tmp_path: Path, content: str, is_told: bool) -> None:
    assert ("AP-121" in told(tmp_path, a_penalty(content=content)).rules()) == is_told


def test_15_two_names_in_one_cell_are_warned_about(tmp_path: Path) -> None:
    made = told(tmp_path, a_penalty(subject_name="济南示例商贸有限公司；李示例"))
    assert made.rules() == {"AP-114"}


def test_16_another_style_of_brackets_is_the_same_record(tmp_path: Path) -> None:
    made = told(tmp_path, a_penalty(), a_penalty(decision_number="济市监处罚（2026）118号"))
    assert [made.cell("decision_number", row) for row in (1, 2)] == ["济市监处罚〔2026〕118号"] * 2
    assert "CL-010" in made.cleaned_by("decision_number")
    assert [made.rules(row) for row in (1, 2)] == [{"AP-097"}] * 2


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("20260302", "2026-03-02"),
        ("2026年03月02日", "2026-03-02"),
        ("2026/03/02", "2026-03-02"),
        ("2026-3-2", "2026-03-02"),
        ("1767283200", "2026-01-02"),
        ("2026/03/0200:00:00.000", "2026-03-02"),
    ],
)
def test_17_a_day_in_any_spelling_is_the_day(tmp_path: Path, written: str, day: str) -> None:
    made = told(tmp_path, a_penalty(decided_on=written))
    assert made.cell("decided_on") == day
    assert made.cleaned_by("decided_on") <= {"CL-009", "CL-011", "CL-012", "CL-013", "CL-014"}
    assert "AP-042" not in made.rules()


def test_17_a_month_is_no_day_and_is_rejected(tmp_path: Path) -> None:
    assert told(tmp_path, a_penalty(decided_on="202611")).rules() == {"AP-042"}


@pytest.mark.parametrize(
    "written", ["1900-1-1 0:00:00", "9999-9-9", "2099-12-31", "无处罚期限", "暂无", " ", "\n", "\\N"]
)
def test_18_what_stands_for_nothing_is_nothing(tmp_path: Path, written: str) -> None:
    made = told(tmp_path, a_penalty(publicity_until=written))
    assert (made.fate(), made.cell("publicity_until")) == ("accepted", None)


@pytest.mark.parametrize("written", ["2026年4月13曰", "2026年7月旧", "2026奶奶10月22日"])
def test_19_a_misread_day_is_rejected_and_never_guessed(tmp_path: Path, written: str) -> None:
    made = told(tmp_path, a_penalty(decided_on=written))
    assert (made.cell("decided_on"), made.rules()) == (written, {"AP-042"})


def test_20_a_case_number_in_the_place_of_a_day_is_rejected_and_a_time_of_day_is_left_out(
    tmp_path: Path,
) -> None:
    rows = [a_penalty(decided_on="(2014)示民一初字第751号"), a_penalty(decided_on="2026-07-27 13:49:21")]
    made = told(tmp_path, *rows)
    assert "AP-042" in made.rules(1)
    assert made.cell("decided_on", 2) == "2026-07-27"
    assert made.cleaned_by("decided_on") == {"CL-012"}


@pytest.mark.parametrize(
    "written", ["[2026]", "（2026）", "(2026)", "【2026】", "〈2026〉", "［2026］", "〔2026〕"]
)
def test_21_every_style_of_brackets_is_one_number(tmp_path: Path, written: str) -> None:
    made = told(tmp_path, a_penalty(decision_number=f"济市监处罚{written}118号"))
    assert (made.cell("decision_number"), made.fate()) == ("济市监处罚〔2026〕118号", "accepted")


@pytest.mark.parametrize(
    ("number", "rule", "fate"),
    [
        ("济市监处罚02026〕118号", "AP-025", "warned"),
        ("济市监处罚^026〕118号", "AP-025", "warned"),
        ("济市监处罚泛026〕118号", "AP-025", "warned"),
        ("济市监处罚⑵比）118号", "AP-025", "warned"),
        ("(如丨3)示民一初字第751号", "AP-025", "warned"),
        ("济南市示例监督管理局济市监处罚〔2026〕118号", "AP-122", "warned"),
        ("[2026]第152018014759号", "AP-123", "warned"),
        ("3", "AP-024", "rejected"),
    ],
)
def test_21_a_number_that_is_misread_glued_or_cut_is_told(
    tmp_path: Path, number: str, rule: str, fate: str
) -> None:
    made = told(tmp_path, a_penalty(decision_number=number))
    assert (made.fate(), rule in made.rules()) == (fate, True)


def test_22_a_fine_in_a_decision_not_to_punish_is_warned_about_in_amount_and_text(tmp_path: Path) -> None:
    number = "济市监不予处字〔2026〕第162号"
    stated = a_penalty(decision_number=number, content="罚款20000元", fine_10k_yuan="2")
    in_text = a_penalty(
        decision_number=number.replace("162", "163"),
        content="罚款20000元",
        categories="其他",
        fine_10k_yuan=None,
    )
    nothing = a_penalty(
        decision_number=number.replace("162", "164"),
        content="不予行政处罚",
        categories="其他",
        fine_10k_yuan=None,
    )
    made = told(tmp_path, stated, in_text, nothing)
    assert [made.rules(row) & {"AP-036", "AP-118"} for row in (1, 2, 3)] == [
        {"AP-036", "AP-118"},
        {"AP-118"},
        set(),
    ]


@pytest.mark.parametrize(
    "amount",
    [
        "罚款7.5元",
        "罚款0.1万元",
        "人民币壹仟叁佰捌拾元整",
        "罚款 80000.0 元",
        "10,000元",
        "1，没收广告费用26220.46元2，罚款600000元",
    ],
)
def test_23_an_amount_with_words_or_a_unit_of_its_own_is_rejected_and_never_converted(
    tmp_path: Path, amount: str
) -> None:
    made = told(tmp_path, a_penalty(fine_10k_yuan=amount))
    assert (made.cell("fine_10k_yuan"), made.rules()) == (amount.replace("，", ","), {"AP-032"})


def test_23_thousands_marks_go_and_what_looks_like_yuan_is_warned_about(tmp_path: Path) -> None:
    rows = [
        a_penalty(fine_10k_yuan="10,000"),
        a_penalty(fine_10k_yuan="0.00075", decision_number="济市监处罚〔2026〕2号"),
    ]
    made = told(tmp_path, *rows)
    assert (made.cell("fine_10k_yuan", 1), made.rules(1)) == ("10000", {"AP-035"})
    assert made.fate(2) == "accepted"


def test_24_categories_in_any_order_and_with_any_separator_are_taken(tmp_path: Path) -> None:
    orders = ("罚款;没收违法所得", "没收违法所得;罚款", "罚款；没收违法所得")
    rows = [
        a_penalty(categories=order, confiscated_10k_yuan="1", decision_number=f"济市监处罚〔2026〕{place}号")
        for place, order in enumerate(orders, start=1)
    ]
    made = told(tmp_path, *rows)
    assert [made.fate(row) for row in (1, 2, 3)] == ["accepted"] * 3
    assert made.cell("categories", 3) == "罚款;没收违法所得"


def test_25_a_case_that_is_told_twice_nearly_equal_is_warned_about_at_both_places() -> None:
    number = "济市监处罚〔2026〕119号"
    rows: list[Row] = [
        a_penalty(fine_10k_yuan="203.68"),
        a_penalty(
            fine_10k_yuan="203.69", decision_number=number, basis="《中华人民共和国药品管理法》第一百一十七条"
        ),
        a_penalty(fine_10k_yuan="203.69", decision_number="济市监处罚〔2026〕120号", uscc=a_credit_code(5)),
    ]
    sealed = checked(load_contract(ITEM), *rows, as_of=AS_OF)
    found = near_duplicates(load_contract(ITEM), [(1, sealed.table)])
    assert [(row, slot.rule.id) for row, slot in found] == [(1, "AP-112"), (2, "AP-112")]


def test_33_a_record_deleted_at_its_source_is_carried_as_withdrawn(tmp_path: Path) -> None:
    made = told(tmp_path, a_penalty(), extra={"sourceDeleted": ["1"], "移出日期": [""]})
    assert (made.cell("is_withdrawn"), made.rules(), made.fate()) == ("是", {"AP-111"}, "warned")


@pytest.mark.parametrize(
    ("duty", "fate"),
    [
        ("空", "rejected"),
        ("无", "rejected"),
        ("偿还借", "warned"),
        ("详见裁判文书,调解书，仲裁文书！", "warned"),
        ("（2015）示仲裁字第12号", "warned"),
        ("支付货款80000元及利息", "accepted"),
    ],
)
def test_34_a_duty_that_says_nothing_is_rejected_one_that_says_little_is_warned_about(
    tmp_path: Path, duty: str, fate: str
) -> None:
    assert told(tmp_path, a_debtor(duty=duty), item=DEBTORS).fate() == fate


@pytest.mark.parametrize("offence", ["非法吸收公众存款罪", "保险诈骗罪", "伪造金融票证罪"])
def test_35_an_offence_that_is_named_with_a_prohibited_word_is_no_prohibited_datum(
    tmp_path: Path, offence: str
) -> None:
    made = told(tmp_path, a_penalty(conduct_type=offence, facts=f"犯{offence}，被判处罚金。"))
    assert (made.fate(), made.file_rules) == ("accepted", set())
    person = told(tmp_path, a_personal_penalty(conduct_type=offence))
    assert person.fate() == "accepted"
