"""The API against its own description: fuzzed in process, never a 5xx, answers as described."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from functions.api.app import create_app
from functions.api.description import openapi_json
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener


@pytest.fixture(scope="module")
def api(scorer: Scorer) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", create_app(scorer, Listener()))


OPERATIONS = [
    ("/v1/predict", "POST"),
    ("/v1/predict/batch", "POST"),
    ("/v1/outcomes", "POST"),
    ("/v1/model", "GET"),
    ("/health", "GET"),
]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_whatever_is_sent_is_answered_as_the_description_says(
    api: Any, path: str, method: str
) -> None:
    @settings(
        max_examples=100,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(api[path][method].as_strategy())
    def holds(case: Any) -> None:
        case.call_and_validate()

    holds()


def test_the_description_is_valid(client: Client) -> None:
    openapi_spec_validator.validate(client.get("/openapi.json").json())


def test_the_description_names_every_route_and_its_errors(client: Client) -> None:
    document = client.get("/openapi.json").json()

    assert list(document["paths"]) == [path for path, _ in OPERATIONS]
    for path in ("/v1/predict", "/v1/predict/batch"):
        post = document["paths"][path]["post"]
        assert {"200", "400", "403", "413", "415", "422", "429", "500", "504"} == set(
            post["responses"]
        )
        assert post["requestBody"]["required"] is True
        for status, response in post["responses"].items():
            kind = "application/json" if status == "200" else "application/problem+json"
            assert list(response["content"]) == [kind]


def test_its_example_is_answered(client: Client) -> None:
    document = client.get("/openapi.json").json()
    for path in ("/v1/predict", "/v1/predict/batch"):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        schema = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
        for example in schema["examples"]:
            assert client.post(path, example).status_code == 200


def test_the_committed_description_is_current(scorer: Scorer, root: Path) -> None:
    # Whatever the model of the checkout was trained on: the API is the same.
    published = Scorer(replace(scorer.artefact, source="published"))

    committed = (root / "docs/openapi.json").read_text("utf-8")
    current = openapi_json(create_app(published))
    assert committed == f"{current}\n", "run `make openapi`"


@pytest.mark.trial
def test_a_name_of_a_type_is_described_once(client: Client) -> None:
    document = client.get("/openapi.json").json()

    # One for each factor, one for the source of the data, one for what became of a subject.
    assert json.dumps(document).count('"enum"') == 4
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert ids == ["predict", "predict_batch", "report_outcomes", "model_metadata", "health"]
