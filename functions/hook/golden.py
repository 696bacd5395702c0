"""What every release must answer: the golden questions of its own model, and a few about itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions.artefact import Artefact, Golden
from functions.errors import ArtefactError

TOLERANCE: Final = 0.006
"""Percentage points: what the model may differ by (0.001), and half of what the API rounds to."""
_INPUTS: Final = ("species", "soil", "light", "day")


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP, or from the function as if it had."""

    status: int
    media_type: str
    body: str


@dataclass(frozen=True)
class Check:
    """A request, and the judge of its answer."""

    name: str
    method: str
    path: str
    body: str | None
    judge: Callable[[Answer], None]
    """Raises ValueError where the answer is wrong."""

    def fault(self, answer: Answer) -> str:
        """What is wrong with an answer, in one line; nothing where it is right."""
        try:
            self.judge(answer)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            said = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            return said.splitlines()[0] if said else type(error).__name__
        return ""


def checks(artefact: Artefact, prefix: str) -> tuple[Check, ...]:
    """Every check of a release of this model; `prefix` is the path that the API stands under.

    Raises ArtefactError for a model without golden questions: nothing could be said of it.
    """
    if not artefact.golden:
        raise ArtefactError("golden", "empty", "at least one question")
    invalid = json.dumps({"species": "none", "soil": artefact.soils[0], "light": 0.1})
    return (
        Check("health, with the right model", "GET", "/health", None, _healthy(artefact)),
        Check("docs, which find their description", "GET", "/docs", None, _documented(prefix)),
        Check("a bad request is a 422 that names it", "POST", "/v1/predict", invalid, _refused),
        *(
            Check(
                f"golden[{i}] {case.species} in {case.soil}, day {case.day:g}",
                "POST",
                "/v1/predict",
                json.dumps({name: getattr(case, name) for name in _INPUTS}),
                _predicted(artefact, case),
            )
            for i, case in enumerate(artefact.golden)
        ),
    )


def _healthy(artefact: Artefact) -> Callable[[Answer], None]:
    def judge(answer: Answer) -> None:
        said = _read(answer, 200, "application/json")
        _expect("status", said["status"], "ok")
        _expect_model(artefact, said)

    return judge


def _documented(prefix: str) -> Callable[[Answer], None]:
    def judge(answer: Answer) -> None:
        _expect("the status", answer.status, 200)
        base = f'<base href="{prefix}/">'
        if base not in answer.body:
            raise ValueError(f"the page does not hold {base}")

    return judge


def _refused(answer: Answer) -> None:
    said = _read(answer, 422, "application/problem+json")
    _expect("status", said["status"], 422)
    _expect("the field at fault", [fault["field"] for fault in said["errors"]], ["species"])


def _predicted(artefact: Artefact, case: Golden) -> Callable[[Answer], None]:
    expected = [case.mortality_percent, *case.interval_90]

    def judge(answer: Answer) -> None:
        said = _read(answer, 200, "application/json")
        _expect_model(artefact, said)
        _expect("day", said["day"], case.day)
        found = [said["mortality_percent"], *said["interval_90"]]
        if not _near(found, expected):
            raise ValueError(f"mortality and interval are {found}; {expected} is needed")

    return judge


def _near(found: Sequence[float], expected: Sequence[float]) -> bool:
    # Written so that a NaN is far from everything.
    return len(found) == len(expected) and all(
        abs(a - b) <= TOLERANCE for a, b in zip(found, expected, strict=True)
    )


def _expect_model(artefact: Artefact, said: dict[str, Any]) -> None:
    if said["model"]["data"] == "simulated":
        raise ValueError("the model was trained on SIMULATED data")
    needed = {"version": artefact.version, "data": artefact.source}
    _expect("model", said["model"], needed)


def _read(answer: Answer, status: int, media_type: str) -> dict[str, Any]:
    _expect("the status", answer.status, status)
    _expect("the content type", answer.media_type, media_type)
    said: dict[str, Any] = json.loads(answer.body)
    return said


def _expect(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise ValueError(f"{name} is {found!r}; {expected!r} is needed")
