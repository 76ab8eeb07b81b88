"""The samples are what they say: valid where clean, broken where dirty, nobody's, and the same every time."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter, defaultdict
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
from python_calamine import CalamineWorkbook

from creditgate.check.checker import Checker
from creditgate.domain import identifiers
from creditgate.domain.batch import BatchStatus, Manifest
from creditgate.domain.feed import SUBJECT_KIND, Chunk, ColumnMap
from creditgate.domain.findings import Findings
from creditgate.domain.keys import KeyedHash
from creditgate.domain.rules import Severity
from creditgate.domain.subjects import subject_kinds
from creditgate.policy.contracts import load_contract, normalise_header
from creditgate.policy.prohibited import load_prohibited
from creditgate.policy.providers import load_providers
from creditgate.pull.manifest import (
    ManifestProblem,
    compare_manifest,
    file_sha256,
    manifest_path,
    read_manifest,
)
from creditgate.samples import layouts, stories, subjects
from creditgate.samples.bench import BENCH_AS_OF, BENCH_FIELDS, WRONG_FIELDS, bench_penalties, bench_subjects
from creditgate.samples.calendar import anchor_of_ended_term, anchor_of_last_day
from creditgate.samples.canaries import canaries, secrets
from creditgate.samples.codes import credit_codes, organisation_codes, with_wrong_check_digit
from creditgate.samples.dirt import RULE_KIND, DirtMix, dirt_catalogue
from creditgate.samples.feeds import SAMPLE_SEED, SampleFeed, sample_feeds
from creditgate.samples.layouts import LISTING, PENALTY, SUBJECT
from creditgate.samples.listings import ListingPlan, listed_organisations
from creditgate.samples.penalties import PenaltyPlan, penalties
from creditgate.samples.rows import Row, rows_of
from creditgate.screen.feed import open_feed
from creditgate.screen.normalise import normalise
from tests.builders import AS_OF, a_feed, a_listing, a_penalty, a_personal_penalty, a_subject

DAYS = (AS_OF, date(2027, 3, 1), date(2028, 2, 29))
ITEMS = (PENALTY, LISTING, SUBJECT)


def findings(rows: list[Row], item: str, as_of: date) -> list[set[str]]:
    """The rule ids that each row breaks, the rules apart that need the register or the tombstones."""
    contract = load_contract(item)
    names = [field.name for field in contract.fields]
    texts = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})
    table = normalise(texts, contract)
    table = table.append_column(SUBJECT_KIND, subject_kinds(table))
    checker = Checker(contract, ColumnMap({name: name for name in names}), as_of, KeyedHash(b"key"))
    broken: dict[int, set[str]] = defaultdict(set)
    for part in (checker.check(Chunk(1, table, Findings.none())).findings, checker.finish()):
        for number, slot in part:
            broken[number].add(slot.rule.id)
    return [broken[number] for number in range(1, len(rows) + 1)]


def rows_in(path: Path, item: str) -> list[Row]:
    """The rows of a feed file by field name; columns that no contract knows under their header."""
    if path.suffix == ".xlsx":
        lines = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
        table = [[str(cell) for cell in line] for line in lines]
    else:
        is_gb18030 = "jn_emergency" in str(path) and path.name.startswith("penalties_2")
        text = path.read_text(encoding="gb18030" if is_gb18030 else "utf-8-sig")
        table = list(csv.reader(text.splitlines()))
    headers = load_contract(item).headers
    names = [headers.get(normalise_header(header), header) for header in table[0]]
    return [dict(zip(names, line, strict=False)) for line in table[1:]]


@cache
def _sent(root: Path, as_of: date) -> list[SampleFeed]:
    return sample_feeds(root, as_of)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[SampleFeed]:
    return _sent(tmp_path_factory.mktemp("sources"), AS_OF)


def feed_named(sent: list[SampleFeed], provider: str, start: str) -> SampleFeed:
    return next(f for f in sent if f.provider == provider and f.path.name.startswith(start))


# --- builders ------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", ["chinese", "codes", "names"])
@pytest.mark.parametrize("name", ["feed.csv", "feed.xlsx"])
def test_built_feed_holds_its_rows_under_any_headers(
    tmp_path: Path, name: str, headers: Literal["chinese", "codes", "names"]
) -> None:
    rows = [a_penalty(), a_personal_penalty(facts='含有 "引号", 逗号的正文')]
    feed = a_feed(rows, tmp_path / name, headers=headers, extra_columns={"血型": ["A", "B"]})
    read = rows_in(feed, PENALTY)
    assert [row.pop("血型") for row in read] == ["A", "B"]
    assert [{field: cell for field, cell in row.items() if cell} for row in read] == rows
    assert isinstance(read_manifest(feed), Manifest)


def test_built_feed_can_lack_its_manifest_and_be_in_another_encoding(tmp_path: Path) -> None:
    feed = a_feed([a_listing()], tmp_path / "feed.csv", item=LISTING, encoding="gb18030", manifest=False)
    assert "主体名称" in feed.read_text(encoding="gb18030")
    assert read_manifest(feed) == (ManifestProblem("manifest_missing"),)


# --- codes ---------------------------------------------------------------------------------------


def test_credit_codes_are_valid_all_different_and_of_a_range_that_is_not_issued() -> None:
    numbers = np.arange(50_000) * 7_919
    count = len(numbers)
    codes = credit_codes(numbers, pa.array(["91"] * count), pa.array(["370102"] * count))
    assert identifiers.is_credit_code(codes).all()
    assert identifiers.is_organisation_code(organisation_codes(numbers)).all()
    assert len(set(codes.to_pylist())) == count
    assert {code[8:10] for code in codes.to_pylist()} == {"YW"}
    assert not identifiers.is_credit_code(with_wrong_check_digit(codes)).any()


def test_identity_numbers_are_valid_and_of_a_county_that_does_not_exist() -> None:
    numbers = subjects.persons(3, np.arange(5_000)).identity_numbers
    assert identifiers.is_identity_number(numbers, AS_OF).all()
    assert {number[:6] for number in numbers.to_pylist()} == {"370199"}


# --- rows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_of", DAYS)
def test_clean_rows_break_no_rule_on_any_day(as_of: date) -> None:
    plan = ListingPlan(as_of, "SD_WAGE")
    assert not any(findings(rows_of(penalties(1, range(500), PenaltyPlan(as_of))), PENALTY, as_of))
    assert not any(findings(rows_of(listed_organisations(1, range(200), plan)), LISTING, as_of))


def test_built_rows_break_no_rule() -> None:
    assert findings([a_penalty(), a_personal_penalty()], PENALTY, AS_OF) == [set(), set()]
    assert findings([a_listing()], LISTING, AS_OF) == [set()]
    assert findings([a_subject()], SUBJECT, AS_OF) == [set()]


def test_a_row_depends_on_its_number_and_not_on_its_neighbours() -> None:
    plan = PenaltyPlan(AS_OF)
    assert rows_of(penalties(1, range(100), plan))[70:] == rows_of(penalties(1, range(70, 100), plan))
    assert rows_of(penalties(2, range(1), plan)) != rows_of(penalties(1, range(1), plan))


def test_facts_are_all_different_and_of_real_length() -> None:
    texts = penalties(1, range(20_000), PenaltyPlan(AS_OF))["facts"].to_pylist()
    assert len(set(texts)) == len(texts)
    assert 40 <= min(map(len, texts)) <= max(map(len, texts)) <= 120


def test_decision_numbers_come_in_three_styles_of_brackets_and_never_twice() -> None:
    numbers = penalties(1, range(20_000), PenaltyPlan(AS_OF))["decision_number"].to_pylist()
    assert len(set(numbers)) == len(numbers)
    assert {mark for number in numbers for mark in number if mark in "〔（["} == set("〔（[")


# --- the benchmark's feed ------------------------------------------------------------------------


def test_clean_bench_feed_is_accepted_in_full_without_a_warning(tmp_path: Path) -> None:
    bench_penalties(tmp_path / "bench.csv", 2_000)
    rows = rows_in(tmp_path / "bench.csv", PENALTY)
    assert tuple(rows[0]) == BENCH_FIELDS
    assert len(BENCH_FIELDS) == 22
    assert not any(findings(rows, PENALTY, BENCH_AS_OF))


def test_bad_bench_feed_is_wrong_in_the_five_fields_of_every_row(tmp_path: Path) -> None:
    bench_penalties(tmp_path / "bench.csv", 500, wrong_fields=5)
    contract = load_contract(PENALTY)
    for broken in findings(rows_in(tmp_path / "bench.csv", PENALTY), PENALTY, BENCH_AS_OF):
        rules = [contract.rule(rule_id) for rule_id in broken]
        assert sorted(str(rule.field) for rule in rules) == sorted(WRONG_FIELDS)
        assert {rule.severity for rule in rules} == {Severity.REJECT}


def test_bench_feed_does_not_depend_on_the_chunks_it_was_written_in(tmp_path: Path) -> None:
    bench_penalties(tmp_path / "whole.csv", 1_000)
    bench_penalties(tmp_path / "parts.csv", 1_000, chunk_rows=77)
    assert file_sha256(tmp_path / "whole.csv") == file_sha256(tmp_path / "parts.csv")


def test_bench_register_holds_every_subject_of_the_bench_feed(tmp_path: Path) -> None:
    bench_penalties(tmp_path / "bench.csv", 2_000)
    count = bench_subjects(tmp_path / "subjects.csv")
    register = rows_in(tmp_path / "subjects.csv", SUBJECT)
    assert len(register) == count
    held = {(row["subject_name"], row["uscc"]) for row in register}
    assert {(row["subject_name"], row["uscc"]) for row in rows_in(tmp_path / "bench.csv", PENALTY)} <= held
    assert not any(findings(register[:500], SUBJECT, BENCH_AS_OF))


# --- dirt ----------------------------------------------------------------------------------------


def _spoilt(item: str, as_of: date) -> dict[str, set[str]]:
    """What each kind of dirt makes a company's clean row break."""
    catalogue = dirt_catalogue(item)
    clean = {
        PENALTY: a_penalty(),
        LISTING: a_listing(),
        SUBJECT: a_subject(),
    }[item]
    shift = as_of - AS_OF
    moved = {
        name: (date.fromisoformat(cell) + shift).isoformat() if cell[4:5] == cell[7:8] == "-" else cell
        for name, cell in clean.items()
    }
    rows = []
    for number, dirt in enumerate(catalogue.values()):
        own = (
            {"uscc": clean["uscc"]}
            if item == SUBJECT
            else {"decision_number": f"济市监罚〔2026〕{number + 1}号"}
        )
        rows.append(dirt.mutate(moved | own, as_of))
    broken = findings(rows, item, as_of)
    return dict(zip(catalogue, broken, strict=True))


