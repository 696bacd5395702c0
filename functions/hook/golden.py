"""What every release must answer: the golden predictions of its model, and a few more."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from functions.artefact import Artefact, Golden
from functions.errors import ArtefactError

TOLERANCE: Final = 0.006
"""Percentage points: what the model may differ by (0.001), and half of what the API rounds to."""


@dataclass(frozen=True)
class Answer:
    """A response over HTTP, or the function's as if it had been."""

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
            message = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            return message.splitlines()[0] if message else type(error).__name__
        return ""


def checks(artefact: Artefact, prefix: str) -> tuple[Check, ...]:
    """Every check of a release of this model; `prefix` is the path of the API's root.

    Raises ArtefactError for a model without golden predictions: nothing could be compared.
    """
    if not artefact.golden:
        raise ArtefactError("golden", "none", "at least one prediction")
    first = artefact.inputs[0].name
    invalid = json.dumps({**artefact.example, first: None})
    return (
        Check("health, with the right model", "GET", "/health", None, _is_healthy(artefact)),
        *(
            Check(f"page {path}, with the right base", "GET", path, None, _is_page(prefix))
            for path in ("/", "/model", "/docs")
        ),
        Check(
            "a bad request is a 422 that names it", "POST", "/v1/predict", invalid, _names(first)
        ),
        *(
            Check(
                f"golden[{i}] {_inputs(case)}, {artefact.time.name} {case.time:g}",
                "POST",
                "/v1/predict",
                json.dumps({**case.inputs, artefact.time.name: case.time}),
                _predicts(artefact, case),
            )
            for i, case in enumerate(artefact.golden)
        ),
    )


def _inputs(case: Golden) -> str:
    return ", ".join(f"{name} {value}" for name, value in case.inputs.items())


def _is_healthy(artefact: Artefact) -> Callable[[Answer], None]:
    def judge(answer: Answer) -> None:
        body = _read(answer, 200, "application/json")
        _expect("status", body["status"], "ok")
        _expect_model(artefact, body)

    return judge


def _is_page(prefix: str) -> Callable[[Answer], None]:
    def judge(answer: Answer) -> None:
        _expect("the status", answer.status, 200)
        _expect("the content type", answer.media_type, "text/html")
        base = f'<base href="{prefix}/">'
        if base not in answer.body:
            raise ValueError(f"the page does not hold {base}")

    return judge


def _names(field: str) -> Callable[[Answer], None]:
    def judge(answer: Answer) -> None:
        body = _read(answer, 422, "application/problem+json")
        _expect("status", body["status"], 422)
        _expect("the field at fault", [fault["field"] for fault in body["errors"]], [field])

    return judge


def _predicts(artefact: Artefact, case: Golden) -> Callable[[Answer], None]:
    time, percent = artefact.time.name, artefact.study.percent
    expected = [case.percent, *case.interval_90, *(case.stand_interval_90 or ())]

    def judge(answer: Answer) -> None:
        body = _read(answer, 200, "application/json")
        _expect_model(artefact, body)
        _expect(time, body[time], case.time)
        found = [body[percent], *body["interval_90"], *(body["stand_interval_90"] or ())]
        if not _near(found, expected):
            raise ValueError(f"{percent} and intervals: expected {expected}, got {found}")

    return judge


def _near(found: Sequence[float], expected: Sequence[float]) -> bool:
    # Written so that a NaN is far from everything.
    return len(found) == len(expected) and all(
        abs(a - b) <= TOLERANCE for a, b in zip(found, expected, strict=True)
    )


def _expect_model(artefact: Artefact, body: dict[str, Any]) -> None:
    if body["model"]["data"] == "simulated":
        raise ValueError("the model was trained on SIMULATED data")
    _expect("model", body["model"], artefact.identity)


def _read(answer: Answer, status: int, media_type: str) -> dict[str, Any]:
    _expect("the status", answer.status, status)
    _expect("the content type", answer.media_type, media_type)
    body: dict[str, Any] = json.loads(answer.body)
    return body


def _expect(name: str, found: object, expected: object) -> None:
    if found != expected:
        raise ValueError(f"{name}: expected {expected!r}, got {found!r}")
