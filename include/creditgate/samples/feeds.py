"""The sample feeds: what every provider of the registry sends, relative to the as-of date.

Whatever the day, the first run tells the same story. It is told in include/samples/README.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from creditgate.domain.batch import BatchStatus
from creditgate.domain.rules import Severity
from creditgate.policy.contracts import load_contract
from creditgate.policy.providers import load_providers
from creditgate.pull.manifest import manifest_path, write_manifest
from creditgate.samples import layouts
from creditgate.samples.canaries import planted
from creditgate.samples.dirt import rule_dirt
from creditgate.samples.incentives import FIELDS as INCENTIVE_FIELDS
from creditgate.samples.incentives import INCENTIVE, incentives
from creditgate.samples.judgment_debtors import HEADERS as COURT_HEADERS
from creditgate.samples.judgment_debtors import JUDGMENT_DEBTOR, judgment_debtors, masked_debtors
from creditgate.samples.layouts import (
    LISTING,
    PENALTY,
    SUBJECT,
    Column,
    Layout,
    Spelling,
    contract_layout,
)
from creditgate.samples.licences import (
    LICENCE,
    LICENCES_OF_ORGANISATIONS,
    LICENCES_OF_PERSONS,
    licences_of_organisations,
    licences_of_persons,
)
from creditgate.samples.rights import (
    event_debtors,
    event_incentives,
    event_licences,
    event_listings,
    event_penalties,
    event_rows,
    event_watch_listings,
)
from creditgate.samples.rows import Row, columns_of
from creditgate.samples.stories import (
    Listings,
    Penalties,
    listings_at_their_term,
    penalties_at_their_term,
    penalties_of_note,
    penalties_past_five_years,
    penalties_with_prohibited_values,
    register_rows,
    rejected_by_more_than_the_row,
)
from creditgate.samples.watch_listings import FIELDS as WATCH_FIELDS
from creditgate.samples.watch_listings import WATCH_LISTING, watch_listings
from creditgate.samples.writing import write_csv, write_workbook

SAMPLE_SEED = 20200915
"""The seed of the sample feeds, for `sample_feeds`, `canaries` and `secrets`: the day of the notice."""

_REVIEWER = "样例审查员"
_TO_MEND_FIRST = 5_000


@dataclass(frozen=True)
class SampleFeed:
    """A written feed file. `status` is how its batch must end on a first run; `tells` says what it shows."""

    provider: str
    item: str
    path: Path
    rows: int
    status: BatchStatus
    tells: str


@dataclass(frozen=True)
class _Draft:
    """A feed before it is written: rows in a layout, and how the provider writes files.

    more_columns: header → cells, after the layout's; torn: a last line with a cell too many;
    manifest: `written`, `missing`, or `of_other_bytes` (its hash is another file's).
    """

    name: str
    layout: Layout
    rows: Sequence[Row]
    status: BatchStatus
    tells: str
    spelling: Spelling = "chinese"
    encoding: str = "utf-8"
    line_end: str = "\n"
    more_columns: Mapping[str, Sequence[str]] | None = None
    torn: bool = False
    manifest: str = "written"


def sample_feeds(sources_root: Path, as_of: date, seed: int = SAMPLE_SEED) -> list[SampleFeed]:
    """Write the sample feeds into `<sources_root>/<provider>/<item>/` with their manifests.

    One or more for every provider and item of the registry; files of the same name are replaced. The
    manifest goes down before its feed, so that no run sees a feed without the manifest it has.
    """
    written = []
    for code, provider in load_providers().items():
        for source in provider.feeds:
            folder = sources_root / code / source.item
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            draw_up = (
                _FEEDS_OF.get((code, source.item)) or _OTHERS.get(source.item) or _events(code, source.item)
            )
            for draft in draw_up(seed, as_of):
                path = _write(draft, folder, code, source.item, as_of)
                rows = len(draft.rows) + draft.torn
                written.append(SampleFeed(code, source.item, path, rows, draft.status, draft.tells))
    return written


def _write(draft: _Draft, folder: Path, provider: str, item: str, as_of: date) -> Path:
    name, dot, suffix = draft.name.rpartition(".")
    path = folder / f"{name}_{as_of:%Y%m%d}{dot}{suffix}"
    hidden = folder / f".{path.name}.part"
    more = draft.more_columns or {}
    headers = [*draft.layout.headers(draft.spelling), *more]
    cells = columns_of(draft.rows, draft.layout.fields)
    cells |= columns_of([dict(zip(more, row, strict=True)) for row in zip(*more.values(), strict=True)], more)
    if suffix == "xlsx":
        write_workbook(hidden, headers, zip(*(column.to_pylist() for column in cells.values()), strict=True))
    else:
        write_csv(hidden, headers, [cells], encoding=draft.encoding, line_end=draft.line_end)
    if draft.torn:
        with hidden.open("ab") as file:
            file.write(("," * len(headers) + draft.line_end).encode())
    if draft.manifest == "missing":
        manifest_path(path).unlink(missing_ok=True)
    else:
        hashed = hidden if draft.manifest == "written" else Path(__file__)
        rows = len(draft.rows) + draft.torn
        write_manifest(path, provider, item, rows, _REVIEWER, as_of, as_of, content_of=hashed)
    hidden.replace(path)
    return path


def _register(seed: int, as_of: date) -> Iterable[_Draft]:
    rows = register_rows(seed, as_of)
    broken = _broken_rows(SUBJECT, Severity.REJECT, rows[:80], as_of)
    doubled = rows[90]
    yield _Draft(
        "subjects.csv",
        layouts.REGISTER,
        rows,
        BatchStatus.ACCEPTED,
        "the subject register: organisations, sole traders, persons; one issued code fails the check digit",
    )
    yield _Draft(
        "subjects_to_mend.csv",
        _whole_layout(SUBJECT),
        [*broken, doubled, doubled],
        BatchStatus.REJECTED,
        "every reject rule of the register, one row each",
    )


def _market(seed: int, as_of: date) -> Iterable[_Draft]:
    source = Penalties(seed, as_of, "market")
    rows = source.clean(120)
    rows += penalties_at_their_term(source, as_of)
    rows += penalties_past_five_years(source, as_of, 5)
    rows += penalties_of_note(seed, source, as_of)
    rows += rejected_by_more_than_the_row(seed, source, "decided_on")
    rows += _broken_rows(PENALTY, Severity.WARN, source.clean(60), as_of)
    rows += event_penalties(seed, as_of).values()
    yield _Draft(
        "penalties.csv",
        layouts.MERGED_2019,
        rows,
        BatchStatus.PARTLY_REJECTED,
        "clean penalties, records on the last day of each term and one day past it, over five years, ongoing, "
        "secret, late; every warning; doubled and mismatched ones are rejected",
    )
    mend = Penalties(seed, as_of, "market", _TO_MEND_FIRST)
    broken = _broken_rows(PENALTY, Severity.REJECT, mend.clean(160), as_of)
    broken += penalties_with_prohibited_values(seed, mend)
    masked = mend.personal(1)[0] | {"identity_number": planted(seed).rejected_number, "severity": "轻微"}
    yield _Draft(
        "penalties_to_mend.xlsx",
        _whole_layout(PENALTY),
        [*broken, masked],
        BatchStatus.REJECTED,
        "a workbook with every reject rule and a prohibited value of each category, one row each",
    )


def _emergency(seed: int, as_of: date) -> Iterable[_Draft]:
    source = Penalties(seed, as_of, "safety")
    rows = source.clean(60)
    yield _Draft(
        "penalties.csv",
        layouts.ORGANISATIONS_2018,
        rows,
        BatchStatus.ACCEPTED,
        "the 26-column form in GB18030 with national codes as headers, and a column that is dropped",
        spelling="codes",
        encoding="gb18030",
        line_end="\r\n",
        more_columns={"内部流转备注": [f"内部流转（{planted(seed).dropped}）"] * len(rows)},
    )
    yield _Draft(
        "penalties_unreviewed.csv",
        layouts.ORGANISATIONS_2018,
        Penalties(seed, as_of, "safety", _TO_MEND_FIRST).clean(8),
        BatchStatus.REFUSED,
        "no manifest: nobody has reviewed it, so it is refused and stays",
        manifest="missing",
    )


def _labour(seed: int, as_of: date) -> Iterable[_Draft]:
    source = Penalties(seed, as_of, "labour")
    rows = source.personal(40)
    rows[0] |= {"identity_number": planted(seed).subject_number}
    yield _Draft(
        "penalties_of_persons.csv",
        layouts.PERSONS_2018,
        rows,
        BatchStatus.ACCEPTED,
        "the 20-column form for natural persons, UTF-8 with a byte order mark: never in a public mart",
        encoding="utf-8-sig",
    )


def _tax(seed: int, as_of: date) -> Iterable[_Draft]:
    source = Penalties(seed, as_of, "tax")
    yield _Draft(
        "penalties_2015.csv",
        layouts.FORM_2015,
        source.clean(40),
        BatchStatus.ACCEPTED,
        "the form of 2015, with what later forms added",
        spelling="codes",
    )
    yield _Draft(
        "penalties_changed.csv",
        layouts.FORM_2015,
        source.clean(8),
        BatchStatus.REFUSED,
        "the manifest's hash is another file's: changed after the review, refused",
        manifest="of_other_bytes",
    )


def _transport(seed: int, as_of: date) -> Iterable[_Draft]:
    source = Penalties(seed, as_of, "transport")
    yield _Draft(
        "penalties.csv",
        layouts.MERGED_2019,
        source.clean(30),
        BatchStatus.ACCEPTED,
        "a provider whose registry entry is incomplete: taken, and flagged on every report",
    )
    yield _Draft(
        "drivers.csv",
        layouts.PERSONS_2018,
        source.personal(len(planted(seed).blocked)),
        BatchStatus.BLOCKED,
        "a column of blood types: the whole file is blocked and the copy destroyed",
        more_columns={"血型": planted(seed).blocked},
    )


def _wage_list(seed: int, as_of: date) -> Iterable[_Draft]:
    for draft in _list_of("SD_WAGE")(seed, as_of):
        yield replace(draft, rows=[*draft.rows, *event_listings(seed, as_of).values()])


def _list_of(list_code: str) -> Callable[[int, date], Iterable[_Draft]]:
    def draw_up(seed: int, as_of: date) -> Iterable[_Draft]:
        source = Listings(seed, as_of, list_code)
        rows = [*source.organisations(30), *source.persons(15), *listings_at_their_term(source, as_of)]
        yield _Draft(
            "listings.csv",
            layouts.LISTED_SUBJECTS,
            rows,
            BatchStatus.ACCEPTED,
            f"{list_code}: organisations and persons; entries on their last day and one day past it",
        )

    return draw_up


def _tax_list(seed: int, as_of: date) -> Iterable[_Draft]:
    yield from _list_of("TAX_NAT")(seed, as_of)
    mend = Listings(seed, as_of, "TAX_NAT", _TO_MEND_FIRST)
    broken = _broken_rows(LISTING, Severity.REJECT, mend.organisations(120), as_of)
    yield _Draft(
        "listings_to_mend.csv",
        _whole_layout(LISTING),
        [*broken, *rejected_by_more_than_the_row(seed, mend, "listed_on"), *mend.persons(5)],
        BatchStatus.PARTLY_REJECTED,
        "every reject rule of the listings, one row each, a line with a cell too many, five clean rows",
        torn=True,
    )


def _court_list(seed: int, as_of: date) -> Iterable[_Draft]:
    source = Listings(seed, as_of, "COURT_SXBZXR")
    yield _Draft(
        "listings.xlsx",
        layouts.LISTED_SUBJECTS,
        [*source.organisations(40), *source.persons(40), *listings_at_their_term(source, as_of)],
        BatchStatus.ACCEPTED,
        "the court's list as a workbook: organisations and persons",
    )


def _debtors(seed: int, as_of: date) -> Iterable[_Draft]:
    form = Layout(JUDGMENT_DEBTOR, tuple(Column(head, head, field) for head, field in COURT_HEADERS.items()))
    yield _Draft(
        "debtors.csv",
        form,
        [*judgment_debtors(seed, as_of), *event_debtors(seed, as_of).values()],
        BatchStatus.ACCEPTED,
        "the court's own form: persons and organisations in one identifier column",
    )
    yield _Draft(
        "debtors_masked.csv",
        form,
        masked_debtors(seed, as_of),
        BatchStatus.PARTLY_REJECTED,
        "numbers masked in the shapes of published lists: none can be matched, so they go back",
    )


def _licences(seed: int, as_of: date) -> Iterable[_Draft]:
    yield _Draft(
        "licences.csv",
        LICENCES_OF_ORGANISATIONS,
        [*licences_of_organisations(seed, as_of), *event_licences(seed, as_of).values()],
        BatchStatus.ACCEPTED,
        "the 24-column form: disclosed while they are valid; one past its validity, one no longer valid",
        spelling="codes",
    )
    yield _Draft(
        "licences_of_persons.csv",
        LICENCES_OF_PERSONS,
        licences_of_persons(seed, as_of),
        BatchStatus.ACCEPTED,
        "the 18-column form for natural persons: never in a public mart",
    )


def _watch_list(seed: int, as_of: date) -> Iterable[_Draft]:
    yield _Draft(
        "watch_listings.csv",
        contract_layout(WATCH_LISTING, WATCH_FIELDS),
        [*watch_listings(seed, as_of), *event_watch_listings(seed, as_of).values()],
        BatchStatus.ACCEPTED,
        "a watch list: shared, never published",
    )


def _incentives(seed: int, as_of: date) -> Iterable[_Draft]:
    yield _Draft(
        "incentives.csv",
        contract_layout(INCENTIVE, INCENTIVE_FIELDS),
        [*incentives(seed, as_of), *event_incentives(seed, as_of).values()],
        BatchStatus.ACCEPTED,
        "a list of trustworthy taxpayers: shared for incentives, never a sanction",
    )


def _any_penalties(seed: int, as_of: date) -> Iterable[_Draft]:
    """For a provider that the story does not know: a few clean rows."""
    rows = Penalties(seed, as_of, "market", 2 * _TO_MEND_FIRST).clean(10)
    yield _Draft("penalties.csv", layouts.MERGED_2019, rows, BatchStatus.ACCEPTED, "clean penalties")


_FEEDS_OF: dict[tuple[str, str], Callable[[int, date], Iterable[_Draft]]] = {
    ("jn_market_regulation", PENALTY): _market,
    ("jn_emergency_management", PENALTY): _emergency,
    ("jn_human_resources", PENALTY): _labour,
    ("jn_human_resources", LISTING): _wage_list,
    ("jn_taxation", PENALTY): _tax,
    ("jn_taxation", LISTING): _tax_list,
    ("jn_transport", PENALTY): _transport,
    ("jn_transport", LISTING): _list_of("TRANSPORT"),
    ("jn_intermediate_court", LISTING): _court_list,
}
_OTHERS = {
    PENALTY: _any_penalties,
    LISTING: _list_of("SAFETY_NAT"),
    SUBJECT: _register,
    JUDGMENT_DEBTOR: _debtors,
    LICENCE: _licences,
    WATCH_LISTING: _watch_list,
    INCENTIVE: _incentives,
}


def _events(provider: str, item: str) -> Callable[[int, date], Iterable[_Draft]]:
    """Events about records; nothing for a unit that the story does not know."""

    def draw_up(seed: int, as_of: date) -> Iterable[_Draft]:
        rows = event_rows(provider, item, seed, as_of)
        if rows:
            tells = "what happens to records of the other samples: one of every fate"
            yield _Draft(f"{item}s.csv", _whole_layout(item), rows, BatchStatus.ACCEPTED, tells)

    return draw_up


def _whole_layout(item: str) -> Layout:
    """Every field of an item under the contract's own headers."""
    return contract_layout(item, [field.name for field in load_contract(item).fields])


def _broken_rows(item: str, severity: Severity, clean: Sequence[Row], as_of: date) -> list[Row]:
    """For each rule of this severity that a row can break, one of the clean rows breaking it."""
    contract = load_contract(item)
    rules = [rule for rule in contract.rules if rule.severity is severity and rule.failing is not None]
    companies = [row for row in clean if row["subject_category"] not in ("个体工商户", "自然人")]
    if len(companies) < len(rules):
        raise ValueError(f"{item} has {len(rules)} such rules: draw up more than {len(clean)} clean rows")
    return [rule_dirt(contract, rule).mutate(row, as_of) for rule, row in zip(rules, companies, strict=False)]
