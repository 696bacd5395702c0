"""Whatever the study: requests, predictions, description and page follow from its metadata."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import openapi_spec_validator
import pytest

from functions.api.app import create_app
from functions.artefact import Artefact, read_artefact
from functions.hook.golden import Answer, checks
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener, read_problem
from tests.functions.models import STUDIES, Sketch

close = partial(pytest.approx, rel=0, abs=0.0051)


@dataclass(frozen=True)
class Served:
    """A study's model, served."""

    sketch: Sketch
    artefact: Artefact
    client: Client


@pytest.fixture(scope="module", params=STUDIES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Served:
    sketch = STUDIES[request.param]
    artefact = read_artefact(sketch.write(tmp_path_factory.mktemp("study") / "model"))
    return Served(sketch, artefact, Client(create_app(Scorer(artefact), Listener())))


def figures(answer: dict[str, Any], sketch: Sketch) -> list[float]:
    """The figures of a prediction."""
    stand = answer["stand_interval_90"]
    assert (stand is not None) == sketch.stand
    return [answer[f"{sketch.outcome}_percent"], *answer["interval_90"], *(stand or [])]


def test_predictions_are_those_computed_by_hand(served: Served) -> None:
    sketch, ends = served.sketch, served.sketch.ends
    times = [0.0, ends[0] / 2, ends[0], (ends[0] + ends[-1]) / 2, ends[-1] - 0.01, ends[-1]]
    for place, time in enumerate(times):
        row = sketch.row(place)
        answer = served.client.post("/v1/predict", {**row, sketch.time: time}).json()

        assert figures(answer, sketch) == close(sketch.by_hand(row, time))
        assert answer[sketch.time] == time
        assert answer["warnings"] == []


def test_every_point_of_the_curve_is_the_prediction_at_its_visit(served: Served) -> None:
    sketch, row = served.sketch, served.sketch.row(1)
    curve = served.client.post("/v1/predict", row).json()["curve"]

    assert [point[sketch.time] for point in curve] == list(sketch.visits)
    for point in curve:
        found = [point[f"{sketch.outcome}_percent"], *point["interval_90"]]
        expected = sketch.by_hand(row, point[sketch.time])[:3]
        assert found == close(expected)


def test_a_batch_predicts_as_one_by_one(served: Served) -> None:
    sketch, time = served.sketch, served.sketch.ends[0]
    rows = [sketch.row(place) for place in range(300)]
    body = {sketch.rows: rows, sketch.time: time}
    answer = served.client.post("/v1/predict/batch", body).json()

    assert answer[sketch.time] == time
    for row, prediction in zip(rows[::7], answer["predictions"][::7], strict=True):
        alone = served.client.post("/v1/predict", {**row, sketch.time: time}).json()
        assert figures(prediction, sketch) == pytest.approx(figures(alone, sketch), abs=0.011)


def test_a_number_outside_the_range_seen_is_predicted_as_its_edge(served: Served) -> None:
    row = served.sketch.row(0)
    for name, (_, high) in served.sketch.numbers.items():
        outside = served.client.post("/v1/predict", {**row, name: 9.5}).json()
        at_edge = served.client.post("/v1/predict", {**row, name: high}).json()

        (warning,) = outside.pop("warnings")
        assert warning.startswith(f"{name} 9.5 is outside the range seen in training")
        assert at_edge.pop("warnings") == []
        assert outside == at_edge


def test_the_description_is_valid_and_its_examples_are_answered(served: Served) -> None:
    document = served.client.get("/openapi.json").json()

    openapi_spec_validator.validate(document)
    ids = [each["operationId"] for path in document["paths"].values() for each in path.values()]
    assert ids == ["predict", "predict_batch", "report_outcomes", "model_metadata", "health"]
    for path in ("/v1/predict", "/v1/predict/batch"):
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        schema = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
        for example in schema["examples"]:
            assert served.client.post(path, example).status_code == 200


def stand_text(client: Client) -> str:
    """What the description says of the interval of a new group."""
    document = client.get("/openapi.json").json()
    answer = document["paths"]["/v1/predict"]["post"]["responses"]["200"]["content"]
    name = answer["application/json"]["schema"]["$ref"].rpartition("/")[2]
    fields = document["components"]["schemas"][name]["properties"]
    described: str = fields["stand_interval_90"]["description"]
    return described


def test_the_description_says_why_there_is_no_interval_of_a_new_group(served: Served) -> None:
    said = stand_text(served.client)

    if served.sketch.stand:
        assert said.startswith("Where ")
    else:
        assert said == (
            "Always null: the study declares no groups, so there is no new one to predict."
        )


def test_groups_too_few_for_an_interval_are_the_reason_given(tmp_path: Path) -> None:
    sketch = STUDIES["one number, no groups"]
    artefact = read_artefact(sketch.write(tmp_path / "model"))
    clinics = dataclasses.replace(artefact.study, group="clinic")
    app = create_app(Scorer(dataclasses.replace(artefact, study=clinics)), Listener())

    assert stand_text(Client(app)) == (
        f"Always null: too few groups (clinic) hold enough {artefact.study.many} to say."
    )


def test_a_wrong_value_of_each_input_is_named(served: Served) -> None:
    for given in served.artefact.inputs:
        row = {**served.sketch.row(0), given.name: "neither"}
        document = read_problem(served.client.post("/v1/predict", row), 422)

        assert [fault["field"] for fault in document["errors"]] == [given.name]


def test_the_release_s_checks_hold(served: Served) -> None:
    for check in checks(served.artefact, ""):
        response = served.client.request(
            check.method,
            check.path,
            content=check.body,
            headers={"content-type": "application/json"},
        )
        kind = response.headers["content-type"].partition(";")[0]
        assert check.fault(Answer(response.status_code, kind, response.text)) == ""


def test_the_page_holds_the_study_and_no_text_of_it_ends_a_script(served: Served) -> None:
    html = served.client.get("/").text
    (facts,) = re.findall(r'id="facts">(.*?)</script>', html, re.DOTALL)

    named = [each["name"] for each in json.loads(facts)["inputs"]]
    assert named == [each.name for each in served.artefact.inputs]
    assert html.count("<script") == 2
    assert html.count("</script") == 2


def test_another_study_is_another_client_s_error(served: Served, tmp_path: Path) -> None:
    document = read_problem(served.client.post("/v1/predict", {"no such input": 1}), 422)

    rules = {fault["field"]: fault["rule"] for fault in document["errors"]}
    assert rules == {
        "no such input": "unknown field",
        **{each.name: "required" for each in served.artefact.inputs},
    }
