"""The nodes of the ONNX graph: sums of tables for linear models, skl2onnx's for others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.arrays import Floats
from training.errors import ExportError
from training.model.design import Columns
from training.model.hazard import FittedHazard


@dataclass(frozen=True)
class LogOddsTable:
    """A part of the log-odds that depends on some factors: [levels..., periods, models]."""

    inputs: tuple[int, ...]
    """Positions of the factors that its first axes belong to, rising."""
    values: Floats

    def spread_over(self, inputs: tuple[int, ...]) -> Floats:
        """The values with an axis for each of more factors."""
        shape = [self.values.shape[self.inputs.index(i)] if i in self.inputs else 1 for i in inputs]
        return self.values.reshape(*shape, *self.values.shape[-2:])


@dataclass
class Nodes:
    """Nodes and constants of a graph in the making."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    initializers: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, values: Any) -> str:
        """Adds a constant unless it is there; returns its name."""
        if all(each.name != name for each in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Adds a node unless its output is there; returns the name of the output."""
        if all(output not in each.output for each in self.nodes):
            self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def row_of(self, tables: Sequence[tuple[int, ...]], columns: Columns, name: str) -> str:
        """Row of each table for each subject: [n], or [n, tables] of several laid end to end."""
        if not columns.levels:
            first = self.add("Gather", ["numbers", self.constant("first", 0)], "number", axis=1)
            nothing = self.add("Mul", [first, self.constant("nothing", np.float32(0))], "nothings")
            return self.add("Cast", [nothing], "zeros", to=TensorProto.INT64)
        strides = np.zeros((len(columns.levels), len(tables)), np.int64)
        offsets, total = [], 0
        for column, inputs in enumerate(tables):
            step = 1
            for i in reversed(inputs):
                strides[i, column] = step
                step *= columns.levels[i]
            offsets.append(total)
            total += step
        if len(tables) == 1:
            stride = self.constant(f"{name}_strides", strides[:, 0])
            return self.add("MatMul", ["codes", stride], f"{name}_row")
        stride = self.constant(f"{name}_strides", strides)
        within = self.add("MatMul", ["codes", stride], f"{name}_within")
        offset = self.constant(f"{name}_offsets", np.array(offsets, np.int64))
        return self.add("Add", [within, offset], f"{name}_row")

    def standardised(self, columns: Columns) -> str:
        """The numbers as they enter the design, [n, numbers]."""
        # Not folded into the tables: (x - centre) loses no digits where the centre is large.
        centre = self.constant("centre", np.array(columns.centre, np.float32))
        scale = self.constant("scale", np.array(columns.scale, np.float32))
        centred = self.add("Sub", ["numbers", centre], "centred")
        return self.add("Div", [centred, scale], "standard")

    def product(self, numbers: tuple[int, ...], columns: Columns) -> str:
        """The product of some standardised numbers, [n, 1, 1]."""
        standard, name = self.standardised(columns), ""
        for number in numbers:
            place = self.constant(f"place_{number}", np.array([[number]]))
            column = self.add("Gather", [standard, place], f"number_{number}", axis=1)
            joined = f"{name}_{number}" if name else column
            name = self.add("Mul", [name, column], joined) if name else column
        return name

    def table_sum(self, tables: Sequence[LogOddsTable], columns: Columns, name: str) -> str:
        """What all tables say of each subject, added up: [n, periods or 1, models]."""
        rows = self.row_of([each.inputs for each in tables], columns, name)
        flat = [each.values.reshape(-1, *each.values.shape[-2:]) for each in tables]
        values = self.constant(f"{name}_table", np.concatenate(flat).astype(np.float32))
        found = self.add("Gather", [values, rows], f"{name}_values", axis=0)
        if len(tables) == 1:
            return found
        axis = self.constant("tables_axis", np.array([1]))
        return self.add("ReduceSum", [found, axis], f"{name}_sum", keepdims=0)


def folded(models: Sequence[FittedHazard]) -> Nodes:
    """Logistic regressions: log-odds as a sum of tables, some of them times numbers."""
    columns = models[0].columns
    coefficients = np.stack([np.asarray(m.classifier.coef_, np.float64)[0] for m in models], -1)
    intercept = np.array([float(m.classifier.intercept_[0]) for m in models])
    by_numbers: dict[tuple[int, ...], list[LogOddsTable]] = {
        (): [LogOddsTable((), np.tile(intercept, (columns.periods, 1)))]
    }
    for offset, block in zip(columns.offsets, columns.blocks, strict=True):
        values = block.weight * coefficients[offset : offset + block.width][block.lookup]
        by_numbers.setdefault(tuple(sorted(block.numbers)), []).append(
            LogOddsTable(block.inputs, values)
        )

    made = Nodes()
    total = made.table_sum(_merged(by_numbers.pop(())), columns, "factors")
    alone: list[tuple[str, Floats]] = []
    for numbers, tables in sorted(by_numbers.items()):
        merged = [_without_periods(table) for table in _merged(tables)]
        if not merged[0].inputs:
            alone.append((made.product(numbers, columns), merged[0].values))
            continue
        name = "slope_" + "_".join(map(str, numbers))
        slope = made.table_sum(_alike(merged), columns, name)
        part = made.add("Mul", [slope, made.product(numbers, columns)], f"{name}_part")
        total = made.add("Add", [total, part], f"{name}_total")
    if alone:
        total = made.add("Add", [total, _numbers_alone(made, alone)], "log_odds")
    made.add("Sigmoid", [total], "hazard")
    return made


def _numbers_alone(made: Nodes, parts: Sequence[tuple[str, Floats]]) -> str:
    """Numbers whose slope depends on no factor, by one product of matrices."""
    slopes = [values for _, values in parts]
    periods = max(values.shape[0] for values in slopes)
    matrix = np.stack([np.broadcast_to(v, (periods, v.shape[1])).reshape(-1) for v in slopes])
    side_by_side = made.add("Concat", [name for name, _ in parts], "numbers_alone", axis=2)
    weights = made.constant("slopes", matrix.astype(np.float32))
    flat = made.add("MatMul", [side_by_side, weights], "numbers_flat")
    shape = made.constant("numbers_shape", np.array([-1, periods, slopes[0].shape[1]]))
    return made.add("Reshape", [flat, shape], "numbers_part")


def _merged(tables: Sequence[LogOddsTable]) -> list[LogOddsTable]:
    """As few tables: one whose factors are among another's is added to that one."""
    merged: list[LogOddsTable] = []
    for table in sorted(tables, key=lambda each: (-len(each.inputs), each.inputs)):
        for place, other in enumerate(merged):
            if set(table.inputs) <= set(other.inputs):
                values = other.values + table.spread_over(other.inputs)
                merged[place] = LogOddsTable(other.inputs, values)
                break
        else:
            merged.append(table)
    return merged


def _without_periods(table: LogOddsTable) -> LogOddsTable:
    """The same with one period where all are alike: the graph then moves less."""
    first = table.values[..., :1, :]
    return LogOddsTable(table.inputs, first) if (table.values == first).all() else table


def _alike(tables: Sequence[LogOddsTable]) -> list[LogOddsTable]:
    """Tables with one number of periods, so that they can be laid end to end."""
    periods = max(table.values.shape[-2] for table in tables)
    return [
        LogOddsTable(
            t.inputs, np.broadcast_to(t.values, (*t.values.shape[:-2], periods, t.values.shape[-1]))
        )
        for t in tables
    ]


def converted(models: Sequence[FittedHazard], opset: int) -> Nodes:
    """Any other classifier: the design matrix looked up in the graph, then skl2onnx's nodes."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    columns = models[0].columns
    made = Nodes()
    x = _design_matrix(made, columns)
    hazards = []
    for i, model in enumerate(models):
        try:
            part = to_onnx(
                model.classifier,
                initial_types=[(x, FloatTensorType([None, columns.width]))],
                options={"zipmap": False},
                target_opset={"": opset, "ai.onnx.ml": 1},
            )
        except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
            raise ExportError(
                f"{type(model.classifier).__name__} can't be written as ONNX by skl2onnx: "
                f"{str(error)[:200]}. Use another estimator."
            ) from error
        body = onnx.compose.add_prefix(part, f"m{i}/", rename_inputs=False).graph
        made.nodes += body.node
        made.initializers += body.initializer
        second = made.constant("happening", np.array([1]))
        happening = made.add("Gather", [f"m{i}/probabilities", second], f"m{i}/happening", axis=1)
        shape = made.constant("hazard_shape", np.array([-1, columns.periods, 1]))
        hazards.append(made.add("Reshape", [happening, shape], f"m{i}/hazard"))
    made.add("Concat", hazards, "hazard", axis=2)
    return made


_X: Final = "x"


def _design_matrix(made: Nodes, columns: Columns) -> str:
    """The dense design matrix, [n x periods, columns]."""
    blocks = []
    for i, block in enumerate(columns.blocks):
        cells = prod(columns.levels[j] for j in block.inputs)
        one_hot = block.weight * np.eye(block.width)[block.lookup.reshape(cells, columns.periods)]
        rows = made.row_of([block.inputs], columns, f"block_{i}")
        table = made.constant(f"block_{i}_table", one_hot.astype(np.float32))
        part = made.add("Gather", [table, rows], f"block_{i}_columns", axis=0)
        if block.numbers:
            product = made.product(tuple(sorted(block.numbers)), columns)
            part = made.add("Mul", [part, product], f"block_{i}_part")
        blocks.append(part)
    matrix = made.add("Concat", blocks, "matrix", axis=2)
    shape = made.constant("matrix_shape", np.array([-1, columns.width]))
    return made.add("Reshape", [matrix, shape], _X)
