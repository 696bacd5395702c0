"""The tables of a run, and the page with those of the last one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench import charts, report, slope
from bench.__main__ import KEPT, PAGE
from bench.results import Results, Scored


def test_a_table_has_aligned_columns() -> None:
    shown = report.table(["what", "how much"], [["a", "1"], ["bcd ef", "22"]])
    assert shown.splitlines() == [
        "| what   | how much |",
        "| ------ | -------: |",
        "| a      |        1 |",
        "| bcd ef |       22 |",
    ]


def test_figures_are_shown_by_peer_with_their_ratios(results: Results) -> None:
    rows = [re.split(r"\s*\|\s*", line)[1:-1] for line in report.figures(results).splitlines()]
    assert ["Cold start under the emulator, ms", *rows[2][1:]] == rows[2]
    assert rows[2][1:] == ["250 (200 to 300)", "1,000", "200", "0.250", "1.25"]
    assert rows[-1][1:] == ["10.0", "8.00", "-", "1.25", "-"], "µs per row of 1,000"


def test_a_missed_target_is_marked(results: Results) -> None:
    shown = report.targets(results)
    assert re.search(r"ratio to floor +\| +≤ 1.05 \| +1.25 \| +\*\*no\*\* \|", shown)
    assert re.search(
        r"Image above its base, ratio to naive +\| +≤ 0.5 \| +- \| +not measured \|", shown
    )


def test_what_an_input_and_a_level_add_is_shown_in_microseconds(results: Results) -> None:
    assert report.slope(results) == "Not measured."
    for count in slope.INPUTS:
        results.note(f"inputs_{count}", "ours", 0.2 + 0.002 * (count - 1))
    for count in slope.LEVELS:
        results.note(f"levels_{count}", "ours", 0.25)

    shown = report.slope(results)
    rows = [re.split(r"\s*\|\s*", line)[1:-1] for line in shown.splitlines() if line[:1] == "|"]
    assert rows[2] == ["1", "4", "200", "1.00", "2.00"]
    assert rows[2 + len(slope.INPUTS)] == ["3", "2", "250", "1.25", "2.50"]
    assert len(rows) == 2 + len(slope.INPUTS) + len(slope.LEVELS)
    assert shown.splitlines()[-1] == (
        "A further input adds 2.00 µs to a call; 200 levels take 1.00 times as long as 2."
    )


def test_rows_of_a_csv_are_shown_by_second_of_the_processor(results: Results) -> None:
    assert report.batch(results) == "Not measured."
    results.batch = [Scored(10_000, 0.25, 70.0), Scored(1_000_000, 5.0, 71.0)]
    rows = [re.split(r"\s*\|\s*", line)[1:-1] for line in report.batch(results).splitlines()]
    assert rows[2:] == [
        ["10,000", "0.250", "40,000", "70.0"],
        ["1,000,000", "5.00", "200,000", "71.0"],
    ]


def test_the_targets_met_are_counted(results: Results) -> None:
    assert report.targets(results).splitlines()[-1] == "4 of 9 measured targets are met."


def test_only_marked_blocks_are_generated(results: Results) -> None:
    page = "before\n<!-- layers -->\nold\n<!-- end of layers -->\nafter\n"
    new = report.render_page(page, results)

    assert new.startswith("before\n<!-- layers -->\n\n| layer ")
    assert new.endswith("\n\n<!-- end of layers -->\nafter\n")
    assert "old" not in new
    assert report.render_page(new, results) == new


def test_an_unknown_marker_is_an_error(results: Results) -> None:
    with pytest.raises(KeyError, match="weather"):
        report.render_page("<!-- weather -->\n<!-- end of weather -->", results)


def test_the_page_s_tables_match_its_results(root: Path) -> None:
    page = (root / PAGE).read_text()
    assert report.render_page(page, Results.load(root / KEPT)) == page
    assert set(re.findall(r"<!-- (\w+) -->", page)) == set(report.BLOCKS), "every table is there"


def test_the_page_s_charts_match_its_results(root: Path, tmp_path: Path) -> None:
    results = Results.load(root / KEPT)
    charts.draw(results, tmp_path)
    shown = re.findall(rf"\]\({charts.FOLDER}/([\w.]+)\)", (root / PAGE).read_text())

    assert sorted(shown) == sorted(path.name for path in tmp_path.iterdir())
    for name in shown:
        kept = (root / PAGE).parent / charts.FOLDER / name
        assert kept.stat().st_size < 60_000
        assert re.findall(r">([^<>]+)</text>", kept.read_text()) == re.findall(
            r">([^<>]+)</text>", (tmp_path / name).read_text()
        )