@pytest.mark.parametrize("as_of", DAYS)
@pytest.mark.parametrize("item", ITEMS)
def test_every_kind_of_dirt_breaks_its_rule(item: str, as_of: date) -> None:
    catalogue = dirt_catalogue(item)
    missed = {
        kind: broken for kind, broken in _spoilt(item, as_of).items() if catalogue[kind].rule_id not in broken
    }
    assert not missed


def test_named_dirt_breaks_its_own_rule_alone() -> None:
    catalogue = dirt_catalogue(PENALTY)
    for kind, broken in _spoilt(PENALTY, AS_OF).items():
        if not kind.startswith(RULE_KIND):
            assert broken == {catalogue[kind].rule_id}, kind


@pytest.mark.parametrize("item", ITEMS)
def test_every_rule_that_a_row_can_break_has_its_dirt(item: str) -> None:
    catalogue = dirt_catalogue(item)
    for rule in load_contract(item).check_rules():
        assert RULE_KIND + rule.id in catalogue


def test_dirt_mix_spoils_the_chosen_share_and_says_which_rows() -> None:
    plan, rows = PenaltyPlan(AS_OF), range(4_000)
    clean = penalties(1, rows, plan)
    mix = DirtMix(PENALTY, {"facts_missing": 0.1, "fine_in_words": 0.05})
    dirty, spoilt = mix.spoil(clean, rows, seed=1, as_of=AS_OF)
    assert len(spoilt["facts_missing"]) == pytest.approx(400, rel=0.2)
    assert len(spoilt["fine_in_words"]) == pytest.approx(200, rel=0.25)
    changed = np.flatnonzero(np.array(dirty["facts"].to_pylist()) != np.array(clean["facts"].to_pylist()))
    assert changed.tolist() == spoilt["facts_missing"].tolist()
    again, _ = mix.spoil(penalties(1, range(100, 200), plan), range(100, 200), seed=1, as_of=AS_OF)
    assert rows_of(again) == rows_of(dirty)[100:200]


