"""Gateway events as Mangum can read them: what is no HTTP event is refused here, before it.

Headers that a proxy added are only used where they are what they should be, so whatever raises
after this is a failure of ours.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

Event = dict[str, Any]

ROOT_PATH: Final = "root_path"
"""The member that a readable event has beside the gateway's own."""
_HOST: Final = re.compile(r"[^:]*(:[0-9]{1,5})?")
_PORT: Final = re.compile(r"[0-9]{1,5}")


class UnknownEventError(ValueError):
    """The event is not an HTTP request from a gateway."""


def read_event(event: Any) -> Event:
    """The event with what Mangum reads, checked; raises UnknownEventError for any other kind."""
    if not isinstance(event, dict) or not isinstance(event.get("requestContext"), dict):
        raise UnknownEventError("no request context")
    context: Event = event["requestContext"]
    is_base64 = bool(event.get("isBase64Encoded"))
    common = {
        "body": _read_body(event.get("body"), is_base64),
        "isBase64Encoded": is_base64,
        ROOT_PATH: stage_prefix(event),
    }
    if isinstance(http := context.get("http"), dict):
        method, path = _text(http.get("method")), _text(http.get("path"))
        source = http.get("sourceIp")
        return {
            **common,
            "version": "2.0",
            "headers": _read_headers(event.get("headers"), None),
            "cookies": _texts(event.get("cookies")),
            "rawQueryString": _encodable(event.get("rawQueryString") or ""),
            "requestContext": {
                "requestId": context.get("requestId"),
                "http": {"method": method, "path": path, "sourceIp": source},
            },
        }
    request = {
        **common,
        "httpMethod": _text(event.get("httpMethod")),
        "path": _text(event.get("path")),
    }
    if "elb" in context:
        return request | _load_balanced(event)
    if common[ROOT_PATH]:
        request["path"] = f"{common[ROOT_PATH]}{_own_path(event)}"  # ASGI wants the whole of it
    query = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters")
    identity = context.get("identity")
    source = identity.get("sourceIp") if isinstance(identity, dict) else None
    return request | {
        "resource": "/",
        "headers": _read_headers(event.get("headers"), event.get("multiValueHeaders")),
        "queryStringParameters": _read_query(query),
        "requestContext": {
            "requestId": context.get("requestId"),
            "identity": {"sourceIp": source},
        },
    }


def stage_prefix(event: Event) -> str:
    """The part of the path before the app's own: a stage or the base path of a domain."""
    context = event["requestContext"]
    if isinstance(http := context.get("http"), dict):
        route = str(event.get("routeKey")).partition(" ")[2]  # after the method; $default has none
        whole, own = str(http.get("path")), _filled(route, event)
        if own and whole.endswith(own):
            return whole.removesuffix(own)
        prefix = f"/{context.get('stage', '$default')}"
        return prefix if f"{whole}/".startswith(f"{prefix}/") else ""
    whole, own = str(context.get("path")).rstrip("/"), _own_path(event).rstrip("/")
    return whole.removesuffix(own) if whole.startswith("/") and whole.endswith(own) else ""


def _own_path(event: Event) -> str:
    """A REST request's path by its route: the event's own may begin with a domain's base path."""
    path, own = str(event.get("path")), _filled(str(event.get("resource")), event)
    return own if path.endswith(own) else path


def _filled(route: str, event: Event) -> str:
    """The path of a route with its parameter filled in."""
    parameters = event.get("pathParameters")
    if isinstance(parameters, dict):
        return route.replace("{proxy+}", str(parameters.get("proxy")).lstrip("/"))
    return route


def _load_balanced(event: Event) -> Event:
    """The parts of a load balancer's event that differ; its headers may be lists."""
    several = event.get("multiValueHeaders")
    headers = _read_headers(event.get("headers"), several)
    lists = {"multiValueHeaders": {name: [value] for name, value in headers.items()}}
    query = event.get("multiValueQueryStringParameters") or event.get("queryStringParameters")
    return {
        "requestContext": {"elb": {}},
        "headers": headers,
        **(lists if several else {}),
        "queryStringParameters": _read_query(query),
    }


def _read_headers(single: object, several: object) -> dict[str, str]:
    """Headers by name in lower case; a host or port that is none is left out."""
    given = several or single or {}
    if not isinstance(given, dict):
        raise UnknownEventError("headers that are not an object")
    try:
        headers = {
            name.lower(): value if type(value) is str else ", ".join(value)
            for name, value in given.items()
        }
        _encodable("".join(headers) + "".join(headers.values()))
    except (AttributeError, TypeError) as error:
        raise UnknownEventError("headers that are not texts") from error
    if not _HOST.fullmatch(headers.get("host", "")):
        del headers["host"]
    if "x-forwarded-port" in headers:
        # Two proxies make a list; Mangum takes a number.
        port = headers["x-forwarded-port"].partition(",")[0].strip()
        if _PORT.fullmatch(port):
            headers["x-forwarded-port"] = port
        else:
            del headers["x-forwarded-port"]
    if headers.get("x-forwarded-proto", "https") not in ("http", "https"):
        del headers["x-forwarded-proto"]
    return headers


def _read_query(query: object) -> dict[str, str | list[str]]:
    """Parameters with their values; one without a value has an empty one."""
    if query is None:
        return {}
    if not isinstance(query, dict):
        raise UnknownEventError("a query that is not an object")
    return {
        _encodable(name): _texts(value) if isinstance(value, list) else _encodable(value or "")
        for name, value in query.items()
    }


def _read_body(body: object, is_base64: bool) -> str:
    text = _encodable(body or "")
    if not is_base64:
        return text
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode()
    except (binascii.Error, ValueError) as error:
        raise UnknownEventError("the body is not base64") from error


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnknownEventError("not a list")
    return [_encodable(each) for each in value]


def _encodable(value: object) -> str:
    """A text that UTF-8 can hold: half of a surrogate pair it can't."""
    text = _text(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise UnknownEventError("not Unicode text") from error
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise UnknownEventError("not a text")
    return value
