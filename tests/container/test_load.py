"""Sixteen clients at once over HTTP: each is given the answer to its own question."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from functions.artefact import read_artefact
from functions.scoring import Scorer
from tests.container.conftest import post
from tests.events import questions

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

CLIENTS, CALLS = 16, 25


def test_sixteen_clients_are_each_given_their_own_answers_over_http(api: str, root: Path) -> None:
    scorer = Scorer(read_artefact(root / "model"))

    def ask(client: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        answers = []
        for turn in range(CALLS):
            question = questions.question(scorer.artefact, client * CALLS + turn)
            answer = post(f"{api}/v1/predict", json.dumps(question).encode())
            answers.append((question, json.loads(answer)))
        return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        answered = [pair for pairs in pool.map(ask, range(CLIENTS)) for pair in pairs]

    assert len(answered) == CLIENTS * CALLS
    for question, answer in answered:  # a scorer takes one question at a time
        questions.check(scorer, question, answer)
