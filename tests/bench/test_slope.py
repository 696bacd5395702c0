"""The models of the slope have as many inputs and levels as their figures say, and are served."""

from __future__ import annotations

from pathlib import Path

from bench import payloads, slope
from functions.artefact import read_artefact
from functions.scoring import Scorer


def test_each_model_is_what_its_figure_says(tmp_path: Path) -> None:
    models = slope.write_models(tmp_path)

    assert len(models) == len(slope.INPUTS) + len(slope.LEVELS)
    for figure, folder in models.items():
        kind, count = figure.split("_")
        scorer = Scorer(read_artefact(folder))
        artefact = scorer.artefact
        row = payloads.row(model=folder)
        forecast, curve = scorer.curve(*scorer.encoder.encode([row]), artefact.time.horizon)
        assert forecast.average.shape == (1, 3)
        assert curve.shape == (len(artefact.time.visits), 3)
        if kind == "inputs":
            assert len(artefact.inputs) == int(count)
            assert len(artefact.numbers) == int(count) // 2
        else:
            assert [len(each.levels) for each in artefact.factors] == [int(count)] * slope.FACTORS
