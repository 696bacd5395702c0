"""Every event of this folder, and every hostile body, with a secret wherever one can hide."""

from __future__ import annotations

import json
from typing import Any

from tests.events import expected
from tests.events.hostile import CORPUS, Hostile

LARGEST = 200_000
"""Bytes of a body; larger ones show nothing more and take long."""


def events(secret: str) -> list[dict[str, Any]]:
    """Events of every kind of answer whose headers, cookies, query or body hold the secret."""
    bodies = [
        json.dumps({"species": secret, "soil": "Sterile", "light": 0.1}),
        json.dumps({secret: secret}),
        json.dumps({"seedlings": [{"species": secret}]}),
        json.dumps(secret),
        f'{{"{secret}": 1, "{secret}": 2}}',
        f"species={secret}",
        f'{{"light": {secret}}}',
        f'{{"light": "{secret}',
    ]
    contents = [Hostile(body, body.encode(), 400, "").event() for body in bodies]
    contents.append(Hostile("not UTF-8", b"\xff" + secret.encode(), 400, "").event())
    samples = [expected.event(name) for name in sorted(expected.STATUSES)]
    hostile = [each.event() for each in CORPUS if len(each.content) < LARGEST]
    planted = [_with(event, secret) for event in (*samples, *hostile, *contents)]
    predict = expected.event("predict")
    return [
        *planted,
        _with({**predict, "httpMethod": "DELETE"}, secret),
        {**predict, "path": f"/{secret}", "pathParameters": {"proxy": secret}},
        {**predict, "body": {secret: secret}},
        {**predict, "isBase64Encoded": True, "body": secret},
        {**predict, "multiValueHeaders": {"x-api-key": secret}},
        {"requestContext": {"identity": {"apiKey": secret}}},
        {"Records": [{"body": secret}]},
    ]


def _with(event: dict[str, Any], secret: str) -> dict[str, Any]:
    hidden = {"x-api-key": secret, "authorization": f"Bearer {secret}", "cookie": f"s={secret}"}
    listed = {name: [value] for name, value in hidden.items()}
    context = dict(event.get("requestContext") or {})
    if "http" not in context:
        context["identity"] = {**context.get("identity", {}), "apiKey": secret}
    return {
        **event,
        "headers": {**(event.get("headers") or {}), **hidden},
        "multiValueHeaders": {**(event.get("multiValueHeaders") or {}), **listed},
        "queryStringParameters": {"key": secret, secret: "1"},
        "multiValueQueryStringParameters": {"key": [secret]},
        "rawQueryString": f"key={secret}",
        "cookies": [f"s={secret}"],
        "requestContext": context,
    }
