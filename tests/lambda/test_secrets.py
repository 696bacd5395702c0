"""Whatever is sent, nothing of it that could be secret is ever written."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.events import planted

SECRET = "do-not-write-this-down-4711"


def test_no_key_header_query_or_body_is_in_anything_that_the_runtime_writes(
    start: Callable[..., Any],
) -> None:
    emulator = start(LOG_LEVEL="DEBUG")
    events = planted.events(SECRET)
    answers = [emulator.invoke(event) for event in events]

    assert {answer["statusCode"] for answer in answers} == {200, 400, 404, 405, 415, 422}
    log = emulator.log()
    written = {line["lambda_request_id"] for line in emulator.records() if "message" in line}
    assert len(written) == len(events), "a line for each"
    assert SECRET not in log
    assert "Quercus" not in log, "no body, in whole or in part"
    assert SECRET not in json.dumps([answer["headers"] for answer in answers])
