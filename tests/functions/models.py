"""Models of studies that nobody made, written as training writes them: contract 2."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

T, SIZE = 1.9432, 12


@dataclass(frozen=True)
class Sketch:
    """A study, and how its curve behaves."""

    factors: Mapping[str, Sequence[str]]
    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Each with the range it was seen in."""
    allowed: tuple[float, float] = (-10.0, 10.0)
    visits: Sequence[float] = (0.0, 1.0, 2.0, 3.0, 4.0)
    ends: Sequence[float] = (2.0, 3.0, 4.0)
    steps: bool = True
    stand: bool = True
    rows: str = "patients"
    outcome: str = "relapse"
    time: str = "month"
    refits: int = 7
    texts: str = "text"

    def write(self, folder: Path) -> Path:
        """Writes the model into a folder; returns it."""
        folder.mkdir(parents=True, exist_ok=True)
        graph = self._graph()
        digest = hashlib.sha256(graph).hexdigest()
        metadata = {**self._metadata(), "model": {"sha256": digest, "bytes": len(graph)}}
        (folder / "model.onnx").write_bytes(graph)
        (folder / "metadata.json").write_text(json.dumps(metadata, ensure_ascii=False), "utf-8")
        return folder

    def hazards(self, row: Mapping[str, Any]) -> Any:
        """Hazards of one row in double precision, [periods, 1 + refits]."""
        odds = self._base().astype(float)
        for name, levels in self.factors.items():
            odds = odds + self._table(name)[list(levels).index(row[name])]
        for name in self.numbers:
            odds = odds + row[name] * self._slope(name)
        return 1 / (1 + np.exp(-odds))

    def by_hand(self, row: Mapping[str, Any], time: float) -> list[float]:
        """Percent and both intervals, step by step as the contract has them."""
        hazard = self.hazards(row)
        survival = np.ones(1 + self.refits)
        start, period = 0.0, 0
        for i, end in enumerate(self.ends):
            if self.steps:
                survival = survival * (1 - hazard[i]) if end <= time else survival
                period = i if end <= time else period
            else:
                passed = min(max((time - start) / (end - start), 0.0), 1.0)
                survival = survival * (1 - hazard[i]) ** passed
                period = i if start < time else period
            start = end
        risk = 1 - survival
        if risk[0] == 0:
            return [0.0] * (5 if self.stand else 3)
        clipped = np.clip(risk, 1e-6, 1 - 1e-6)
        odds = np.log(clipped / (1 - clipped))
        error = np.sqrt((self.refits - 1) / self.refits * ((odds[1:] - odds[0]) ** 2).sum())
        low, high = (_expit(odds[0] + sign * T * error) for sign in (-1, 1))
        figures = [risk[0], min(low, risk[0]), max(high, risk[0])]
        if self.stand:
            half = T * np.sqrt(error**2 + self._spread()[period] ** 2)
            point = _expit(odds[0])
            noise = 1.6449 * np.sqrt(point * (1 - point) / SIZE) + 0.5 / SIZE
            below, above = point - _expit(odds[0] - half), _expit(odds[0] + half) - point
            figures += [
                max(0, point - np.sqrt(below**2 + noise**2)),
                min(1, point + np.sqrt(above**2 + noise**2)),
            ]
        return [100 * float(figure) for figure in figures]

    def row(self, place: int) -> dict[str, Any]:
        """Inputs within the range seen; other places give other ones."""
        levels = {name: each[place % len(each)] for name, each in self.factors.items()}
        numbers = {
            name: round(low + (high - low) * (place * 0.37 % 1), 3)
            for name, (low, high) in self.numbers.items()
        }
        return {**levels, **numbers}

    def _draw(self, name: str, *shape: int) -> Any:
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
        drawn = np.random.default_rng(seed).normal(size=(*shape, len(self.ends), 1))
        refits = np.random.default_rng(seed + 1).normal(
            scale=0.2, size=(*shape, len(self.ends), 1 + self.refits)
        )
        refits[..., 0] = 0
        return (drawn + refits).astype(np.float32)

    def _base(self) -> Any:
        return self._draw("base") - np.float32(2)

    def _table(self, name: str) -> Any:
        return self._draw(name, len(self.factors[name]))

    def _slope(self, name: str) -> Any:
        return self._draw(name)

    def _spread(self) -> list[float]:
        return [0.3 + 0.2 * i for i in range(len(self.ends))]

    def _graph(self) -> bytes:
        nodes, constants, inputs = [], [numpy_helper.from_array(self._base(), "base")], []
        total = "base"
        for kind, names in (("codes", list(self.factors)), ("numbers", list(self.numbers))):
            if not names:
                continue
            element = TensorProto.INT64 if kind == "codes" else TensorProto.FLOAT
            inputs.append(helper.make_tensor_value_info(kind, element, ["n", len(names)]))
            for i, name in enumerate(names):
                column, part, after = f"{kind}_{i}", f"{kind}_{i}_part", f"{kind}_{i}_sum"
                constants.append(numpy_helper.from_array(np.array(i, np.int64), f"{column}_at"))
                nodes.append(helper.make_node("Gather", [kind, f"{column}_at"], [column], axis=1))
                values = self._table(name) if kind == "codes" else self._slope(name)
                constants.append(numpy_helper.from_array(values, f"{column}_values"))
                if kind == "codes":
                    nodes.append(helper.make_node("Gather", [f"{column}_values", column], [part]))
                else:
                    shape = numpy_helper.from_array(np.array([-1, 1, 1], np.int64), f"{column}_as")
                    constants.append(shape)
                    nodes.append(helper.make_node("Reshape", [column, shape.name], [f"{column}_n"]))
                    product = [f"{column}_n", f"{column}_values"]
                    nodes.append(helper.make_node("Mul", product, [part]))
                nodes.append(helper.make_node("Add", [total, part], [after]))
                total = after
        nodes.append(helper.make_node("Sigmoid", [total], ["hazard"]))
        answered: list[str | int | None] = ["n", len(self.ends), 1 + self.refits]
        output = helper.make_tensor_value_info("hazard", TensorProto.FLOAT, answered)
        graph = helper.make_graph(nodes, "hazard", inputs, [output], constants)
        opset = helper.make_opsetid("", 17)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=9)
        return bytes(model.SerializeToString(deterministic=True))

    def _metadata(self) -> dict[str, Any]:
        text = {"en": self.texts, "es": self.texts}
        nouns = {language: {"one": self.rows[:-1], "many": self.rows} for language in text}
        factors = [
            {
                "name": name,
                "kind": "factor",
                "label": text,
                "description": text,
                "levels": [{"name": each, "label": {"en": each, "es": each}} for each in levels],
            }
            for name, levels in self.factors.items()
        ]
        numbers = [
            {
                "name": name,
                "kind": "number",
                "label": text,
                "description": text,
                "unit": None,
                "minimum": self.allowed[0],
                "maximum": self.allowed[1],
                "seen": list(seen),
                "step": 0.1,
                "stops": [],
            }
            for name, seen in self.numbers.items()
        ]
        spread = {"level": 0.9, "t": T, "size": SIZE, "by": None, "spread": self._spread()}
        return {
            "contract": 2,
            "study": {
                "name": "sketch",
                "sha256": "0" * 64,
                "title": text,
                "summary": text,
                "limits": text,
                "rows": self.rows,
                "row": nouns,
                "outcome": self.outcome,
                "outcome_label": {"en": self.outcome, "es": self.outcome},
                "answer": text,
                "source": "nowhere",
                "group": nouns if self.stand else None,
                "stand": text if self.stand else None,
            },
            "inputs": [*factors, *numbers],
            "time": {
                "name": self.time,
                "unit": {each: {"one": self.time, "many": f"{self.time}s"} for each in text},
                "horizon": self.visits[-1],
                "curve": "steps" if self.steps else "continuous",
                "visits": list(self.visits),
                "period_ends": list(self.ends),
            },
            "interval": {
                "level": 0.9,
                "method": "jackknife",
                "groups": "declared" if self.stand else "random",
                "refits": self.refits,
                "t": T,
            },
            "stand_interval": spread if self.stand else None,
            "metrics": {},
            "gate": {"verdict": "promote"},
            "data": {"source": "custom", "md5": "0" * 32, "files": {}, "rows": 9, "subjects": 9},
            "golden": [self._golden(i) for i in range(6)],
        }

    def _golden(self, place: int) -> dict[str, Any]:
        row, time = self.row(place), round(self.visits[-1] * (1 - 0.15 * place), 3)
        percent, low, high, *stand = (round(each, 4) for each in self.by_hand(row, time))
        return {
            "inputs": row,
            self.time: time,
            f"{self.outcome}_percent": percent,
            "interval_90": [low, high],
            "stand_interval_90": stand or None,
        }


