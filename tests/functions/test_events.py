"""Events as no gateway should send them: each has a right answer, and none is ever a crash."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.events import expected

Event = dict[str, Any]
Call = Callable[[Any], dict[str, Any]]

NO_GATEWAY = "The event is not an HTTP request from API Gateway."
NOWHERE = "No such route; see /docs."
NOT_JSON = "Send JSON, with content-type: application/json."
REST, HTTP, HEALTH = (expected.event(name) for name in ("predict", "predict-http-v2", "health"))
TEXT = {"content-type": "text/plain"}


@pytest.fixture(scope="module")
def call(handler: ModuleType) -> Call:
    """Lambda's handler, as its runtime calls it."""
    context = SimpleNamespace(aws_request_id="from-lambda")
    return lambda event: dict(handler.handler(event, context))


def check_form(answer: Any) -> None:
    """An answer that API Gateway can pass on, and that a client can understand."""
    assert json.loads(json.dumps(answer)) == answer, "Lambda could not return it"
    assert answer["isBase64Encoded"] is False
    assert 200 <= answer["statusCode"] < 500
    # A load balancer that sends lists of headers is given lists.
    listed = {name: each[0] for name, each in answer.get("multiValueHeaders", {}).items()}
    headers = {name.lower(): each for name, each in {**listed, **answer.get("headers", {})}.items()}
    assert all(isinstance(value, str) and value.isprintable() for value in headers.values())
    assert re.fullmatch(r"[A-Za-z0-9._=-]{1,64}", headers["x-request-id"])
    assert re.fullmatch(r"[0-9a-f]{12}", headers["x-model-version"])
    answer["body"].encode()
    if answer["statusCode"] >= 400:
        assert headers["content-type"] == "application/problem+json"
        document = json.loads(answer["body"])
        assert document["status"] == answer["statusCode"]
        assert document["request_id"] == headers["x-request-id"]


def without(event: Event, *names: str) -> Event:
    return {name: value for name, value in event.items() if name not in names}


def in_context(event: Event, **changes: Any) -> Event:
    return {**event, "requestContext": {**event["requestContext"], **changes}}


def to(path: str) -> Event:
    """A GET of a path, by REST."""
    event = {**HEALTH, "path": path, "pathParameters": {"proxy": path.removeprefix("/")}}
    return in_context({**event, "resource": "/{proxy+}"}, path=f"/v0{path}")


def http_to(path: str) -> Event:
    """A GET of a path, by HTTP."""
    event = {**HTTP, "rawPath": path, "body": None}
    return in_context(event, http={**HTTP["requestContext"]["http"], "method": "GET", "path": path})


