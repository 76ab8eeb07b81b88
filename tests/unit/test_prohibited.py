"""Prohibited data is found whatever its spelling, and what only looks like it is left alone (S16-S18)."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import lazy_pinyin

from bench import prohibited as bench
from creditgate.domain.rules import Severity
from creditgate.policy.contracts import known_items, load_contract
from creditgate.policy.paths import expectations_dir
from creditgate.policy.prohibited import (
    Category,
    ProhibitedCatalogueError,
    load_prohibited,
    read_prohibited,
)
from creditgate.screen.prohibited import Subject, ValueScreen, prohibited_headers

CATALOGUE = load_prohibited()
SCREEN = ValueScreen(CATALOGUE)
CATEGORIES = [pytest.param(category, id=category.code) for category in CATALOGUE.categories]
OWN_TEXTS = Path(__file__).parent / "data" / "prohibited_texts.csv"
LATER_TEXTS = [OWN_TEXTS.with_name(f"prohibited_texts_{number}.csv") for number in (2, 3, 4, 5, 6)]
GIVEN_TEXTS = Path(__file__).parents[3] / "shared" / "data" / "prohibited_examples.csv"


def of_header(header: str, subject: Subject | None = None) -> str | None:
    found = prohibited_headers([header], CATALOGUE, subject)
    return found[0][1].code if found else None


def in_person(text: str) -> set[str]:
    return set(SCREEN.scan(pa.array([text]), np.array([True])))


def in_firm(text: str) -> set[str]:
    return set(SCREEN.scan(pa.array([text]), np.array([False])))


# --- the catalogue


def test_the_twelve_categories_have_their_classes() -> None:
    classes = {category.code: category.legal_class for category in CATALOGUE.categories}
    assert sorted(code for code, legal_class in classes.items() if legal_class == "A") == [
        "blood_type",
        "disease",
        "fingerprint",
        "gene",
        "medical_history",
        "religion",
    ]
    assert sorted(code for code, legal_class in classes.items() if legal_class == "B") == [
        "commercial_insurance",
        "deposit",
        "income",
        "real_estate",
        "securities",
        "tax_amount",
    ]


def test_a_column_blocks_and_a_value_rejects() -> None:
    ids = [rule.id for rule in CATALOGUE.rules()]
    assert ids == [f"PD-{n}" for n in (*range(101, 113), *range(201, 213))]
    assert {c.header_rule.severity for c in CATALOGUE.categories} == {Severity.BLOCK}
    assert {c.value_rule.severity for c in CATALOGUE.categories} == {Severity.REJECT}


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_rule_cites_its_clause_and_says_what_would_pass(category: Category) -> None:
    for rule in (category.header_rule, category.value_rule):
        assert rule.category == category.code
        assert ("S17" if category.legal_class == "A" else "S16") in rule.clauses
        assert category.label in rule.message
        assert rule.expected.startswith("应")


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_rule_has_a_passing_and_a_failing_case(category: Category) -> None:
    header, value = category.header_rule, category.value_rule
    assert header.passing
    assert header.failing
    assert value.passing
    assert value.failing
    assert of_header(header.passing["header"]) is None
    assert of_header(header.failing["header"]) == category.code
    assert in_person(value.passing["value"]) == set()
    assert category.code in in_person(value.failing["value"])


def test_a_new_term_needs_no_code(tmp_path: Path) -> None:
    text = (expectations_dir() / "prohibited.yaml").read_text(encoding="utf-8")
    changed = text.replace("'指纹|指掌纹|掌纹|", "'步态特征|指纹|指掌纹|掌纹|").replace(
        "stems: [指纹,", "stems: [步态, 指纹,"
    )
    changed = changed.replace("- '\\bfingerprints?\\b'", "- '步态<any>比对'")
    path = tmp_path / "prohibited.yaml"
    path.write_text(changed, encoding="utf-8")
    catalogue = read_prohibited(path)
    assert [c.code for _, c in prohibited_headers(["步态特征"], catalogue, None)] == ["fingerprint"]
    assert set(ValueScreen(catalogue).scan(pa.array(["其步态经比对一致"]), None)) == {"fingerprint"}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<homes>", "<houses>", "unknown term <houses>"),
        ("PD-102", "PD-101", "stands twice"),
        ("class: A", "class: C", "'C' is not known here"),
        ("- '指纹|指掌纹|掌纹|", "- '指纹|(", "is no pattern"),
        ("- '指纹|指掌纹|掌纹|", "- '指纹ID|", "has a capital letter"),
        ("any: '[^※]*'", "any: '<any>'", "terms go round"),
        ("person: before", "person: nowhere", "'nowhere' is not known here"),
        ("label: 收入", "name: 收入", "unknown key 'name'"),
        ("  from: 個", "  from: ", "does not pair its characters"),
    ],
)
def test_a_broken_catalogue_says_what_to_mend(tmp_path: Path, old: str, new: str, fault: str) -> None:
    text = (expectations_dir() / "prohibited.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "prohibited.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ProhibitedCatalogueError, match=fault):
        read_prohibited(path)


# --- headers


@pytest.mark.parametrize(
    ("header", "category"),
    [
        ("月 收 入（元）", "income"),
        ("ｓａｌａｒｙ", "income"),
        ("monthlyIncome", "income"),
        ("FAMILY_INCOME", "income"),
        ("yonghu_nianshouru", "income"),
        ("ckye", "deposit"),
        ("fund_amount", "securities"),
        ("commercialInsuranceNumber", "commercial_insurance"),
        ("BDCQZH", "real_estate"),
        ("personal_income_tax", "tax_amount"),
        ("XYZJM", "religion"),
        ("dnaSample", "gene"),
        ("fingerData", "fingerprint"),
        ("user_pro_bloodtype", "blood_type"),
        ("huanbingshichang", "disease"),
        ("既往 病史", "medical_history"),
        ("宗·教·信·仰", "religion"),
        ("血\u200b型", "blood_type"),
        ("s a l a r y", "income"),
        ("s_a_l_a_r_y", "income"),
        ("個人存款餘額", "deposit"),
        ("證券賬戶資產", "securities"),
        ("商業保險單號", "commercial_insurance"),
        ("ѕаlаry", "income"),
        ("ｂｌｏｏｄＴｙｐｅ", "blood_type"),
        ("⾎型", "blood_type"),
    ],
)
def test_a_prohibited_header_is_found_in_any_spelling(header: str, category: str) -> None:
    assert of_header(header) == category


@pytest.mark.parametrize(
    "header", ["arrived_nature", "archive_no", "about", "field_name", "warehouse", "gender", "agenda"]
)
def test_a_word_inside_another_is_not_that_word(header: str) -> None:
    assert of_header(header) is None


@pytest.mark.parametrize(
    "header",
    ["工资发放银行", "养老金冒领金额", "病历合格率", "基因检测公司", "housing_authority", "stock_quantity"],
)
def test_an_office_a_rate_or_a_wrong_about_a_datum_is_not_the_datum(header: str) -> None:
    assert of_header(header) is None


@pytest.mark.parametrize("header", ["病史及心率", "paid_salary", "病历摘要"])
def test_what_only_ends_like_one_of_them_is_still_found(header: str) -> None:
    assert of_header(header) is not None


@pytest.mark.parametrize("header", ["银行存款", "total_income", "应纳税额", "年收入", "不动产权证号"])
def test_an_organisations_own_figures_are_its_own(header: str) -> None:
    assert of_header(header, "legal") is None
    assert of_header(header, "natural") is not None


@pytest.mark.parametrize("header", ["法定代表人年收入", "法定代表人名下房产", "负责人健康状况", "个人所得税"])
def test_a_persons_column_in_an_organisations_feed_is_prohibited(header: str) -> None:
    assert of_header(header, "legal") is not None


def test_no_field_of_any_contract_has_a_prohibited_name() -> None:
    names = [
        name
        for item in known_items()
        for field in load_contract(item).fields
        for name in (field.name, field.header, field.code or "", *field.synonyms)
    ]
    assert prohibited_headers(names, CATALOGUE, None) == []


def test_headers_are_reported_in_the_files_order_and_spelling() -> None:
    found = prohibited_headers(["备注", " 血 型 ", "金额", "SALARY"], CATALOGUE, None)
    assert [(header, category.code) for header, category in found] == [
        (" 血 型 ", "blood_type"),
        ("SALARY", "income"),
    ]


# --- values


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("宗 教 信 仰 ： 佛 教", "religion"),
        ("ｂｌｏｏｄ　ｔｙｐｅ：　Ａ", "blood_type"),
        ('{"月收入":"6500","婚姻":"已婚"}', "income"),
        ("deposit balance: CNY 52,300.00", "deposit"),
        ("2018年因脑梗住院，术后恢复良好", "medical_history"),
        ("该员工患·糖·尿·病多年", "disease"),
        ("其信\u200b仰\u200b佛\u200b教", "religion"),
        ("其信仰天主教，個人所得稅3200元", "tax_amount"),
        ("被執行人名下有銀行存款5萬元", "deposit"),
        ('{"monthlyIncome": 6500, "city": "济南"}', "income"),
        ('{\\"bloodType\\":\\"AB\\"}', "blood_type"),
        ('{"remark": {"jwbs": "高血压"}}', "medical_history"),
        ("name=张某&personal_tax=3200", "tax_amount"),
        ('[{"列":"finger_print","指纹模板":"AAEF"}]', "fingerprint"),
        ("ѕаlаry: 8000", "income"),
        ("ｓａｌａｒｙ：８０００", "income"),
    ],
)
def test_a_prohibited_value_is_found_in_any_spelling(text: str, category: str) -> None:
    assert category in in_person(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"personal_tax": null, "bloodType": ""}',
        '{"decision": "罚款", "fine_10k_yuan": 2.0, "authority": "某局"}',
        "https://www.example.org/history: 详见附件",
        "一、责令改正；二、罚款；三、没收",
    ],
)
def test_a_key_without_a_value_or_of_another_meaning_tells_nothing(text: str) -> None:
    assert in_person(text) == set()


def test_a_key_is_judged_by_whose_record_it_stands_in() -> None:
    assert in_person('{"total_income": 3000000}') == {"income"}
    assert in_firm('{"total_income": 3000000}') == set()


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("法定代表人王某患胃癌晚期，无法到场配合调查", "disease"),
        ("法定代表人赵某名下位于市中区的住房一套已抵押", "real_estate"),
        ("员工郑某月工资6000元", "income"),
        ("受伤工人冯某自行购买的商业意外险保单号P2021001", "commercial_insurance"),
    ],
)
def test_a_persons_datum_in_a_firms_record_is_prohibited(text: str, category: str) -> None:
    assert category in in_firm(text)


@pytest.mark.parametrize(
    "text",
    [
        "当事人名下厂房一处已抵押给银行",
        "当事人银行存款余额230万元，有履行能力而拒不履行",
        "营业收入3000万元，违法所得50万元",
        "餐饮服务人员患有有碍食品安全疾病未调离",
    ],
)
def test_a_firms_own_facts_are_not_prohibited(text: str) -> None:
    assert in_firm(text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "经营过期货值金额230元的食品",
        "罚没收入库3000元",
        "其中风险等级为重大的隐患3项未整改",
        "担保单位未履行义务，金额3000元",
        "代理财务记账收费1200元",
        "技术后续服务未提供",
    ],
)
def test_a_word_that_arises_between_two_others_is_not_that_word(text: str) -> None:
    assert in_person(text) == set()


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_prohibited_text_has_a_stem_of_its_category(category: Category) -> None:
    """The cheap first pass must not lose what the patterns would find."""
    texts = [
        t.text for t in bench.read_labelled(OWN_TEXTS) if t.kind == "value" and category.code in t.accepted
    ]
    found = SCREEN.scan(pa.array(texts), None)
    assert np.any(list(found.values()), axis=0).all()


def test_the_verdict_on_a_row_does_not_depend_on_its_neighbours() -> None:
    texts = [t.text for t in bench.read_labelled(OWN_TEXTS) if t.kind == "value"][::9]
    natural = np.arange(len(texts)) % 2 == 0
    together = SCREEN.scan(pa.array(texts), natural)
    for i, text in enumerate(texts):
        alone = set(SCREEN.scan(pa.array([text]), natural[i : i + 1]))
        assert {code for code, mask in together.items() if mask[i]} == alone, text


def test_chunked_sliced_and_null_columns_are_scanned_alike() -> None:
    texts = [None, "血型为AB型", "", "无异常", None, "患有糖尿病"]
    expected = {"blood_type": [1], "disease": [5]}
    for column in (
        pa.array(texts),
        pa.array(["血型O型", *texts]).slice(1),
        pa.chunked_array([texts[:2], texts[2:]], pa.string()),
    ):
        found = SCREEN.scan(column, None)
        assert {code: np.flatnonzero(mask).tolist() for code, mask in found.items()} == expected
    assert SCREEN.scan(pa.array([], pa.string()), None) == {}
    assert SCREEN.scan(pa.array([None, None], pa.string()), None) == {}


@given(st.lists(st.text(max_size=80) | st.none(), max_size=20))
def test_no_text_can_break_the_scan(texts: list[str | None]) -> None:
    for mask in SCREEN.scan(pa.array(texts, pa.string()), None).values():
        assert mask.shape == (len(texts),)


@given(st.text(max_size=60))
def test_no_header_can_break_the_screen(header: str) -> None:
    assert len(prohibited_headers([header], CATALOGUE, None)) <= 1


# --- the bars on labelled texts


@pytest.mark.parametrize(
    "path",
    [
        OWN_TEXTS,
        *LATER_TEXTS,
        pytest.param(
            GIVEN_TEXTS,
            marks=pytest.mark.skipif(not GIVEN_TEXTS.exists(), reason="kept beside the repository"),
        ),
    ],
    ids=["own", "second", "third", "fourth", "fifth", "sixth", "given"],
)
def test_labelled_texts_are_told_apart(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench.main([str(path), "--format", "json"])
    scores = json.loads(capsys.readouterr().out)
    for kind, bar in (("header", 0.97), ("value", 0.96)):
        assert scores[kind]["precision"] >= bar
        assert scores[kind]["recall"] >= bar
        assert scores[kind]["category_accuracy"] >= bar


def test_a_prohibited_chinese_header_is_found_in_pinyin_too() -> None:
    """The catalogue's pinyin codes keep up with its Chinese names."""
    names = {
        text.text
        for text in (t for path in (OWN_TEXTS, *LATER_TEXTS) for t in bench.read_labelled(path))
        if text.kind == "header" and text.accepted and re.fullmatch("[一-龥]{3,6}", text.text)
    }
    missed = {name for name in names if of_header("".join(lazy_pinyin(name)), "natural") is None}
    assert len(names) > 250
    assert len(missed) / len(names) < 0.25, sorted(missed)


def test_no_contract_header_in_pinyin_or_its_initials_is_prohibited() -> None:
    headers = {field.header for item in known_items() for field in load_contract(item).fields}
    for header in sorted(headers):
        syllables = lazy_pinyin(re.sub("[^一-龥]", "", header))
        assert of_header("".join(syllables)) is None, header
        assert of_header("".join(syllable[0] for syllable in syllables)) is None, header


def test_texts_that_are_not_scored_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text(
        "text,kind,category_or_none,reason,context,also_accept,scored\n"
        "血型,header,none,,,,no\n"
        "慢性病情况,header,medical_history,,feed subject = natural person,disease,yes\n",
        encoding="utf-8",
    )
    (only,) = bench.read_labelled(path)
    assert only.accepted == {"medical_history", "disease"}
    assert only.subject == "natural"
