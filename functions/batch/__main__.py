"""Predict for one kind of subject, given by options, or for every row of a CSV.

Exit codes: 0 done; 1 nothing could be scored; 2 wrong arguments; 3 the file was scored, but some of
its rows hold a fault, which stands in their last column.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO

from functions.answers import figures, prediction
from functions.artefact import Artefact, Factor, read_artefact
from functions.batch.csv_file import score_csv
from functions.batch.layout import find_layout
from functions.batch.manifest import Manifest
from functions.batch.rows import RowScorer, parse_number
from functions.batch.single import Language, curve_lines, find_level, sentence
from functions.errors import ServingError
from functions.scoring import Scorer
from functions.settings import read_settings

FAILED: Final = 1
SOME_FAILED: Final = 3
INTERRUPTED: Final = 130
_OWN: Final = ("model", "out", "json", "language", "debug", "help")
_STEP: Final = 1_000_000
"""Rows between two lines of progress where no terminal shows it."""


def main(given: Sequence[str] | None = None) -> int:
    """Runs the command; any failure is one line, unless --debug wants the traceback."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    _add_own(early)
    known, _ = early.parse_known_args(given)
    try:
        scorer = Scorer(read_artefact(read_settings(model=known.model).model))
        return _run(_parser(scorer.artefact), given, scorer)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read standard output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # the edge: one line, and a failing exit code
        if known.debug:
            raise
        sys.stderr.write(f"can't predict: {_explain(error)}\n")
        return FAILED


def _run(parser: argparse.ArgumentParser, given: Sequence[str] | None, scorer: Scorer) -> int:
    arguments = parser.parse_args(given)
    artefact = scorer.artefact
    values = {each.name: vars(arguments)[f"input:{each.name}"] for each in artefact.inputs}
    time = vars(arguments)["time"]
    if time is not None and not 0 <= (at := parse_number(time)) <= artefact.time.horizon:
        limits = f"a number from 0 to {artefact.time.horizon:g}"
        parser.error(f"--{_option(artefact.time.name)}: expected {limits}, got {time!r}")
    at = artefact.time.horizon if time is None else parse_number(time)
    if arguments.file is None:
        if missing := [name for name, value in values.items() if value is None]:
            options = ", ".join(f"--{_option(name)}" for name in missing)
            parser.error(f"give a CSV, or {options}")
        if arguments.out:
            parser.error("--out belongs to a CSV")
        named = {name: find_level(artefact, name, str(text)) for name, text in values.items()}
        return _predict(parser, scorer, named, at, arguments)
    if any(value is not None for value in values.values()):
        parser.error("give a CSV or the inputs of one prediction, not both")
    if arguments.out and arguments.out.resolve() == Path(arguments.file).resolve():
        parser.error("--out: expected another file than the one that is scored")
    return _score_file(scorer, arguments.file, arguments.out, at, arguments.json)


