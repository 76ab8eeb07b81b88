"""The page in a real browser: it shows, prints on A4 and asks nothing of the network."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from creditgate.report import write_page
from tests.report_builders import a_blocked_report, a_contract, a_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

CONTRAST = """
() => {
  const parse = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const channel = value => { value /= 255; return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *:not(svg *)")) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.push([element.textContent.trim().slice(0, 20), ratio.toFixed(2)]);
  }
  return weak;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def page(browser: sync_api.Browser) -> Iterator[sync_api.Page]:
    context = browser.new_context(java_script_enabled=True, viewport={"width": 1100, "height": 900})
    yield context.new_page()
    context.close()


def opened(page: sync_api.Page, folder: Path, report=None) -> sync_api.Page:
    report = report or a_report({"FILE-009": [0], "TT-002": [2, 3, 4], "TT-005": [1]}, rows=9)
    page.goto(write_page(report, a_contract(), folder / "report.html").as_uri())
    return page


def test_page_asks_nothing_of_the_network_and_logs_no_error(page: sync_api.Page, tmp_path: Path) -> None:
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    opened(page, tmp_path)
    assert [url for url in asked if not url.startswith("file:")] == []
    assert errors == []


def test_page_has_one_title_and_headings_in_order(page: sync_api.Page, tmp_path: Path) -> None:
    opened(page, tmp_path)
    levels = page.eval_on_selector_all("h1, h2, h3", "all => all.map(e => Number(e.tagName[1]))")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_page_has_enough_contrast(page: sync_api.Page, tmp_path: Path) -> None:
    opened(page, tmp_path)
    assert page.evaluate(CONTRAST) == []
    opened(page, tmp_path, a_blocked_report("血型"))
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [1280, 800, 390])
def test_page_fits_the_window(page: sync_api.Page, tmp_path: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, tmp_path)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_chart_shows_a_bar_for_each_rule(page: sync_api.Page, tmp_path: Path) -> None:
    opened(page, tmp_path)
    widths = page.eval_on_selector_all("svg .fill", "bars => bars.map(b => b.getBoundingClientRect().width)")
    assert len(widths) == 2
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.02)


def test_page_prints_on_a4(page: sync_api.Page, tmp_path: Path) -> None:
    printed = opened(page, tmp_path).pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed or b"/MediaBox [0 0 595" in printed


def test_page_reads_the_same_without_scripts(browser: sync_api.Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    text = opened(context.new_page(), tmp_path).locator("main").inner_text()
    context.close()
    assert "部分退回：接收 6 行，退回 3 行" in text
