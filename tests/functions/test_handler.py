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

from tests.events import expected
from tests.functions.conftest import Vary

CONTEXT = SimpleNamespace(aws_request_id="from-lambda", function_name="predict")


@pytest.mark.parametrize("name", expected.STATUSES)
def test_an_event_gets_its_right_answer(handler: ModuleType, folder: Path, name: str) -> None:
    metadata = json.loads((folder / "metadata.json").read_text())
    expected.check(name, handler.handler(expected.event(name), CONTEXT), metadata)


def test_the_request_id_is_the_gateway_s(handler: ModuleType) -> None:
    event = expected.event("health")
    answer = handler.handler(event, CONTEXT)
    assert answer["headers"]["x-request-id"] == event["requestContext"]["requestId"]


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
    {**expected.event("predict"), "headers": {"host": "a:b:c"}, "multiValueHeaders": None},
    {**expected.event("predict"), "httpMethod": None},
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


def test_under_a_stage_a_redirect_stays_under_the_stage(handler: ModuleType) -> None:
    answer = handler.handler(rest("GET", "/health/", "/prod", "/{proxy+}"), CONTEXT)

    assert answer["statusCode"] == 307
    assert answer["headers"]["location"].endswith("/prod/health")


def test_a_gateway_s_id_that_is_no_id_is_replaced(handler: ModuleType) -> None:
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
def test_what_stands_before_the_app_s_own_path(
    handler: ModuleType, event: dict[str, Any], prefix: str
) -> None:
    assert handler.stage_prefix(event) == prefix


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
    assert len([line for line in lines if line.get("message") == "request"]) == len(events) - 3
    assert len([line for line in lines if line.get("message") == "unknown event"]) == 3


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
