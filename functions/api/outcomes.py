"""Outcomes as callers report them, checked for what a schema cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from functions.records import ReportedOutcome

NOT_KEPT: Final = "Outcomes are not recorded here."
ONE_OF: Final = "exactly one of request_id and inputs is required"


class OutcomesAccepted(BaseModel):
    """How many outcomes were recorded."""

    accepted: int


def read_outcomes(body: Mapping[str, Any], time: str) -> list[ReportedOutcome]:
    """The outcomes of a validated body, whose field `time` says when each was last seen.

    Raises RequestValidationError for every one that names its prediction twice or not at all.
    """
    faults = [
        {"type": "value_error", "loc": ("body", "outcomes", i), "msg": ONE_OF, "input": each}
        for i, each in enumerate(body["outcomes"])
        if ("request_id" in each) == ("inputs" in each)
    ]
    if faults:
        raise RequestValidationError(faults)
    return [
        ReportedOutcome(
            request_id=each.get("request_id"),
            row=int(each.get("row", 0)),
            inputs=each.get("inputs"),
            subject=each.get("subject"),
            group=each.get("group"),
            time=each[time],
            fate=each["outcome"],
        )
        for each in body["outcomes"]
    ]