@pytest.mark.parametrize(("shares", "says"), [({"mud": 0.1}, "mud"), ({"facts_missing": 1.5}, "more than 1")])
def test_dirt_mix_refuses_what_it_cannot_mix(shares: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        DirtMix(PENALTY, shares)


# --- forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "columns"),
    [
        (layouts.ORGANISATIONS_2018, 26),
        (layouts.PERSONS_2018, 20),
        (layouts.MERGED_2019, 30),
        (layouts.FORM_2015, 20),
    ],
)
def test_national_forms_have_their_columns_and_every_header_is_known(
    layout: layouts.Layout, columns: int
) -> None:
    assert len(layout.columns) == columns
    known = load_contract(layout.item).headers
    for spelling in ("chinese", "codes", "names"):
        assert tuple(known[normalise_header(header)] for header in layout.headers(spelling)) == layout.fields


# --- days ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("years", [1, 3, 5])
def test_anchors_put_the_last_day_on_the_day_or_one_before_it(years: int) -> None:
    for offset in range(1_500):
        day = date(2026, 1, 1) + timedelta(days=offset)
        assert _last_day(anchor_of_ended_term(day, years), years) < day
        if (day.month, day.day) == (2, 29):
            assert _last_day(anchor_of_last_day(day, years), years) == day + timedelta(days=1)
        else:
            assert _last_day(anchor_of_last_day(day, years), years) == day


