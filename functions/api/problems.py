"""Errors as HTTP answers, after RFC 9457."""

from __future__ import annotations

import json
from typing import Any, Final

from starlette.responses import Response

from functions.errors import TITLES, ProblemError

MEDIA_TYPE: Final = "application/problem+json"


def document(error: ProblemError, request_id: str) -> dict[str, Any]:
    """The members of a problem document; `errors` names every fault of the request."""
    return {
        "type": "about:blank",
        "title": TITLES[error.status],
        "status": error.status,
        "detail": error.detail,
        "request_id": request_id,
        "errors": [vars(fault) for fault in error.faults],
    }


def problem(error: ProblemError, request_id: str) -> Response:
    """The answer to a request that failed."""
    return Response(
        json.dumps(document(error, request_id), ensure_ascii=False).encode(),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=dict(error.headers),
    )
