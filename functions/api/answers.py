"""Answers as JSON text: what is the same in each is written once, when the app is made."""

from __future__ import annotations

import json
from typing import Final

from functions.artefact import Artefact
from functions.scoring import Mortality, Percents

SIMULATED: Final = (
    "The model was trained on SIMULATED data: its answers say nothing of real seedlings."
)
_ITEM: Final = '{"mortality_percent":%.2f,"interval_90":[%.2f,%.2f],"warnings":%s}'
_POINT: Final = '{{"day":{},"mortality_percent":%.2f}}'


class Answers:
    """The answers of one model. Percentages have two decimals; days are as they were asked."""

    def __init__(self, artefact: Artefact) -> None:
        self._light_seen = artefact.light_seen
        marks = [SIMULATED] if artefact.source == "simulated" else []
        model = to_json({"version": artefact.version, "data": artefact.source})
        self._marks = marks
        self.model = model
        points = ",".join(map(_POINT.format, artefact.census_days))
        self._prediction = (
            '{"mortality_percent":%.2f,"interval_90":[%.2f,%.2f],"day":%r,'
            f'"curve":[{points}],"warnings":%s,"model":{_literally(model)}}}'
        )
        self._batch = (
            '{"day":%r,"predictions":[%s],'
            f'"warnings":{_literally(to_json(marks))},"model":{_literally(model)}}}'
        )

    def prediction(self, answer: Mortality, curve: Percents, light: float, day: float) -> bytes:
        """The answer for the one seedling that was asked about, `light` as it was asked."""
        said = self._marks + self._warnings(light)
        warnings = to_json(said) if said else "[]"
        percents = *answer.percent, *answer.low, *answer.high
        text = self._prediction % (*percents, day, *curve, warnings)
        return text.encode()

    def batch(self, answer: Mortality, lights: list[float], day: float) -> bytes:
        """The answers for many seedlings, in their order, without curves."""
        said = map(self._warnings, lights)
        warnings = [to_json(each) if each else "[]" for each in said]
        columns = zip(answer.percent, answer.low, answer.high, warnings, strict=True)
        rows = ",".join(map(_ITEM.__mod__, columns))
        return (self._batch % (day, rows)).encode()

    def _warnings(self, light: float) -> list[str]:
        low, high = self._light_seen
        if low <= light <= high:
            return []
        edge = low if light < low else high
        return [
            f"light {light:g} is outside the range seen in training, {low:g} to {high:g}; "
            f"this is the answer for {edge:g}."
        ]


def to_json(content: object) -> str:
    """JSON text without spaces."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _literally(text: str) -> str:
    """Text that stands as it is in a template of the `%` operator."""
    return text.replace("%", "%%")
