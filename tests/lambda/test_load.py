"""Many clients at once: each is given the answer to its own question."""

from __future__ import annotations

import json
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from functions.artefact import read_artefact
from functions.scoring import Scorer
from tests.events import expected, questions

CLIENTS, CALLS, ENVIRONMENTS = 16, 20, 4


def test_sixteen_clients_are_each_given_their_own_answers(
    start: Callable[..., Any], root: Path
) -> None:
    scorer = Scorer(read_artefact(root / "model"))
    # As Lambda does: an environment has one call at a time, and whoever comes takes a free one.
    # The emulator is one environment, and falls over where two calls reach it at once.
    free: queue.Queue[Any] = queue.Queue()
    for _ in range(ENVIRONMENTS):
        free.put(start())

    def ask(client: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        answers = []
        for turn in range(CALLS):
            question = questions.question(scorer.artefact, client * CALLS + turn)
            event = {**expected.event("predict"), "body": json.dumps(question)}
            environment = free.get()
            try:
                answers.append((question, json.loads(environment.invoke(event)["body"])))
            finally:
                free.put(environment)
        return answers

    with ThreadPoolExecutor(CLIENTS) as pool:
        answered = [pair for pairs in pool.map(ask, range(CLIENTS)) for pair in pairs]

    assert len(answered) == CLIENTS * CALLS
    for question, answer in answered:
        questions.check(scorer, question, answer)
