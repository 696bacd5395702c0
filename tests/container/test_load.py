"""Sixteen clients at once over HTTP: each is given the answer to its own question."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from functions import artefact
from functions.scoring import Scorer
from tests.container.conftest import post
from tests.events import questions

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

CLIENTS, CALLS = 16, 25


def test_sixteen_clients_are_each_given_their_own_answers_over_http(api: str, root: Path) -> None:
    scorer = Scorer(artefact.read(root / "model"))

    def ask(client: int) -> None:
        for turn in range(CALLS):
            question = questions.question(scorer.artefact, client * CALLS + turn)
            answer = post(f"{api}/v1/predict", json.dumps(question).encode())
            questions.check(scorer, question, json.loads(answer))

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, range(CLIENTS)))
