"""The graph is loaded or refused by name."""

from __future__ import annotations

from dataclasses import replace

import onnxruntime
import pytest

from functions.errors import ArtefactError
from functions.graph import Graph, first_line
from functions.scoring import Scorer


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "one"),
        (ValueError("x" * 500), "x" * 200),
        (ValueError(), "ValueError"),
    ],
)
def test_an_error_is_shown_in_one_short_line(error: Exception, line: str) -> None:
    assert first_line(error) == line


def test_a_damaged_graph_is_refused_with_its_cause(scorer: Scorer) -> None:
    with pytest.raises(ArtefactError, match=r"model\.onnx: expected an intact graph, got .+"):
        Graph(replace(scorer.artefact, graph=scorer.artefact.graph[:-40]))


def test_a_session_has_one_thread_and_optimises_nothing(scorer: Scorer) -> None:
    options = Graph(scorer.artefact)._session.get_session_options()

    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
