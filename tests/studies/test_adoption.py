"""A study of one's own takes the place of the released one: as docs/your-own-study.md says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.studies.data import study_file, write_data
from tests.training import scratch


@pytest.mark.xdist_group("adoption")
def test_a_study_that_takes_the_released_one_s_place_is_trained_judged_and_released(
    root: Path, tmp_path: Path
) -> None:
    checkout = scratch.make(tmp_path, root)
    shutil.copy(study_file("gbsg2"), checkout.path / "study.toml")
    write_data("gbsg2", checkout.path / "data")
    checkout.dvc("add", "--quiet", "data")
    checkout.training("store", "push", "data.dvc")
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--message", "Our own study")

    output = checkout.training(
        "retrain", "--reason", "the first model", "--search", "1", "--jobs", "1"
    )
    page = (root / "docs/your-own-study.md").read_text(encoding="utf-8")
    (promised,) = (line for line in page.splitlines() if line.startswith("Promoted: "))
    assert promised in output
    metadata = json.loads((checkout.path / "model/metadata.json").read_text())
    assert metadata["study"]["name"] == "breast-cancer"
    assert metadata["data"] == {**metadata["data"], "source": "custom", "rows": 686}
    assert "reason: the first model" in checkout.git("show", "HEAD:model.dvc")

    clone = checkout.clone("stranger")
    served = clone.training("model", "get")
    assert "pulled from the remote 'released'" in served
    assert json.loads((clone.path / "model/metadata.json").read_text()) == metadata
