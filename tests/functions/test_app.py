"""What each route answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from functions.api import problems, schemas
from functions.api.app import create_app
from functions.artefact import SIMULATED, read_artefact
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener, Vary, read_problem

MAPLE = {"species": "Acer saccharum", "soil": "Sterile", "light": 0.15}
OAK = {"species": "Quercus rubra", "soil": "Acer rubrum", "light": 0.1}


def served(scorer: Scorer) -> dict[str, str]:
    return {"version": scorer.artefact.version, "data": scorer.artefact.source}


@pytest.fixture
def simulated(vary: Vary) -> Client:
    """The API over a model that was trained on a simulated trial."""
    made = vary(lambda metadata: metadata["data"].update(source="simulated"))
    return Client(create_app(Scorer(read_artefact(made)), Listener()))


@pytest.mark.trial
def test_golden_predictions_are_repeated(client: Client, scorer: Scorer) -> None:
    assert len(scorer.artefact.golden) >= 12
    for case in scorer.artefact.golden:
        body = {**case.inputs, scorer.artefact.time.name: case.time}
        answer = client.post("/v1/predict", body).json()

        found = [answer["mortality_percent"], *answer["interval_90"], *answer["stand_interval_90"]]
        assert case.stand_interval_90 is not None
        assert found == pytest.approx(
            [case.percent, *case.interval_90, *case.stand_interval_90], abs=0.0061
        )


@pytest.mark.trial
def test_a_prediction_holds_all_that_is_promised_and_nothing_else(
    client: Client, scorer: Scorer
) -> None:
    response = client.post("/v1/predict", {**MAPLE, "day": 40})

    forecast, curve = scorer.curve(*scorer.encoder.encode([MAPLE]), 40.0)
    assert forecast.stand is not None
    percent, *interval = forecast.average[0].round(2).tolist()
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "mortality_percent": percent,
        "interval_90": interval,
        "stand_interval_90": forecast.stand[0].round(2).tolist(),
        "day": 40.0,
        "curve": [
            {"day": 3.5 * i, "mortality_percent": point, "interval_90": ends}
            for i, (point, *ends) in enumerate(curve.round(2).tolist())
        ],
        "warnings": [],
        "model": served(scorer),
    }
    assert len(response.json()["curve"]) == 34
    start = {"day": 0.0, "mortality_percent": 0.0, "interval_90": [0.0, 0.0]}
    assert response.json()["curve"][0] == start


@pytest.mark.trial
def test_the_default_day_is_the_horizon(client: Client) -> None:
    default = client.post("/v1/predict", OAK).json()

    assert default == client.post("/v1/predict", {**OAK, "day": 115.5}).json()
    assert default["day"] == 115.5
    assert default["mortality_percent"] == default["curve"][-1]["mortality_percent"]


@pytest.mark.trial
def test_a_batch_keeps_its_order_and_predicts_as_one_by_one(client: Client, scorer: Scorer) -> None:
    rows = [
        {"species": name, "soil": soil, "light": light}
        for name in scorer.artefact.factors[0].levels
        for soil in scorer.artefact.factors[1].levels
        for light in (0.01, 0.05, 0.15, 0.9)
    ]

    answer = client.post("/v1/predict/batch", {"seedlings": rows, "day": 49}).json()

    predictions = answer.pop("predictions")
    assert answer == {"day": 49.0, "warnings": [], "model": served(scorer)}
    assert len(predictions) == len(rows)
    for row, found in zip(rows, predictions, strict=True):
        alone = client.post("/v1/predict", {**row, "day": 49}).json()
        assert found["warnings"] == alone["warnings"]
        # A batch may be summed in another order: the last printed digit may turn.
        numbers, expected = (
            [each["mortality_percent"], *each["interval_90"], *each["stand_interval_90"]]
            for each in (found, alone)
        )
        assert numbers == pytest.approx(expected, abs=0.0101)


@pytest.mark.trial
def test_the_largest_batch_is_answered(client: Client) -> None:
    answer = client.post("/v1/predict/batch", {"seedlings": [OAK, MAPLE] * 500}).json()

    assert len(answer["predictions"]) == 1000
    assert answer["predictions"][::2] == [answer["predictions"][0]] * 500
    assert answer["predictions"][1::2] == [answer["predictions"][1]] * 500
    assert answer["predictions"][0] != answer["predictions"][1]


@pytest.mark.trial
@pytest.mark.parametrize("light", [0, 1, 0.032, 0.161])
def test_the_ends_of_the_scale_are_answered(client: Client, light: float) -> None:
    response = client.post("/v1/predict", {**OAK, "light": light})

    assert response.status_code == 200
    assert len(response.json()["warnings"]) == (light in (0, 1))


@pytest.mark.trial
def test_a_warning_is_given_with_the_row_it_is_about(client: Client) -> None:
    rows = [OAK, {**OAK, "light": 0.5}, OAK]

    answer = client.post("/v1/predict/batch", {"seedlings": rows}).json()
    assert [each["warnings"] for each in answer["predictions"]] == [
        [],
        [
            (
                "light 0.5 is outside the range seen in training, 0.032 to 0.161; "
                "this is the prediction for 0.161."
            )
        ],
        [],
    ]


def test_the_model_route_returns_the_metadata_under_its_version(
    client: Client, scorer: Scorer, folder: Path
) -> None:
    metadata = json.loads((folder / "metadata.json").read_text())

    response = client.get("/v1/model")
    assert response.status_code == 200
    assert response.json() == {"version": scorer.artefact.version, **metadata}


def test_health_names_the_model_that_serves(client: Client, scorer: Scorer) -> None:
    response = client.get("/health")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "model": served(scorer)},
    )


@pytest.mark.trial
def test_a_simulated_model_is_marked_in_every_answer(simulated: Client) -> None:
    one = simulated.post("/v1/predict", OAK).json()
    many = simulated.post("/v1/predict/batch", {"seedlings": [OAK]}).json()

    assert one["warnings"] == many["warnings"] == [SIMULATED]
    assert many["predictions"][0]["warnings"] == []
    health = simulated.get("/health").json()
    metadata = simulated.get("/v1/model").json()
    assert [each["data"] for each in (one["model"], many["model"], health["model"])] == [
        "simulated"
    ] * 3
    assert metadata["data"]["source"] == "simulated"


@pytest.mark.trial
def test_responses_are_what_their_models_say(client: Client, scorer: Scorer) -> None:
    made = schemas.create_schemas(scorer.artefact)
    for path, body, model in (
        ("/v1/predict", OAK, made.prediction),
        ("/v1/predict/batch", {"seedlings": [OAK, MAPLE]}, made.batch),
        ("/v1/predict", {}, problems.Problem),
        ("/v1/predict/batch", {"seedlings": [{}]}, problems.Problem),
    ):
        answer = client.post(path, body).content
        checked = TypeAdapter(model)
        again = checked.dump_json(checked.validate_json(answer))
        assert json.loads(again) == json.loads(answer)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1", "/v1/", "/v2/predict", "/v1/predict/one", "/.env", "/%00"]
)
def test_an_unknown_path_is_a_problem(client: Client, path: str) -> None:
    document = read_problem(client.get(path), 404)

    assert document == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No such route; see /docs.",
        "request_id": document["request_id"],
        "errors": [],
    }


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/predict", "POST"),
        ("PUT", "/v1/predict/batch", "POST"),
        ("DELETE", "/v1/model", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("OPTIONS", "/v1/predict", "POST"),
        ("TRACE", "/v1/predict", "POST"),
        ("BREW", "/v1/predict", "POST"),
    ],
)
def test_a_wrong_method_is_answered_with_the_right_one(
    client: Client, method: str, path: str, allow: str
) -> None:
    response = client.request(method, path)

    document = read_problem(response, 405)
    assert response.headers["allow"] == allow
    assert document["detail"] == f"Use {allow.partition(',')[0]}."


def test_no_response_lets_pages_of_other_origins_read_it(client: Client) -> None:
    response = client.post("/v1/predict", OAK, headers={"origin": "https://example.org"})

    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.trial
def test_two_apps_share_nothing(scorer: Scorer, simulated: Client) -> None:
    published = Client(create_app(scorer, Listener()))

    def warnings(client: Client) -> Any:
        return client.post("/v1/predict", OAK).json()["warnings"]

    assert [warnings(published), warnings(simulated), warnings(published)] == [[], [SIMULATED], []]
