"""GET as HTTP has it, for every route: HEAD, an ETag, and 304 for a client that has the content."""

from __future__ import annotations

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Reading:
    """ASGI middleware: holds a response to GET back until it is whole, since all are small."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        head, request = scope["method"] == "HEAD", Headers(scope=scope)
        # The server's own scope keeps its method: by that it knows that no body follows.
        inner = {**scope, "method": "GET"}
        start: Message = {}
        body = b""

        async def hold(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body", False):
                return
            if start["status"] == 200:
                body = _revalidated(request, start, body)
            await send(start)
            await send({**message, "body": b"" if head else body})

        try:
            await self.app(inner, receive, hold)
        finally:
            scope["route"] = inner.get("route")


def _revalidated(request: Headers, start: Message, body: bytes) -> bytes:
    """The body, or nothing where the client has it; the start says which, and how long it holds."""
    headers = MutableHeaders(raw=start["headers"])
    if "no-store" in headers.get("cache-control", ""):
        return body
    # A cache may keep it, one person's if it took a key, and has to revalidate it each time.
    private = "private, " if "x-api-key" in request else ""
    headers.setdefault("cache-control", f"{private}no-cache")
    tag = headers.setdefault("etag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    given = ",".join(request.getlist("if-none-match"))
    known = [each.strip().removeprefix("W/") for each in given.split(",")]
    if tag.removeprefix("W/") in known or known == ["*"]:
        start["status"] = 304
        for name in ("content-length", "content-type"):
            del headers[name]
        return b""
    return body
