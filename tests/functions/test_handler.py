"""Lambda's handler in process: gateway events of every shape, stages, and what the log holds."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.api.gateway_event import stage_prefix
from tests.events import expected
from tests.functions.conftest import Vary

CONTEXT = SimpleNamespace(aws_request_id="from-lambda", function_name="predict")


@pytest.mark.trial
@pytest.mark.parametrize("name", expected.STATUSES)
def test_an_event_gets_its_right_answer(handler: ModuleType, folder: Path, name: str) -> None:
    metadata = json.loads((folder / "metadata.json").read_text())
    expected.check(name, handler.handler(expected.event(name), CONTEXT), metadata)


def test_the_request_id_is_the_gateway_s(handler: ModuleType) -> None:
    event = expected.event("health")
    answer = handler.handler(event, CONTEXT)
    assert answer["headers"]["x-request-id"] == event["requestContext"]["requestId"]


@pytest.mark.trial
def test_rest_and_http_gateways_get_the_same_prediction(handler: ModuleType) -> None:
    bodies = [
        handler.handler(expected.event(name), CONTEXT)["body"]
        for name in ("predict", "predict-http-v2", "base64-body")
    ]
    assert len(set(bodies)) == 1


SHAPES: list[Any] = [
    None,
    [],
    "event",
    7,
    {},
    {"requestContext": None},
    {"requestContext": {}},
    {"requestContext": {}, "resource": "/"},
    {"requestContext": {"http": {}}, "version": "2.0"},
    {"requestContext": {"elb": {}}},
    {"version": "1.0", "requestContext": {}, "path": 3, "httpMethod": "GET"},
]


@pytest.mark.parametrize("event", SHAPES, ids=repr)
def test_an_event_of_no_known_shape_is_a_400(handler: ModuleType, event: Any) -> None:
    answer = handler.handler(event, CONTEXT)

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["detail"] == (
        "The event is not an HTTP request from API Gateway."
    )
    assert answer["headers"]["x-request-id"] == "from-lambda"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def parts(name: str) -> st.SearchStrategy[tuple[str, str, str | None]]:
    """A part of an event, or one of its request context."""
    event = expected.event(name)
    return st.sampled_from(sorted(event)).map(lambda key: (name, key, None)) | st.sampled_from(
        sorted(event["requestContext"])
    ).map(lambda key: (name, "requestContext", key))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(part=parts("predict") | parts("predict-http-v2"), value=json_values)
def test_a_malformed_part_of_an_event_is_never_a_crash(
    handler: ModuleType, part: tuple[str, str, str | None], value: Any
) -> None:
    name, key, inner = part
    event = expected.event(name)
    event[key] = {**event[key], inner: value} if inner else value

    answer = handler.handler(event, CONTEXT)
    assert 200 <= answer["statusCode"] < 500
    if answer["statusCode"] >= 400:
        assert answer["headers"]["content-type"] == "application/problem+json"
        assert answer["isBase64Encoded"] is False


def rest(method: str, path: str, base: str, resource: str, body: object = None) -> dict[str, Any]:
    """A REST event whose path and context's path are as a stage or a base path leaves them."""
    event = expected.event("predict")
    proxy = path.strip("/") if "{proxy+}" in resource else None
    return {
        **event,
        "httpMethod": method,
        "resource": resource,
        "path": path,
        "pathParameters": {"proxy": proxy} if proxy else None,
        "requestContext": {**event["requestContext"], "path": f"{base}{path}"},
        "body": json.dumps(body) if body else None,
    }


@pytest.mark.trial
@pytest.mark.parametrize("stage", ["", "/prod", "/v1", "/v1/predict"])
@pytest.mark.parametrize("resource", ["/{proxy+}", "/v1/predict"])
def test_a_stage_of_any_name_is_no_part_of_the_app_s_own_path(
    handler: ModuleType, stage: str, resource: str
) -> None:
    body = {"species": "Quercus alba", "soil": "Sterile", "light": 0.1}
    event = rest("POST", "/v1/predict", stage, resource, body)

    assert handler.handler(event, CONTEXT)["statusCode"] == 200


