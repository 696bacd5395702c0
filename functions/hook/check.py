"""The periodic check: the API responds through its gateway, and the alias predicts.

Raises on the first fault, so that Lambda counts an error and an alarm sees it.
"""

from __future__ import annotations

import os
import urllib.request
from typing import Any, Final

import boto3

from functions.artefact import read_artefact
from functions.errors import ServingError
from functions.hook.golden import checks
from functions.hook.handler import client_config, send_check
from functions.settings import read_settings

_TIMEOUT: Final = 15.0
"""Seconds for one response: the function's own limit and a cold start."""


class CheckFailedError(ServingError):
    """The API does not respond as its release must."""


def handler(_event: object, _context: object) -> dict[str, Any]:
    """Requests /health of API_URL over HTTPS and a golden prediction from the function ALIAS."""
    url = os.environ["API_URL"] + "health"
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:  # noqa: S310 - https, by template
        if response.status != 200:
            raise CheckFailedError(f"{url}: expected 200, got {response.status}")
    client = boto3.client("lambda", config=client_config(_TIMEOUT, attempts=1))
    golden = checks(read_artefact(read_settings().model), "/check")[-1]
    try:
        fault = golden.fault(send_check(client, os.environ["ALIAS"], golden))
    except ValueError as error:  # the function failed, or its answer cannot be read
        fault = str(error)
    if fault:
        raise CheckFailedError(f"{golden.name}: {fault}")
    return {"checked": [url, golden.name]}
