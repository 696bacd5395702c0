"""Smoke tests: requests to a deployed API over HTTP, as a client would send them."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlsplit

import httpx

from deploy.errors import ReleaseError
from deploy.stack import Log
from functions.artefact import Artefact
from functions.hook.golden import Answer, Check, checks

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
NEW_API: Final = 600.0
"""Seconds in which a new stage and a new key become known to all of API Gateway."""
KNOWN_API: Final = 90.0
_TIMEOUT: Final = 30.0
"""Seconds for one response: API Gateway gives a function 29."""
_PROGRESS: Final = 15.0
"""Seconds between two lines of progress while waiting."""


def run_smoke_tests(
    url: str,
    key: str,
    artefact: Artefact,
    log: Log,
    *,
    patience: float = KNOWN_API,
    pause: float = 1.0,
) -> bool:
    """Whether an API serves the release of this model; logs one line per check.

    Waits up to `patience` seconds until the API responds at all; after that each request is sent
    once. Raises ReleaseError if the URL or the key is unusable, or if nothing responds in time.
    """
    base, prefix, local = _parse_url(url)
    if not local and not key:
        raise ReleaseError("API_KEY is not set, and /v1 does not answer without a key")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ReleaseError("API_KEY holds a space or a special character, which no key does")
    # No redirect is followed: the key must not leave for another host.
    with httpx.Client(base_url=base, timeout=_TIMEOUT, follow_redirects=False) as client:
        _wait_until_up(client, key, log, patience, pause)
        wanted = list(checks(artefact, prefix))
        if local:
            log("skip  no answer without a key: there is no gateway on this machine")
        else:
            wanted.insert(0, _KEYLESS)
        passed = True
        for check in wanted:
            try:
                fault = check.fault(_send(client, "" if check is _KEYLESS else key, check))
            except httpx.HTTPError as error:
                fault = f"no answer ({error})"
            passed &= not fault
            log(f"FAIL  {check.name}: {fault}" if fault else f"ok    {check.name}")
    return passed


def _parse_url(url: str) -> tuple[str, str, bool]:
    """The URL without its final slash, its path, and whether it is of this machine."""
    try:
        parts = urlsplit(url)
        local = parts.hostname in LOOPBACK
        usable = parts.hostname and parts.scheme in (("http", "https") if local else ("https",))
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment:
        raise ReleaseError(
            f"{url} is not the URL of an API; expected https://HOST/STAGE/, "
            "or http://127.0.0.1:PORT on this machine"
        )
    return url.rstrip("/"), parts.path.rstrip("/"), local


def _wait_until_up(client: httpx.Client, key: str, log: Log, patience: float, pause: float) -> None:
    started = time.monotonic()
    announced = started
    for path in ("/health", "/v1/model"):
        probe = Check(path, "GET", path, None, lambda _: None)
        while True:
            try:
                status = _send(client, key, probe).status
                seen = f"status {status}"
            except httpx.HTTPError as error:
                status, seen = 0, str(error)
            if status == 200:
                break
            now = time.monotonic()
            if now - started > patience:
                raise ReleaseError(f"{client.base_url}{path[1:]} did not answer in time: {seen}")
            if now - announced >= _PROGRESS:
                announced = now
                log(f"wait  {path}: {seen}, {now - started:.0f} of {patience:.0f} seconds")
            time.sleep(pause)


def _send(client: httpx.Client, key: str, check: Check) -> Answer:
    response = client.request(
        check.method,
        check.path,
        content=check.body.encode() if check.body else None,
        headers={"content-type": "application/json"} | ({"x-api-key": key} if key else {}),
    )
    media_type = response.headers.get("content-type", "").partition(";")[0].strip()
    return Answer(response.status_code, media_type, response.text)


def _require_forbidden(answer: Answer) -> None:
    if answer.status != 403:
        raise ValueError(f"status: expected 403, got {answer.status}")


_KEYLESS: Final = Check("no answer without a key", "GET", "/v1/model", None, _require_forbidden)