def test_the_base_path_of_a_domain_is_no_part_of_the_app_s_own_path(handler: ModuleType) -> None:
    # Behind a base path mapping the event's own path has the base path too.
    for resource, proxy in (("/{proxy+}", "v1/model"), ("/v1/{proxy+}", "model")):
        event = {
            **rest("GET", "/trees/v1/model", "", resource),
            "pathParameters": {"proxy": proxy},
        }
        assert handler.handler(event, CONTEXT)["statusCode"] == 200
    page = handler.handler(rest("GET", "/trees/", "", "/"), CONTEXT)
    assert '<base href="/trees/">' in page["body"]


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("/health/", ""),
        ("/health/", "/prod"),
        ("/v1/model/", "/v1"),
        ("/docs//", "/prod"),
        ("/", "/prod"),
    ],
)
def test_a_trailing_slash_answers_like_the_route_itself(
    handler: ModuleType, path: str, base: str
) -> None:
    answers = [
        handler.handler(rest("GET", each, base, "/{proxy+}"), CONTEXT)
        for each in (path, path.rstrip("/") or "/")
    ]

    assert [answer["statusCode"] for answer in answers] == [200, 200]
    assert answers[0]["body"] == answers[1]["body"]


@pytest.mark.parametrize("base", ["", "/prod"])
def test_a_path_is_unquoted_once_with_or_without_a_stage(handler: ModuleType, base: str) -> None:
    statuses = [
        handler.handler(rest("GET", path, base, "/{proxy+}"), CONTEXT)["statusCode"]
        for path in ("/v1/%6dodel", "/v1/%256dodel")
    ]

    assert statuses == [200, 404]


@pytest.mark.parametrize("path", [None, 7, "v0/"])
def test_a_malformed_path_of_the_context_is_no_stage(handler: ModuleType, path: object) -> None:
    event = rest("GET", "/", "", "/")
    event["requestContext"]["path"] = path

    assert '<base href="/">' in handler.handler(event, CONTEXT)["body"]


def test_a_malformed_gateway_id_is_replaced(handler: ModuleType) -> None:
    event = expected.event("health")
    event["requestContext"]["requestId"] = "käse\r\nset-cookie: a=b"

    answer = handler.handler(event, CONTEXT)
    assert answer["statusCode"] == 200
    assert re.fullmatch("[0-9a-f]{32}", answer["headers"]["x-request-id"])


# An HTTP API behind the base path of a domain.
BEHIND: dict[str, Any] = {
    "routeKey": "ANY /{proxy+}",
    "requestContext": {"stage": "$default", "http": {"path": "/trees/v1/predict"}},
}


@pytest.mark.parametrize(
    ("event", "prefix"),
    [
        ({"requestContext": {"path": "/prod/v1/predict"}, "path": "/v1/predict"}, "/prod"),
        ({"requestContext": {"path": "/v1/predict"}, "path": "/v1/predict"}, ""),
        ({"requestContext": {"path": "/base/v1/model"}, "path": "/v1/model"}, "/base"),
        ({"requestContext": {"path": "/prod/"}, "path": "/"}, "/prod"),
        ({"requestContext": {"path": "/prod"}, "path": "/"}, "/prod"),
        ({"requestContext": {}, "path": "/docs"}, ""),
        ({"requestContext": {"stage": "$default", "http": {"path": "/docs"}}}, ""),
        ({"requestContext": {"stage": "prod", "http": {"path": "/prod/docs"}}}, "/prod"),
        ({"requestContext": {"stage": "prod", "http": {"path": "/docs"}}}, ""),
        ({"requestContext": {"stage": "prod", "http": {"path": "/products"}}}, ""),
        ({**BEHIND, "pathParameters": {"proxy": "v1/predict"}}, "/trees"),
        ({**BEHIND, "pathParameters": {"proxy": "docs"}}, ""),
        ({**BEHIND, "routeKey": "POST /v1/predict"}, "/trees"),
    ],
)
def test_the_stage_in_front_of_the_path_is_the_root_path(
    event: dict[str, Any], prefix: str
) -> None:
    assert stage_prefix(event) == prefix