def _last_day(anchor: date, years: int) -> date:
    try:
        return anchor.replace(year=anchor.year + years)
    except ValueError:
        return date(anchor.year + years, 2, 28)


# --- the sample feeds ----------------------------------------------------------------------------


def test_every_provider_and_item_of_the_registry_has_a_feed(sent: list[SampleFeed]) -> None:
    registered = {(p.code, source.item) for p in load_providers().values() for source in p.feeds}
    assert {(feed.provider, feed.item) for feed in sent} == registered
    for feed in sent:
        assert feed.path.parent.parts[-2:] == (feed.provider, feed.item)


def test_the_same_day_gives_the_same_bytes(sent: list[SampleFeed], tmp_path: Path) -> None:
    for first, second in zip(sent, sample_feeds(tmp_path, AS_OF), strict=True):
        assert first.path.read_bytes() == second.path.read_bytes()
        assert second.path.stat().st_size < 2_000_000


def test_files_are_small_enough_for_a_quick_first_run(sent: list[SampleFeed]) -> None:
    for feed in sent:
        assert feed.rows <= (2_000 if feed.item == SUBJECT else 300)


def test_manifests_fit_their_files_but_for_the_two_that_are_refused(sent: list[SampleFeed]) -> None:
    for feed in sent:
        manifest = read_manifest(feed.path)
        if "unreviewed" in feed.path.name:
            assert manifest == (ManifestProblem("manifest_missing"),)
            continue
        assert isinstance(manifest, Manifest)
        problems = compare_manifest(
            manifest, provider=feed.provider, item=feed.item, sha256=file_sha256(feed.path)
        )
        changed = (ManifestProblem("manifest_hash_mismatch", "sha256"),)
        assert problems == (changed if feed.status is BatchStatus.REFUSED else ())
        assert manifest.rows == feed.rows == len(rows_in(feed.path, feed.item))


def test_feeds_come_in_the_encodings_and_formats_of_the_story(sent: list[SampleFeed]) -> None:
    assert feed_named(sent, "jn_human_resources", "penalties").path.read_bytes().startswith(b"\xef\xbb\xbf")
    gb18030 = feed_named(sent, "jn_emergency_management", "penalties_2").path.read_bytes()
    assert "CF_XDR_MC" in gb18030.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        gb18030.decode("utf-8")
    assert {feed.path.suffix for feed in sent} == {".csv", ".xlsx"}


def judged(feed: SampleFeed, as_of: date) -> Findings:
    """All findings of a feed file, from its bytes; without register and tombstones."""
    contract = load_contract(feed.item)
    opened = open_feed(feed.path, contract, load_prohibited())
    checker = Checker(contract, opened.layout.columns, as_of, KeyedHash(b"key"))
    parts = [opened.layout.findings]
    if not opened.layout.is_blocked:
        parts += [checker.check(chunk).findings for chunk in opened.chunks()]
    return Findings.concat([*parts, checker.finish()])


@pytest.mark.parametrize("as_of", DAYS)
def test_batches_end_as_the_story_says(as_of: date, tmp_path: Path) -> None:
    for feed in sample_feeds(tmp_path, as_of):
        found = judged(feed, as_of)
        rejected = len(found.of_severity(Severity.REJECT))
        assert found.is_blocking() == (feed.status is BatchStatus.BLOCKED), feed.path.name
        if feed.status is BatchStatus.ACCEPTED:
            assert rejected == 0, feed.path.name
        elif feed.status is BatchStatus.PARTLY_REJECTED:
            assert 0 < rejected < feed.rows, feed.path.name
        elif feed.status is BatchStatus.REJECTED:
            assert rejected == feed.rows, feed.path.name


