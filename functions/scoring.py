"""Mortality from the model's hazards: the curve, any day of it, and its 90 % interval."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from functions.artefact import INPUTS, Artefact
from functions.errors import ArtefactError

Floats = npt.NDArray[np.float64]

LEVEL: Final = 0.90
TOLERANCE: Final = 0.001
"""Percentage points by which an answer may differ from its golden one."""
_MAX_HAZARD: Final = np.float32(1 - 2**-24)


@dataclass(frozen=True)
class Mortality:
    """Percent dead by a day: the model's answer and its interval, each [n]."""

    percent: Floats
    low: Floats
    high: Floats


class Scorer:
    """A loaded model. It keeps no state between calls, so one may serve any number."""

    def __init__(self, artefact: Artefact) -> None:
        """Loads the graph and asks it its golden questions; raises ArtefactError."""
        self.artefact = artefact
        self._session = _session(artefact.graph)
        self._census_fractions = _fractions(artefact, artefact.census_days)
        self._day_fractions = lru_cache(maxsize=256)(lambda day: _fractions(artefact, (day,))[:, 0])
        # Counted from both ends: as many refits lie outside on either side.
        self._rank = int((1 - LEVEL) / 2 * (artefact.refits - 1))
        self._check()

    def mortality(
        self, species: list[int], soil: list[int], light: list[float], day: float
    ) -> Mortality:
        """Percent dead by a day for n seedlings, given as codes and light within the range seen."""
        return self._by(self._log_alive(species, soil, light), day)

    def curve(self, species: int, soil: int, light: float, day: float) -> tuple[Mortality, Floats]:
        """The same for one seedling, and its percent dead on every day of the census grid."""
        log_alive = self._log_alive([species], [soil], [light])
        curve: Floats = 100 * (1.0 - np.exp(log_alive[0, :, 0] @ self._census_fractions))
        return self._by(log_alive, day), curve

    def _log_alive(self, species: list[int], soil: list[int], light: list[float]) -> Floats:
        """Log of the probability of living through each period, [n, periods, 1 + refits]."""
        (hazard,) = self._session.run(
            ["hazard"],
            {
                "species": np.array(species, np.int64),
                "soil": np.array(soil, np.int64),
                "light": np.array(light, np.float32),
            },
        )
        # A hazard rounded to 1 would make the log infinite, and 0 of it not a number.
        log_alive: Floats = np.log1p(-np.minimum(hazard, _MAX_HAZARD), dtype=np.float64)
        return log_alive

    def _by(self, log_alive: Floats, day: float) -> Mortality:
        dead: Floats = 100 * (1.0 - np.exp(self._day_fractions(day) @ log_alive))
        percent, refits = dead[:, 0], dead[:, 1:]
        refits.sort(axis=1)
        return Mortality(
            percent=percent,
            low=np.minimum(refits[:, self._rank], percent),
            high=np.maximum(refits[:, -1 - self._rank], percent),
        )

    def _check(self) -> None:
        """Asks the golden questions of the graph that was just loaded."""
        artefact = self.artefact
        if not artefact.golden:
            raise ArtefactError("golden", "empty", "at least one question")
        for i, case in enumerate(artefact.golden):
            try:
                codes = artefact.species.index(case.species), artefact.soils.index(case.soil)
                answer, curve = self.curve(*codes, case.light, case.day)
                found = [answer.percent[0], answer.low[0], answer.high[0]]
                expected = [float(case.mortality_percent), *map(float, case.interval_90)]
                same = np.allclose(found, expected, rtol=0, atol=TOLERANCE)
            except Exception as error:  # the start-up's edge: whatever is wrong with either file
                said = f"not answerable ({_first_line(error)})"
                raise ArtefactError(f"golden[{i}]", said, "an answer") from error
            if not same or np.isnan(curve).any():
                said = ", ".join(f"{value:.4f}" for value in found)
                raise ArtefactError(f"golden[{i}]", said, expected)


def _session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One small graph: threads would cost more to wake than they save.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base but this
        said = f"not loadable ({_first_line(error)})"
        raise ArtefactError("model.onnx", said, "an intact graph") from error
    asked = [each.name for each in session.get_inputs()]
    answered = [each.name for each in session.get_outputs()]
    if asked != list(INPUTS) or answered != ["hazard"]:
        raise ArtefactError("model.onnx", (asked, answered), (list(INPUTS), ["hazard"]))
    return session


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _fractions(artefact: Artefact, days: tuple[float, ...]) -> Floats:
    """Share of each period that has passed by each day, [periods, days].

    A period's hazard is spread geometrically over its days, so log survival at a day is
    the sum over periods of log(1 - hazard) times this share.
    """
    ends = np.array(artefact.period_end_days)
    starts = np.concatenate([[0.0], ends[:-1]])
    share: Floats = (np.array(days) - starts[:, None]) / (ends - starts)[:, None]
    return share.clip(0.0, 1.0)