many = {f"x-{i}": "y" * 1000 for i in range(2000)}
EVENTS: dict[str, tuple[Any, int, str]] = {
    "headers in lists alone": ({**REST, "headers": None}, 200, ""),
    "headers in lists, the others absent": (without(REST, "headers"), 200, ""),
    "text by a header in a list": (
        {**REST, "headers": None, "multiValueHeaders": {"Content-Type": ["text/plain"]}},
        415,
        NOT_JSON,
    ),
    "two content types": (
        {
            **REST,
            "headers": None,
            "multiValueHeaders": {"content-type": ["application/json", "text/plain"]},
        },
        415,
        NOT_JSON,
    ),
    "single headers alone": (without(REST, "multiValueHeaders"), 200, ""),
    "text by a single header": (
        {**without(REST, "multiValueHeaders"), "headers": TEXT},
        415,
        NOT_JSON,
    ),
    "no header at all": ({**REST, "headers": None, "multiValueHeaders": None}, 200, ""),
    "no header at all, by HTTP": ({**HTTP, "headers": None}, 200, ""),
    "as the console's test sends it": (
        {
            **HEALTH,
            "headers": None,
            "multiValueHeaders": None,
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "stageVariables": None,
        },
        200,
        "",
    ),
    "the old format by an HTTP gateway": ({**REST, "version": "1.0"}, 200, ""),
    "a function's own URL": (
        in_context(HTTP, domainName="abcde.lambda-url.eu-west-1.on.aws"),
        200,
        "",
    ),
    "cookies": ({**HTTP, "cookies": ["a=b", "c=d"]}, 200, ""),
    "cookies of no alphabet": ({**HTTP, "cookies": ["\u00e4=\u20ac\U0001f333"]}, 200, ""),
    "two megabytes of headers": ({**without(REST, "multiValueHeaders"), "headers": many}, 200, ""),
    "a header of two megabytes": (
        {**without(REST, "multiValueHeaders"), "headers": {"cookie": "y" * 2_000_000}},
        200,
        "",
    ),
    "a header beyond Latin-1": (
        {**without(REST, "multiValueHeaders"), "headers": {"x-a": "\u20ac"}},
        200,
        "",
    ),
    "a query without values": ({**HEALTH, "queryStringParameters": {"a": None}}, 200, ""),
    "a query beyond ASCII": (
        {**HTTP, "rawQueryString": "a=%ff&b=%"},
        422,
        "The request has 2 invalid fields.",
    ),
    "an empty body by its flag": ({**HEALTH, "isBase64Encoded": True}, 200, ""),
    "a path beyond ASCII": (to("/k\u00e4se/\u2603"), 404, NOWHERE),
    "such a path by HTTP": (http_to("/k%C3%A4se/%E2%98%83"), 404, NOWHERE),
    "half a pair in the path": (to("/\ud800"), 404, NOWHERE),
    "a path with an escaped slash": (to("/v1%2Fmodel"), 200, ""),
    "such a path by HTTP, escaped": (http_to("/v1%2Fmodel"), 200, ""),
    "a path that climbs": (to("/v1/../health"), 404, NOWHERE),
    "a path that climbs, escaped": (to("/..%2f..%2fetc/passwd"), 404, NOWHERE),
    "a path with an escaped NUL": (to("/health%00"), 404, NOWHERE),
    "a path with a NUL": (to("/health\x00"), 404, NOWHERE),
    "a path that ends its line": (to("/health\r\nset-cookie: a=b"), 404, NOWHERE),
    "a path of 100 kB": (to("/" + "a" * 100_000), 404, NOWHERE),
    "HEAD": ({**HEALTH, "httpMethod": "HEAD"}, 200, ""),
    "OPTIONS": ({**HEALTH, "httpMethod": "OPTIONS"}, 405, "Use GET."),
    "TRACE": ({**HEALTH, "httpMethod": "TRACE"}, 405, "Use GET."),
    "a method that ends its line": ({**HEALTH, "httpMethod": "GET\r\nx: y"}, 405, "Use GET."),
    "no path": (without(REST, "path"), 400, NO_GATEWAY),
    "a path that is none": ({**REST, "path": None}, 400, NO_GATEWAY),
    "a path that is a number, by HTTP": (
        in_context(HTTP, http={**HTTP["requestContext"]["http"], "path": 7}),
        400,
        NO_GATEWAY,
    ),
    "a body that is an object": ({**REST, "body": {"light": 1}}, 400, NO_GATEWAY),
    "a body that is a list": ({**REST, "body": [1]}, 400, NO_GATEWAY),
    "a body that is a number": ({**REST, "body": 5}, 400, NO_GATEWAY),
    "half a pair in the body": ({**REST, "body": '"\ud800"'}, 400, NO_GATEWAY),
    "a body that is not base64": ({**REST, "isBase64Encoded": True}, 400, NO_GATEWAY),
    "base64 for file names": (
        {**REST, "isBase64Encoded": True, "body": "e30-_w=="},
        400,
        NO_GATEWAY,
    ),
    "base64 beyond ASCII": ({**REST, "isBase64Encoded": True, "body": "\u00e4"}, 400, NO_GATEWAY),
    "a flag that is a text": ({**REST, "isBase64Encoded": "true"}, 400, NO_GATEWAY),
    "a header that is a number": (
        {**without(REST, "multiValueHeaders"), "headers": {"x-a": 5}},
        400,
        NO_GATEWAY,
    ),
    "a web socket opened": (
        {
            "requestContext": {"routeKey": "$connect", "eventType": "CONNECT", "stage": "prod"},
            "headers": {},
            "isBase64Encoded": False,
        },
        400,
        NO_GATEWAY,
    ),
    "a web socket's message": (
        {
            "requestContext": {"routeKey": "$default", "eventType": "MESSAGE", "stage": "prod"},
            "body": REST["body"],
        },
        400,
        NO_GATEWAY,
    ),
    "a queue": ({"Records": [{"eventSource": "aws:sqs", "body": REST["body"]}]}, 400, NO_GATEWAY),
    "a topic": ({"Records": [{"EventSource": "aws:sns", "Sns": {}}]}, 400, NO_GATEWAY),
    "a bucket": ({"Records": [{"eventSource": "aws:s3", "s3": {}}]}, 400, NO_GATEWAY),
    "a distribution": ({"Records": [{"cf": {"request": {"uri": "/"}}}]}, 400, NO_GATEWAY),
    "a schedule": (
        {"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}},
        400,
        NO_GATEWAY,
    ),
    "an authorizer": ({"type": "TOKEN", "authorizationToken": "x"}, 400, NO_GATEWAY),
    "a deployment's hook": (
        {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "x"},
        400,
        NO_GATEWAY,
    ),
}


@pytest.mark.trial
@pytest.mark.parametrize("name", EVENTS)
def test_an_odd_event_gets_its_right_answer(call: Call, name: str) -> None:
    event, status, detail = EVENTS[name]

    answer = call(deepcopy(event))
    check_form(answer)
    assert answer["statusCode"] == status
    if status >= 400:
        assert json.loads(answer["body"])["detail"] == detail


@pytest.mark.parametrize(
    "headers", [{"headers": {"host": "a"}}, {"multiValueHeaders": {"host": ["a"]}}], ids=str
)
def test_a_load_balancer_is_answered_in_good_form_too(call: Call, headers: Event) -> None:
    event = {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:x"}},
        "httpMethod": "POST",
        "path": "/v1/predict",
        "queryStringParameters": {},
        "body": REST["body"],
        "isBase64Encoded": False,
    }

    check_form(call({**event, **headers}))


def places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Ways to every part of an event."""
    inner: Any = value.items() if isinstance(value, dict) else ()
    inner = enumerate(value) if isinstance(value, list) else inner
    for key, part in inner:
        yield (*way, key)
        yield from places(part, (*way, key))


texts = st.text(st.characters(exclude_categories=()), max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(["", "/", "POST", "GET", "/v1/predict", "2.0", "1.0", "gzip", "0", "-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
GONE = object()


@st.composite
def mutants(draw: st.DrawFn) -> Event:
    """One of the sample events with up to four of its parts replaced, removed or added."""
    event = deepcopy(draw(st.sampled_from(SAMPLES)))
    for _ in range(draw(st.integers(1, 4))):
        way = draw(st.sampled_from(sorted(places(event), key=str)))
        *before, last = way
        at: Any = event
        for part in before:
            at = at[part]
        value = draw(values | st.just(GONE))
        if value is GONE:
            del at[last]
        elif isinstance(at, dict) and draw(st.booleans()):
            at[draw(texts | st.sampled_from(["http", "elb", "version", "cookies"]))] = value
        else:
            at[last] = value
        if not event:
            break
    return event


SAMPLES = [expected.event(name) for name in sorted(expected.STATUSES)]


@settings(max_examples=1000, deadline=None, derandomize=True, database=None)
@given(event=mutants())
def test_however_an_event_is_mutilated_the_answer_is_well_formed(call: Call, event: Event) -> None:
    check_form(call(event))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(event=values)
def test_anything_at_all_is_answered_in_good_form(call: Call, event: Any) -> None:
    check_form(call(event))
