"""What holds for each page: readable by all, at every width, without a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import OpenTab, Visit, expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

# What each page shows once it is whole.
PAGES = {
    "#.compare=soil": "#comparison tbody tr >> nth=0",
    "model": "#verdict p >> nth=0",
    "docs": "section >> nth=3",
}
BROKEN_WORDS = """() => {
  const broken = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.parentElement.closest("script, style, pre, svg, option")) continue;
    for (const { 0: word, index } of node.data.matchAll(/[\\p{L}\\p{N}_]+/gu)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const tops = [...range.getClientRects()].map((each) => Math.round(each.top));
      if (new Set(tops).size > 1) broken.push(word);
    }
  }
  return broken;
}"""


def open_whole(visit: Visit, address: str) -> Page:
    """The page at an address, all of it loaded and every part unfolded."""
    page = visit.open(address)
    expect(page, PAGES[address]).to_be_attached()
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_no_violation(open_tab: OpenTab, address: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    for width, locale in ((320, "es"), (1280, "en-GB")):
        viewport = {"width": width, "height": 800}
        visit = open_tab(viewport=viewport, locale=locale, color_scheme=scheme)
        found = axe.run(open_whole(visit, address))

        assert found.violations_count == 0, found.generate_report()
        assert visit.faults == []


@pytest.mark.parametrize("locale", ["en-GB", "es"])
@pytest.mark.parametrize("address", PAGES)
def test_at_320_pixels_nothing_is_cut_off_and_no_word_is_broken(
    open_tab: OpenTab, address: str, locale: str
) -> None:
    visit = open_tab(viewport={"width": 320, "height": 700}, locale=locale)
    page = open_whole(visit, address)

    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.evaluate(BROKEN_WORDS) == []


@pytest.mark.parametrize("address", PAGES)
def test_every_part_that_scrolls_can_be_reached_by_keyboard(visit: Visit, address: str) -> None:
    page = open_whole(visit, address)
    unreachable = page.evaluate(
        """() => [...document.querySelectorAll("main *")].filter((each) =>
             each.scrollWidth > each.clientWidth + 1 && each.tabIndex < 0
             && ["auto", "scroll"].includes(getComputedStyle(each).overflowX))
           .map((each) => each.outerHTML.slice(0, 80))"""
    )
    assert unreachable == []


@pytest.mark.parametrize("address", PAGES)
def test_no_heading_of_a_table_is_empty(visit: Visit, address: str) -> None:
    page = open_whole(visit, address)
    headings = page.locator("th").all_text_contents()

    assert headings
    assert all(each.strip() for each in headings)


@pytest.mark.parametrize("address", PAGES)
def test_every_page_has_an_icon_and_loads_nothing_from_elsewhere(
    visit: Visit, address: str
) -> None:
    page = open_whole(visit, address)

    icon = page.locator("link[rel=icon]").get_attribute("href")
    assert icon is not None
    assert icon.startswith("data:image/svg+xml,")
    loaded = page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    assert all(each.startswith("http://here/") for each in loaded)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("", "How many saplings die?"),
        ("model", "How many saplings die?"),
        ("docs", "curl HOST/v1/predict -H 'content-type: application/json' -d '{\"tree\": "),
    ],
)
def test_without_a_script_a_page_still_says_what_it_is(
    open_tab: OpenTab, address: str, text: str
) -> None:
    page = open_tab(java_script_enabled=False).open(address)

    expect(page, "main").to_contain_text(text)