def test_every_rule_that_needs_no_earlier_run_and_no_register_is_broken_in_a_first_run(
    sent: list[SampleFeed],
) -> None:
    told_elsewhere = {
        "gate.already_expired",
        "gate.subject_name_mismatch",
        "gate.unlinked_subject",
        "gate.registered_code_fails_check",
        "gate.near_duplicate",
    }
    rules = [rule for item in ITEMS for rule in load_contract(item).rules]
    wanted = {rule.id for rule in rules if rule.severity is Severity.REJECT or rule.id.startswith("AP-")}
    wanted -= {rule.id for rule in rules if rule.expectation in told_elsewhere}
    # Warnings are shown in the national form of 2019, which lacks the fields that came later.
    form = layouts.MERGED_2019.fields
    wanted -= {rule.id for rule in rules if rule.severity is Severity.WARN and rule.field not in form}
    wanted |= {f"PD-{number}" for number in range(201, 213)} | {"PD-110", "FILE-017", "FILE-021"}
    broken = {rule_id for feed in sent for rule_id in judged(feed, AS_OF).count_by_rule()}
    assert wanted <= broken


def test_story_rows_are_in_the_files(sent: list[SampleFeed]) -> None:
    rows = rows_in(feed_named(sent, "jn_market_regulation", "penalties_2").path, PENALTY)
    told = Counter(row["remarks"] for row in rows if row["remarks"].startswith("样例："))
    assert told["样例：失信行为终止之日起五年最后一日"] == told["样例：失信行为终止之日起五年届满次日"] == 1
    assert told["样例：五年期限早已届满"] == 5
    assert told["样例：同一批次内重复"] == 2
    assert told["样例：名称与代码不是同一主体"] == told["样例：决定日期早于清单事项生效"] == 1
    cast = stories.cast(SAMPLE_SEED)
    assert cast.trader["subject_name"] == cast.trader["legal_representative"]
    assert {cast.trader["subject_name"], cast.flawed["subject_name"]} <= {row["subject_name"] for row in rows}


def test_subjects_of_clean_rows_are_in_the_register(sent: list[SampleFeed]) -> None:
    register = rows_in(feed_named(sent, "jn_big_data", "subjects_2").path, SUBJECT)
    held = {(row["subject_name"], row["uscc"] or row["identity_number"]) for row in register}
    cast = stories.cast(SAMPLE_SEED)
    assert (cast.flawed["subject_name"], cast.flawed["uscc"]) in held
    for provider in ("jn_transport", "jn_intermediate_court"):
        feed = next(f for f in sent if f.provider == provider and f.status is BatchStatus.ACCEPTED)
        for row in rows_in(feed.path, feed.item):
            assert (row["subject_name"], row["uscc"] or row["identity_number"]) in held


def test_canaries_are_unique_and_each_is_planted(sent: list[SampleFeed]) -> None:
    marks = (*canaries(SAMPLE_SEED), *secrets(SAMPLE_SEED))
    assert len(set(marks)) == len(marks)
    text = "\n".join("\n".join(row.values()) for feed in sent for row in rows_in(feed.path, feed.item))
    assert [mark for mark in marks if mark not in text] == []
    assert set(canaries(SAMPLE_SEED)).isdisjoint(canaries(SAMPLE_SEED + 1))


def test_nobody_of_the_published_lists_is_in_the_samples(sent: list[SampleFeed]) -> None:
    real = Path(__file__).parents[3] / "shared" / "data" / "real"
    if not real.is_dir():
        pytest.skip("the published lists are not here")
    published = {
        cell
        for path in real.glob("*.csv")
        for row in csv.reader(path.read_text(encoding="utf-8-sig").splitlines())
        for cell in row
        if cell.endswith(("公司", "店", "部", "行")) or (len(cell) in (9, 15, 18) and cell[:8].isdigit())
    }
    assert len(published) > 500
    for feed in sent:
        for row in rows_in(feed.path, feed.item):
            assert published.isdisjoint(row.values())


def test_hash_of_a_file_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc" * 700_000)
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 700_000).hexdigest()
    assert manifest_path(tmp_path / "a").name == "a.manifest.json"