NONSENSE = [
    "443,80",
    "443, 80",
    "",
    " ",
    "none",
    "-1",
    "[::1]:443",
    "a:b:c",
    "\u20ac",
    "x" * 5000,
    ",",
]
ADDED_BY_PROXIES = [
    *("Host", "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"),
    *("X-Forwarded-Host", "X-Amzn-Trace-Id", "X-Amz-Cf-Id", "X-Amzn-RequestId", "X-Request-Id"),
    *("CloudFront-Viewer-Country", "CloudFront-Forwarded-Proto", "CloudFront-Is-Mobile-Viewer"),
    *("User-Agent", "Accept", "Accept-Encoding", "Cookie", "Origin", "Referer", "If-None-Match"),
]


@pytest.mark.trial
@pytest.mark.parametrize("name", ADDED_BY_PROXIES)
def test_no_header_of_a_proxy_keeps_a_request_from_its_answer(
    handler: ModuleType, name: str
) -> None:
    for value in NONSENSE:
        for event in (expected.event("predict"), expected.event("predict-http-v2")):
            event["headers"] = {**event.get("headers", {}), name: value}
            event.pop("multiValueHeaders", None)
            answer = handler.handler(event, CONTEXT)
            assert answer["statusCode"] == 200, (value, answer["body"])

            lists = {**event, "headers": None, "multiValueHeaders": {name: [value, value]}}
            if "httpMethod" in event:
                assert handler.handler(lists, CONTEXT)["statusCode"] == 200


