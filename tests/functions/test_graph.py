"""The graph is loaded or refused by name."""

from __future__ import annotations

from dataclasses import replace

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
