"""`python -m functions.drift FOLDER`: the daily job on this machine, over a folder of records."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from functions.artefact import Artefact, read_artefact
from functions.drift.outcomes import KnownOutcome
from functions.drift.store import Folder
from functions.drift.watch import REPORTS, known_outcomes, watch
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
    parser.add_argument(
        "--outcomes", type=Path, metavar="FILE.csv", help="write every subject's last outcome too"
    )
    arguments = parser.parse_args()
    date = arguments.date or datetime.now(UTC).date().isoformat()
    try:
        scorer = Scorer(read_artefact(read_settings(model=arguments.model).model))
        store = Folder(arguments.folder)
        findings = watch(scorer, store, date)
        if arguments.outcomes:
            _write_outcomes(arguments.outcomes, scorer.artefact, known_outcomes(store, date))
    except (ServingError, OSError) as error:
        sys.stderr.write(f"can't judge: {error}\n")
        return 1
    for name, value in findings.metrics().items():
        print(f"{name}={value:g}")
    print(f"report={arguments.folder / REPORTS / f'{date}.html'}")
    return SHIFTED if findings.has_model_drift else 0


def _write_outcomes(path: Path, artefact: Artefact, outcomes: Sequence[KnownOutcome]) -> None:
    """One row each: inputs by their names, `happened` 1 or 0, and its time or the last one seen."""
    names = [each.name for each in artefact.inputs]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["subject", "group", *names, artefact.time.name, "happened"])
        for each in outcomes:
            inputs = [each.inputs.get(name, "") for name in names]
            row = [each.name, each.group or "", *inputs, f"{each.time:g}", int(each.happened)]
            writer.writerow(row)


if __name__ == "__main__":
    sys.exit(main())