def _expit(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))


STUDIES = {
    "factors and a number, steps": Sketch(
        {"arm": ["placebo", "drug"], "stage": ["I", "II", "III"]}, {"age": (-2.0, 3.0)}
    ),
    "one factor, continuous": Sketch(
        {"arm": ["placebo", "drug"]}, steps=False, visits=[i / 10 for i in range(41)]
    ),
    "one number, no groups": Sketch({}, {"dose": (0.0, 1.0)}, stand=False),
    "two numbers, continuous, no groups": Sketch(
        {}, {"dose": (0.0, 1.0), "age": (-5.0, 5.0)}, steps=False, stand=False
    ),
    "one level, one period": Sketch({"arm": ["only"]}, ends=(4.0,)),
    "names of every kind": Sketch(
        {
            "größe": ["100 %", 'a "quote"', "</script><script>alert(1)</script>", "ñandú", " "],
            "copy": ["%s", "{{facts}}", "<!--", "\u2028", "'"],
            "model_dump": ["x", "y"],
            "prediction": ["a", "b"],
        },
        {"json": (0.0, 1.0)},
        texts='100 % "quoted" </script> {{style}} ñ \u2028',
        rows="sätze",
        time="año",
        outcome="éxito",
    ),
}

SEEDLINGS = Sketch(
    {
        "species": ["Acer saccharum", "Prunus serotina", "Quercus alba", "Quercus rubra"],
        "soil": ["Acer rubrum", "Quercus rubra", "Sterile"],
    },
    {"light": (0.03, 0.16)},
    allowed=(0.0, 1.0),
    visits=[3.5 * i for i in range(34)],
    ends=(24.5, 49.0, 80.5, 115.5),
    rows="seedlings",
    outcome="mortality",
    time="day",
)
"""Asked as the trial is, so that tests which name inputs hold whatever study.toml declares."""
