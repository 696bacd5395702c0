"""Asks a deployed API over HTTP what its release must answer, as a client would."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from deploy.errors import ReleaseError
from functions.artefact import Artefact
from functions.hook.golden import Answer, Check, checks

_HERE: Final = ("127.0.0.1", "localhost", "::1")
_SECONDS_FOR_ONE: Final = 30.0
"""One more than API Gateway gives a function."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the key must not leave for another host."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def smoke(
    url: str, key: str, artefact: Artefact, tell: Callable[[str], None], *, patience: float = 90.0
) -> bool:
    """Whether an API is the release of this model; tells of each check in a line.

    A new stage and a new key take a while to be known everywhere, so `patience` seconds are
    given until the API answers at all. After that everything is asked once. Raises
    ReleaseError where the address or the key can't be used, or nothing answers in time.
    """
    base, prefix, local = _address(url)
    if not local and not key:
        raise ReleaseError("API_KEY is not set, and /v1 does not answer without a key")
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ReleaseError("API_KEY holds what no key holds: a space or a special character")
    _wait(base, key, time.monotonic() + patience)

    wanted = list(checks(artefact, prefix))
    if local:
        tell("skip  no answer without a key: that is the gateway's part, and there is none here")
    else:
        wanted.insert(0, _KEYLESS)
    well = True
    for check in wanted:
        try:
            fault = check.fault(_ask(base, "" if check is _KEYLESS else key, check))
        except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
            fault = f"no answer ({error})"
        well &= not fault
        tell(f"FAIL  {check.name}: {fault}" if fault else f"ok    {check.name}")
    return well


def _address(url: str) -> tuple[str, str, bool]:
    try:
        parts = urlsplit(url)
        local = parts.hostname in _HERE
        usable = parts.hostname and parts.scheme in (("http", "https") if local else ("https",))
    except ValueError:
        usable = False
    if not usable or parts.username or parts.query or parts.fragment:
        raise ReleaseError(
            f"{url} is not the address of an API: https://HOST/STAGE/ is needed, "
            "or http://127.0.0.1:PORT for one on this machine"
        )
    return url.rstrip("/"), parts.path.rstrip("/"), local


def _wait(base: str, key: str, deadline: float) -> None:
    for path in ("/health", "/v1/model"):
        knock = Check(path, "GET", path, None, lambda _: None)
        while True:
            try:
                said = f"status {(status := _ask(base, key, knock).status)}"
            except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
                status, said = 0, str(error)
            if status == 200:
                break
            if time.monotonic() > deadline:
                raise ReleaseError(f"{base}{path} did not answer in time: {said}")
            time.sleep(1)


def _ask(base: str, key: str, check: Check) -> Answer:
    request = urllib.request.Request(  # noqa: S310 - _address let only http and https through
        base + check.path,
        check.body.encode() if check.body else None,
        {"content-type": "application/json"} | ({"x-api-key": key} if key else {}),
        method=check.method,
    )
    opener = urllib.request.build_opener(_Stay)
    try:
        with opener.open(request, timeout=_SECONDS_FOR_ONE) as answer:
            return _answer(answer)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error)


def _answer(answer: Any) -> Answer:
    return Answer(answer.status, answer.headers.get_content_type(), answer.read().decode())


def _forbidden(answer: Answer) -> None:
    if answer.status != 403:
        raise ValueError(f"the status is {answer.status}; 403 is needed")


_KEYLESS: Final = Check("no answer without a key", "GET", "/v1/model", None, _forbidden)
