"""`python -m functions.drift FOLDER`: the daily job on this machine, over a folder of records."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from functions.artefact import read_artefact
from functions.drift.store import Folder
from functions.drift.watch import REPORTS, watch
from functions.errors import ServingError
from functions.scoring import Scorer
from functions.settings import read_settings

SHIFTED = 10
"""Exit code: the model does not hold."""


def main() -> int:
    """0 where the model holds or nothing can be said, 10 where it does not."""
    parser = argparse.ArgumentParser(prog="python -m functions.drift", description=__doc__)
    parser.add_argument("folder", type=Path, help="as the server's --records")
    parser.add_argument("--model", type=Path, help="folder of the model (default: MODEL_PATH)")
    parser.add_argument("--date", help="last day to look at, 2026-05-31 (default: today, UTC)")
    arguments = parser.parse_args()
    date = arguments.date or datetime.now(UTC).date().isoformat()
    try:
        scorer = Scorer(read_artefact(read_settings(model=arguments.model).model))
        findings = watch(scorer, Folder(arguments.folder), date)
    except ServingError as error:
        sys.stderr.write(f"can't judge: {error}\n")
        return 1
    for name, value in findings.metrics().items():
        print(f"{name}={value:g}")
    print(f"report={arguments.folder / REPORTS / f'{date}.html'}")
    return SHIFTED if findings.has_model_drift else 0


if __name__ == "__main__":
    sys.exit(main())
