"""Costs of the second stack: counted as the template has it, and stated in the docs as printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench import upkeep
from bench.__main__ import app
from functions.artefact import read_artefact
from functions.drift.store import Folder
from functions.drift.watch import watch
from functions.scoring import Scorer
from tests.stack.conftest import Template, of_type, supervision

__all__ = ["supervision"]


def test_counts_are_those_of_the_template_and_the_daily_job(
    supervision: Callable[..., Template], root: Path, tmp_path: Path
) -> None:
    metrics: dict[str | None, int] = {}
    template = supervision(Stage="prod")
    for alarm in of_type(template, "AWS::CloudWatch::Alarm").values():
        of = alarm.get("Condition")
        parts = alarm["Properties"].get("Metrics", [{"MetricStat": alarm}])
        metrics[of] = metrics.get(of, 0) + sum("MetricStat" in each for each in parts)
    assert metrics == {None: upkeep.ALARMS, "Retrains": 1, "Scores": upkeep.BATCH_ALARMS}
    memory = template["Resources"]["DriftFunction"]["Properties"]["MemorySize"]
    assert memory == pytest.approx(1024 * upkeep.MEMORY)
    scorer = Scorer(read_artefact(root / "model"))
    # Two more of a day with traffic and outcomes.
    assert len(watch(scorer, Folder(tmp_path), "2026-03-01").metrics()) + 2 == upkeep.METRICS


def test_the_sums_are_of_their_parts_and_an_assumption_can_be_replaced() -> None:
    given = {**upkeep.ASSUMED, "alarm": 10.0, "rows": 1000.0, "transition": 3.0}
    assert upkeep.per_month(given)[0] == ("alarms, on 4 metrics", 40.0)
    assert upkeep.of_a_file(given)[0][1] == 1.5
    idle = sum(dollars for _, dollars in upkeep.per_month(given))
    assert f"| in all                                      | {idle:.2f} |" in upkeep.show(given)


def test_the_command_prints_them_and_names_an_unknown_assumption(root: Path) -> None:
    results = ["cost", "--from", str(root / "docs/bench.json"), "--assume"]
    done = CliRunner().invoke(app, [*results, "alarm=10"])
    assert done.exit_code == 0, done.output
    assert upkeep.show({**upkeep.ASSUMED, "alarm": 10.0}) in done.output
    refused = CliRunner().invoke(app, [*results, "alarms=10"])
    assert (refused.exit_code, "alarms" in refused.output) == (2, True)


@pytest.mark.parametrize(
    ("page", "tables"), [("docs/operate.md", slice(0, 3)), ("docs/batch.md", slice(3, 4))]
)
def test_the_docs_hold_what_is_printed(root: Path, page: str, tables: slice) -> None:
    text = (root / page).read_text()
    for each in upkeep.show().split("\n\n")[tables]:
        assert each in text
