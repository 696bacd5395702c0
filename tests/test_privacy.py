"""No library reports home, and none leaves a file behind, because ours was imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = {
    "serving": "from functions.artefact import read_artefact; "
    "from functions.scoring import Scorer; "
    "from pathlib import Path; Scorer(read_artefact(Path('model')))",
    "training": "from training.model import export, folder; import onnxruntime; "
    "onnxruntime.InferenceSession('model/model.onnx')",
}


@pytest.mark.parametrize("half", SCRIPTS)
def test_loading_the_model_writes_nothing_anywhere(half: str, root: Path, tmp_path: Path) -> None:
    # Continuous integration would silence the report by itself and hide a regression.
    kept = ("PATH", "LANG", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if key in kept}
    environment |= {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPTS[half]],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*")) == []
