"""Who may call what: each route, whether it needs a key, and what the gateway itself answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions.api.app import create_app
from functions.api.problems import status_phrase
from functions.artefact import read_artefact
from functions.scoring import Scorer
from tests.stack.conftest import Template, of_type, plain

NEEDS_KEY = {
    ("GET", "/"): False,
    ("GET", "/model"): False,
    ("GET", "/docs"): False,
    ("GET", "/openapi.json"): False,
    ("GET", "/health"): False,
    ("HEAD", "/"): False,
    ("HEAD", "/model"): False,
    ("HEAD", "/docs"): False,
    ("HEAD", "/openapi.json"): False,
    ("HEAD", "/health"): False,
    # A browser sends no key with what it asks beforehand.
    ("OPTIONS", "/v1/model"): False,
    ("OPTIONS", "/v1/predict"): False,
    ("OPTIONS", "/v1/predict/batch"): False,
    ("HEAD", "/v1/model"): True,
    ("GET", "/v1/model"): True,
    ("POST", "/v1/outcomes"): True,
    ("POST", "/v1/predict"): True,
    ("POST", "/v1/predict/batch"): True,
}
RESPONSES = {
    "MISSING_AUTHENTICATION_TOKEN": 404,
    "INVALID_API_KEY": 403,
    "THROTTLED": 429,
    "QUOTA_EXCEEDED": 429,
    "REQUEST_TOO_LARGE": 413,
    "INTEGRATION_TIMEOUT": 504,
    # None: each keeps its own status.
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
}


@pytest.fixture
def api(prod: Template) -> dict[str, Any]:
    properties: dict[str, Any] = prod["Resources"]["Api"]["Properties"]
    return properties


def test_these_routes_exist_and_these_need_a_key(api: dict[str, Any]) -> None:
    found = {
        (method.upper(), path): operation["security"] == [{"api_key": []}]
        for path, operations in api["Body"]["paths"].items()
        for method, operation in operations.items()
    }
    assert found == NEEDS_KEY
    assert api["Body"]["components"]["securitySchemes"] == {
        "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}
    }


def test_the_gateway_offers_what_the_app_serves_and_no_more(root: Path) -> None:
    app = create_app(Scorer(read_artefact(root / "model")))
    served = {
        (method, route.path)  # type: ignore[attr-defined]
        for route in app.routes
        for method in route.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    # Swagger's redirect is for a sign-in that the API does not have.
    served -= {("GET", "/docs/oauth2-redirect")}
    # Every route of the app that takes GET takes HEAD.
    served |= {("HEAD", path) for method, path in served if method == "GET"}
    assert served == {route for route in NEEDS_KEY if route[0] != "OPTIONS"}


def test_every_route_goes_through_the_alias(api: dict[str, Any]) -> None:
    for operations in api["Body"]["paths"].values():
        for operation in operations.values():
            integration = operation["x-amazon-apigateway-integration"]
            assert integration["type"] == "aws_proxy"
            assert "functions/${PredictFunctionAliaslive}/invocations" in plain(integration["uri"])


def test_only_the_gateway_may_call_the_alias_and_only_by_those_routes(prod: Template) -> None:
    found = {
        (
            permission["Properties"]["Principal"],
            permission["Properties"]["Action"],
            plain(permission["Properties"]["FunctionName"]),
            plain(permission["Properties"]["SourceArn"]).removeprefix("execute-api:Api/*/"),
        )
        for permission in of_type(prod, "AWS::Lambda::Permission").values()
    }
    by_gateway = ("apigateway.amazonaws.com", "lambda:InvokeFunction", "PredictFunctionAliaslive")
    schedule = ("events.amazonaws.com", "lambda:InvokeFunction", "CheckFunction")
    assert found == {
        *((*by_gateway, f"{method}{path}") for method, path in NEEDS_KEY),
        (*schedule, "CheckFunctionPeriodically.Arn"),
    }
    assert not of_type(prod, "AWS::Lambda::Url")


def test_the_gateway_s_own_responses_read_like_the_app_s(api: dict[str, Any]) -> None:
    found = {}
    for kind, response in api["Body"]["x-amazon-apigateway-gateway-responses"].items():
        text = response["responseTemplates"]["application/json"]
        filled = text.replace("$context.error.messageString", '"message"')
        document = json.loads(filled.replace("$context.requestId", "id"))
        status = document.pop("status", None)
        assert list(document) == ["type", "title", "detail", "request_id", "errors"]
        assert document["request_id"] == "id"
        headers = dict(response["responseParameters"])
        assert headers.pop("gatewayresponse.header.Retry-After", None) == (
            {"THROTTLED": "'1'", "QUOTA_EXCEEDED": "'3600'"}.get(kind)
        )
        assert headers == {
            "gatewayresponse.header.Content-Type": "'application/problem+json'",
            "gatewayresponse.header.Cache-Control": "'no-store'",
            "gatewayresponse.header.X-Content-Type-Options": "'nosniff'",
        }
        # A default with a status would give it to every response without one of its own.
        assert response.get("statusCode") == (None if status is None else str(status))
        if status is not None:
            assert document["title"] == status_phrase(status)
        found[kind] = status
    assert found == RESPONSES


def test_another_origin_is_let_in_by_a_parameter_alone(prod: Template, api: dict[str, Any]) -> None:
    assert prod["Parameters"]["CorsOrigin"]["Default"] == ""
    variables = prod["Resources"]["PredictFunction"]["Properties"]["Environment"]["Variables"]
    assert plain(variables["CORS_ORIGIN"]) == "CorsOrigin"
    assert "access-control" not in json.dumps(api).lower(), "the app alone sends its headers"


def test_tls_below_1_2_is_refused(prod: Template, api: dict[str, Any]) -> None:
    for properties in (api, prod["Resources"]["Domain"]["Properties"]):
        assert properties["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
        assert properties["EndpointAccessMode"] == "STRICT"


def test_keys_have_a_rate_and_a_quota_and_keyless_routes_a_lower_rate_of_their_own(
    prod: Template,
) -> None:
    resources = prod["Resources"]
    plan = plain(resources["UsagePlan"]["Properties"])
    assert plan["ApiStages"] == [{"ApiId": "Api", "Stage": "ApiStage"}]
    assert plan["Throttle"] == {"RateLimit": "RequestsPerSecond", "BurstLimit": "Burst"}
    assert plan["Quota"] == {"Limit": "DailyQuota", "Period": "DAY"}
    assert plain(resources["KeyInPlan"]["Properties"]) == {
        "KeyId": "Key",
        "KeyType": "API_KEY",
        "UsagePlanId": "UsagePlan",
    }
    assert "Value" not in resources["Key"]["Properties"]
    limits = {}
    for settings in plain(resources["ApiStage"]["Properties"]["MethodSettings"]):
        route = (
            settings["HttpMethod"],
            settings["ResourcePath"].replace("~1", "/").replace("//", "/"),
        )
        limits[route] = settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]
        logged = settings.get("LoggingLevel", "OFF"), settings.get("DataTraceEnabled", False)
        assert logged == ("OFF", False)
    keyless = [route for route, needs_key in NEEDS_KEY.items() if not needs_key]
    own = ("KeylessRequestsPerSecond", "KeylessRequestsPerSecond")
    assert limits == {("*", "/*"): ("RequestsPerSecond", "Burst")} | dict.fromkeys(keyless, own)


def test_no_trace_holds_the_address_of_a_caller(prod: Template) -> None:
    # API Gateway's segments do; Lambda's do not.
    assert prod["Resources"]["ApiStage"]["Properties"]["TracingEnabled"] is False
    assert prod["Resources"]["PredictFunction"]["Properties"]["TracingConfig"]["Mode"] == "Active"


def test_the_access_log_is_json_without_addresses_paths_headers_keys_or_bodies(
    prod: Template,
) -> None:
    setting = plain(prod["Resources"]["ApiStage"]["Properties"]["AccessLogSetting"])
    assert setting["DestinationArn"] == "AccessLog.Arn"
    assert "\n" not in setting["Format"]
    assert set(json.loads(setting["Format"]).values()) == {
        "${Service}-${Stage}",
        "$context.requestTime",
        "$context.requestId",
        "$context.integration.requestId",
        "$context.xrayTraceId",
        "$context.httpMethod",
        "$context.resourcePath",
        "$context.status",
        "$context.error.responseType",
        "$context.identity.apiKeyId",
        "$context.responseLatency",
        "$context.integrationLatency",
        "$context.integration.status",
        "$context.responseLength",
        "$context.tlsVersion",
    }
