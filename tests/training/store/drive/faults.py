"""Faults that can be injected, and the shape of Drive's errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Request:
    """One request after TLS: `query` is flat, the last value of a name winning."""

    host: str
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = field(default=b"", repr=False)

    @classmethod
    def read(
        cls, host: str, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> Request:
        parts = urlsplit(target)
        query = parts.query
        if override := headers.get("x-http-method-override"):
            # A search too long for an address comes as a form.
            method, query, body = override, body.decode(), b""
        flat = {name: values[-1] for name, values in parse_qs(query).items()}
        return cls(host, method, parts.path, flat, headers, body)

    @property
    def is_upload(self) -> bool:
        """Whether it carries a file's bytes."""
        return self.method == "PUT" and "upload_id" in self.query

    @property
    def is_download(self) -> bool:
        return self.query.get("alt") == "media"

    @property
    def is_token(self) -> bool:
        return self.path == "/token"

    @property
    def is_change(self) -> bool:
        """Whether it would create, change or delete something."""
        return self.method != "GET" and not self.is_token


@dataclass(frozen=True)
class Reply:
    """A response; `body` is JSON unless the headers say otherwise."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: Any, status: int = HTTPStatus.OK) -> Reply:
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def refusal(
    status: int,
    reason: str,
    message: str,
    *,
    domain: str = "global",
    location: str = "",
    kind: str = "parameter",
) -> Reply:
    """The JSON of Drive's error responses; `kind` is the type of the location."""
    detail = {"domain": domain, "reason": reason, "message": message}
    if location:
        detail |= {"locationType": kind, "location": location}
    return Reply.of({"error": {"code": status, "message": message, "errors": [detail]}}, status)


class Hang:
    """Instead of a response: none, until the client gives up."""


class Drop:
    """Instead of a response: the connection breaks in the middle of the body."""


@dataclass
class Fault:
    """Gives `answer` to the next `times` requests that match `strikes`."""

    strikes: Callable[[Request], bool]
    answer: Reply | Hang | Drop
    times: int = 1
