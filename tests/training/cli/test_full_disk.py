"""A command that runs out of room ends in a sentence that names the file, and leaves none half."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.trial
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("study new more.csv --time Time --event Event --to made", "made/study.toml"),
        ("data simulate --rows 99 --to made", "made/Simulated.csv"),
        ("data fetch --from more.csv", "/more.csv"),
        ("predict rows.csv --out scored.csv --model {root}/model", "scored.csv"),
    ],
)
def test_no_file_is_left_half_written(
    arguments: str, named: str, root: Path, tmp_path: Path, simulated_text: pd.DataFrame
) -> None:
    simulated_text.to_csv(tmp_path / "more.csv", index=False)
    inputs = {"Species": "species", "Soil": "soil", "Light_ISF": "light"}
    simulated_text[list(inputs)].rename(columns=inputs).to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "study.toml").write_bytes((root / "study.toml").read_bytes())
    before = files(tmp_path)
    # 1 kB for each file stand for a disk without room.
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"ulimit -f 1; exec {sys.executable} -m training {arguments}".format(root=root),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert named in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert files(tmp_path) == before
