"""What `train` prints of the model it made."""

from __future__ import annotations

from pathlib import Path

from tests.training import samples
from training.cli.model import SHOWN_VISITS, summary_tables
from training.evaluation.cross_validation import recipes
from training.pipeline.train import train


def test_calibration_is_printed_from_the_first_visit_to_the_last(tmp_path: Path) -> None:
    study = samples.battery(model={"search": {"C": [1.0]}})
    table = samples.simulated_trial(study, tmp_path, rows=400)
    candidate = train(study, "0" * 64, table, recipes(study, 1), jobs=1)
    _, by_visit = summary_tables(candidate)

    headers = [column.header for column in by_visit.columns]
    visits = [f"{visit:g}" for visit in candidate.periods.visits if visit > 0]
    assert len(visits) > SHOWN_VISITS
    assert (headers[0], headers[1], headers[-1]) == ("week", visits[0], visits[-1])
    assert len(headers) == 1 + SHOWN_VISITS