def _parser(artefact: Artefact) -> argparse.ArgumentParser:
    """Options are named after the inputs of the model; one of ours gives way with `input-`."""
    parser = argparse.ArgumentParser(
        prog="predict",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", nargs="?", metavar="FILE.csv", help="rows to score; - reads them")
    _add_own(parser)
    for each in artefact.inputs:
        allowed = (
            f"One of: {', '.join(each.levels)}."
            if isinstance(each, Factor)
            else f"{each.minimum:g} to {each.maximum:g}; seen in training: "
            f"{each.seen[0]:g} to {each.seen[1]:g}."
        )
        parser.add_argument(
            f"--{_option(each.name)}",
            dest=f"input:{each.name}",
            metavar="LEVEL" if isinstance(each, Factor) else "NUMBER",
            help=f"{each.description} {allowed}".replace("%", "%%"),
        )
    time = artefact.time
    text = f"when to predict for, in {time.unit}; default {time.horizon:g}. A column of this name "
    parser.add_argument(
        f"--{_option(time.name)}",
        dest="time",
        metavar="NUMBER",
        help=f"{text}in a CSV is used before it.".replace("%", "%%"),
    )
    return parser


def _add_own(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="folder of the model (default: MODEL_PATH)")
    parser.add_argument(
        "--out", type=Path, metavar="SCORED.csv", help="where to write; standard output otherwise"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the prediction, or the file's manifest, as JSON"
    )
    parser.add_argument(
        "--language", choices=("en", "es"), default="en", help="of the sentence and the curve"
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")


def _option(name: str) -> str:
    return f"input-{name}" if name in _OWN else name


def _predict(
    parser: argparse.ArgumentParser,
    scorer: Scorer,
    values: dict[str, str],
    time: float,
    arguments: argparse.Namespace,
) -> int:
    artefact = scorer.artefact
    rows = RowScorer(scorer, find_layout(list(values), artefact), time)
    if faults := rows.score([0], [tuple(values.values())]).faults:
        parser.error(f"--{faults[0][1]}")
    numbers = {each.name: parse_number(values[each.name]) for each in artefact.numbers}
    inputs: dict[str, Any] = values | numbers
    forecast, curve = scorer.curve(*scorer.encoder.encode([inputs]), time)
    warnings = artefact.warnings + scorer.encoder.warnings(inputs)
    if arguments.json:
        (item,) = figures(forecast, artefact.study.percent)
        answer = prediction(artefact, item, time, curve, warnings)
        print(json.dumps(answer, ensure_ascii=False))
        return 0
    language: Language = arguments.language
    print(sentence(artefact, inputs, time, forecast, language), end="\n\n")
    block = "█" if "utf" in (sys.stdout.encoding or "").lower() else "#"
    print("\n".join(curve_lines(artefact, curve, block, language)))
    for warning in warnings:
        sys.stderr.write(f"{warning}\n")
    return 0


def _score_file(scorer: Scorer, file: str, out: Path | None, time: float, as_json: bool) -> int:
    name = "standard input" if file == "-" else Path(file).name
    with contextlib.ExitStack() as stack:
        source: BinaryIO = (
            sys.stdin.buffer if file == "-" else stack.enter_context(Path(file).open("rb"))
        )
        target = _standard_output() if out is None else stack.enter_context(_replacing(out))
        with _progress() as progress:
            manifest = score_csv(source, target, scorer, name=name, time=time, progress=progress)
    text = json.dumps(manifest.document(), ensure_ascii=False)
    if out is not None:
        with _replacing(out.with_name(f"{out.name}.manifest.json")) as written:
            written.write(f"{text}\n")
    if as_json:
        print(text, file=sys.stderr if out is None else sys.stdout)
    else:
        _summarise(manifest, out)
    return SOME_FAILED if manifest.failed else 0


def _summarise(manifest: Manifest, out: Path | None) -> None:
    for row, rule in manifest.failed_rows[:10]:
        sys.stderr.write(f"row {row}: {rule}\n")
    if manifest.failed > 10:
        sys.stderr.write(f"and {manifest.failed - 10:,} more rows with a fault\n")
    for warning in manifest.artefact.warnings:
        sys.stderr.write(f"{warning}\n")
    where = f" to {out}" if out else ""
    sys.stderr.write(
        f"Scored {manifest.rows - manifest.failed:,} of {manifest.rows:,} rows{where}; "
        f"model {manifest.artefact.version}.\n"
    )


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    """A file that takes its place when it is whole, or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as target:
            yield target
        part.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, error.filename or str(path)) from error
    finally:
        part.unlink(missing_ok=True)


def _standard_output() -> TextIO:
    """Where CSV may be written: in UTF-8, with the line ends that were given."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    return sys.stdout


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """Shows the number of rows: in place on a terminal, else once in a million."""
    terminal = sys.stderr.isatty()
    shown = 0

    def show(rows: int) -> None:
        nonlocal shown
        if terminal:
            sys.stderr.write(f"\r{rows:,} rows")
        elif rows - shown >= _STEP:
            shown = rows
            sys.stderr.write(f"{rows:,} rows\n")

    yield show
    if terminal:
        sys.stderr.write("\r\033[K")


def _explain(error: Exception) -> str:
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}"
    if isinstance(error, ServingError):
        return str(error)
    return f"unexpected {type(error).__name__}: {error}; --debug shows where"


if __name__ == "__main__":
    sys.exit(main())