def test_what_raises_outside_the_app_is_a_recorded_500_under_the_answered_id(
    handler: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(handler, "_mangum", fail)
    trace = "1-67891233-abcdef012345678912345678"
    event = {**expected.event("health"), "headers": {"X-Amzn-Trace-Id": f"Root={trace}"}}
    event.pop("multiValueHeaders", None)
    answer = handler.handler(event, CONTEXT)

    gateway_id = event["requestContext"]["requestId"]
    assert answer["statusCode"] == 500
    assert answer["headers"]["x-request-id"] == gateway_id
    assert (
        json.loads(answer["body"])["detail"]
        == "Internal error. Quote request_id when reporting it."
    )
    assert "secret" not in json.dumps(answer)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (record,) = (line for line in lines if "_aws" in line)
    assert (record["lambda_request_id"], record["trace_id"]) == ("from-lambda", trace)
    assert (record["Errors500"], record["request_id"], record["status"]) == (1, gateway_id, 500)


def test_the_log_has_lambda_s_own_request_id_and_the_trace_s(
    handler: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = "1-67891233-abcdef012345678912345678"
    event = expected.event("health")
    event["headers"] = {"X-Amzn-Trace-Id": f"Self=1-2;Root={trace};Sampled=1"}
    event.pop("multiValueHeaders", None)
    handler.handler(event, CONTEXT)

    (line,) = (json.loads(each) for each in capsys.readouterr().out.splitlines())
    assert (line["lambda_request_id"], line["trace_id"]) == ("from-lambda", trace)


MARKER = "not-for-any-log"


# Every library may say what it likes: what is written is then all that could ever be.
DRIVER = """
import json, logging, sys
logging.basicConfig(level=logging.INFO, format='{"library": "%(name)s %(message)s"}')
from types import SimpleNamespace
from functions.api.handler import handler
for event in json.load(sys.stdin):
    handler(event, SimpleNamespace(aws_request_id="from-lambda"))
"""


def log_of(root: Path, events: list[Any]) -> list[dict[str, Any]]:
    """Lines that a process writes which is sent these events; all of them are JSON."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        cwd=root,
        input=json.dumps(events),
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]


def test_a_gateway_s_request_that_can_t_be_read_is_counted_under_the_gateway_s_id(
    handler: ModuleType, root: Path
) -> None:
    request = expected.event("predict")
    events = [
        {**request, "httpMethod": None},
        {**request, "headers": {"x-a": None}, "multiValueHeaders": None},
        {**request, "body": "e", "isBase64Encoded": True},
    ]
    gateway_id = request["requestContext"]["requestId"]
    for event in events:
        answer = handler.handler(event, CONTEXT)
        assert (answer["statusCode"], answer["headers"]["x-request-id"]) == (400, gateway_id)
    lines = log_of(root, events)
    assert [line["message"] for line in lines] == ["unknown event", "request"] * 3
    assert [line["Errors400"] for line in lines if "_aws" in line] == [1] * 3
    for line in lines:
        assert (line["request_id"], line["lambda_request_id"]) == (gateway_id, "from-lambda")


def test_no_body_header_key_or_path_is_ever_logged(root: Path) -> None:
    events = [expected.event(name) for name in expected.STATUSES]
    for event in events:
        event["headers"] = {**event.get("headers", {}), "x-api-key": MARKER, "cookie": MARKER}
        event["queryStringParameters"] = {"q": MARKER}
    predict = expected.event("predict")
    events += [
        {**predict, "body": json.dumps({MARKER: MARKER})},
        {**predict, "body": MARKER},
        {**predict, "path": f"/{MARKER}"},
        {MARKER: MARKER},
    ]
    lines = log_of(root, events)

    assert MARKER not in json.dumps(lines)
    assert len([line for line in lines if line.get("message") == "request"]) == len(events) - 2
    assert len([line for line in lines if line.get("message") == "unknown event"]) == 3


@pytest.mark.trial
def test_a_request_is_one_line_that_is_log_and_metrics(root: Path) -> None:
    first, line = log_of(root, [expected.event("health"), expected.event("batch")])

    assert first["cold_start"] is True
    assert (line["Requests"], line["Predictions"]) == (1, 2)
    assert 0 < line["OutcomePercent"] < 100
    fields = ("route", "status", "method", "cold_start", "model_data", "version")
    assert {key: line[key] for key in fields} == {
        "route": "/v1/predict/batch",
        "status": 200,
        "method": "POST",
        "cold_start": False,
        "model_data": "published",
        "version": "$LATEST",
    }


def test_what_only_the_description_needs_is_built_at_its_first_use(root: Path) -> None:
    event = {**expected.event("health"), "path": "/openapi.json", "resource": "/openapi.json"}
    code = (
        "import functions.api.handler as handler, json, sys\n"
        "from fastapi.openapi.models import OpenAPI\n"
        "built = [OpenAPI.__pydantic_complete__]\n"
        "answer = handler.handler(json.load(sys.stdin), None)\n"
        "built.append(OpenAPI.__pydantic_complete__)\n"
        "print(json.dumps([built, answer['statusCode'], json.loads(answer['body'])['openapi']]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        input=json.dumps(event),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [[False, True], 200, "3.1.0"]


def test_a_damaged_model_ends_the_start_with_one_line(root: Path, vary: Vary) -> None:
    folder = vary(lambda metadata: metadata.update(contract=1))
    done = subprocess.run(
        [sys.executable, "-c", "import functions.api.handler"],
        cwd=root,
        env={"MODEL_PATH": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert json.loads(line)["message"] == "model: contract: expected 2, got 1"


def test_a_setting_that_can_t_be_used_ends_the_start_and_names_its_key(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import functions.api.handler"],
        cwd=root,
        env={"LOG_LEVEL": "LOUD", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = (done.stdout + done.stderr).splitlines()
    assert json.loads(line)["message"].startswith("LOG_LEVEL: expected ")
