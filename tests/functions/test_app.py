"""What each route answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions import artefact
from functions.api import description
from functions.api.app import create_app
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener, Vary, read_problem

MAPLE = {"species": "Acer saccharum", "soil": "Sterile", "light": 0.15}
OAK = {"species": "Quercus rubra", "soil": "Acer rubrum", "light": 0.1}
SIMULATED = "The model was trained on SIMULATED data: its answers say nothing of real seedlings."


def told(scorer: Scorer) -> dict[str, str]:
    return {"version": scorer.artefact.version, "data": scorer.artefact.source}


@pytest.fixture
def simulated(vary: Vary) -> Client:
    """The API over a model that was trained on a simulated trial."""
    made = vary(lambda card: card["data"].update(source="simulated"))
    return Client(create_app(Scorer(artefact.read(made)), Listener()))


def test_every_golden_question_gets_its_answer(client: Client, scorer: Scorer) -> None:
    assert len(scorer.artefact.golden) >= 12
    for case in scorer.artefact.golden:
        asked = {name: getattr(case, name) for name in ("species", "soil", "light", "day")}
        answer = client.post("/v1/predict", asked).json()

        found = [answer["mortality_percent"], *answer["interval_90"]]
        assert found == pytest.approx([case.mortality_percent, *case.interval_90], abs=0.0061)


def test_a_prediction_holds_all_that_is_promised_and_nothing_else(
    client: Client, scorer: Scorer
) -> None:
    response = client.post("/v1/predict", {**MAPLE, "day": 40})

    mortality, curve = scorer.curve(0, 6, 0.15, 40.0)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "mortality_percent": round(mortality.percent[0], 2),
        "interval_90": [round(mortality.low[0], 2), round(mortality.high[0], 2)],
        "day": 40.0,
        "curve": [
            {"day": 3.5 * i, "mortality_percent": percent}
            for i, percent in enumerate(round(each, 2) for each in curve)
        ],
        "warnings": [],
        "model": told(scorer),
    }
    assert len(response.json()["curve"]) == 34
    assert response.json()["curve"][0] == {"day": 0.0, "mortality_percent": 0.0}


def test_the_end_of_the_season_is_answered_where_no_day_is_asked(client: Client) -> None:
    unasked = client.post("/v1/predict", OAK).json()

    assert unasked == client.post("/v1/predict", {**OAK, "day": 115.5}).json()
    assert unasked["day"] == 115.5
    assert unasked["mortality_percent"] == unasked["curve"][-1]["mortality_percent"]


def test_a_batch_is_answered_in_its_order_with_what_each_would_get_alone(
    client: Client, scorer: Scorer
) -> None:
    rows = [
        {"species": name, "soil": soil, "light": light}
        for name in scorer.artefact.species
        for soil in scorer.artefact.soils
        for light in (0.01, 0.05, 0.15, 0.9)
    ]

    answer = client.post("/v1/predict/batch", {"seedlings": rows, "day": 49}).json()

    predictions = answer.pop("predictions")
    assert answer == {"day": 49.0, "warnings": [], "model": told(scorer)}
    assert len(predictions) == len(rows)
    for row, found in zip(rows, predictions, strict=True):
        alone = client.post("/v1/predict", {**row, "day": 49}).json()
        assert found["warnings"] == alone["warnings"]
        # A batch may be summed in another order: the last printed digit may turn.
        numbers = [found["mortality_percent"], *found["interval_90"]]
        expected = [alone["mortality_percent"], *alone["interval_90"]]
        assert numbers == pytest.approx(expected, abs=0.0101)


def test_the_largest_batch_is_answered(client: Client) -> None:
    answer = client.post("/v1/predict/batch", {"seedlings": [OAK, MAPLE] * 500}).json()

    assert len(answer["predictions"]) == 1000
    assert answer["predictions"][::2] == [answer["predictions"][0]] * 500
    assert answer["predictions"][1::2] == [answer["predictions"][1]] * 500
    assert answer["predictions"][0] != answer["predictions"][1]


@pytest.mark.parametrize("light", [0, 1, 0.032, 0.161])
def test_the_ends_of_the_scale_are_answered(client: Client, light: float) -> None:
    response = client.post("/v1/predict", {**OAK, "light": light})

    assert response.status_code == 200
    assert len(response.json()["warnings"]) == (light in (0, 1))


def test_a_warning_stands_beside_the_seedling_it_is_about(client: Client) -> None:
    rows = [OAK, {**OAK, "light": 0.5}, OAK]

    answer = client.post("/v1/predict/batch", {"seedlings": rows}).json()
    assert [each["warnings"] for each in answer["predictions"]] == [
        [],
        [
            "light 0.5 is outside the range seen in training, 0.032 to 0.161; "
            "this is the answer for 0.161."
        ],
        [],
    ]


def test_the_model_card_is_the_metadata_under_its_version(
    client: Client, scorer: Scorer, folder: Path
) -> None:
    card = json.loads((folder / "metadata.json").read_text())

    response = client.get("/v1/model")
    assert response.status_code == 200
    assert response.json() == {"version": scorer.artefact.version, **card}


def test_health_says_which_model_serves(client: Client, scorer: Scorer) -> None:
    response = client.get("/health")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "model": told(scorer)},
    )


def test_a_simulated_model_is_marked_in_every_answer(simulated: Client) -> None:
    one = simulated.post("/v1/predict", OAK).json()
    many = simulated.post("/v1/predict/batch", {"seedlings": [OAK]}).json()

    assert one["warnings"] == many["warnings"] == [SIMULATED]
    assert many["predictions"][0]["warnings"] == []
    health = simulated.get("/health").json()
    card = simulated.get("/v1/model").json()
    assert [each["data"] for each in (one["model"], many["model"], health["model"])] == [
        "simulated"
    ] * 3
    assert card["data"]["source"] == "simulated"


def test_answers_are_what_their_published_models_say(client: Client) -> None:
    for path, asked, model in (
        ("/v1/predict", OAK, description.Prediction),
        ("/v1/predict/batch", {"seedlings": [OAK, MAPLE]}, description.Batch),
        ("/v1/predict", {}, description.Problem),
        ("/v1/predict/batch", {"seedlings": [{}]}, description.Problem),
    ):
        answer = client.post(path, asked).json()
        assert model.model_validate(answer).model_dump() == answer
    health = client.get("/health").json()
    assert description.Health.model_validate(health).model_dump() == health


@pytest.mark.parametrize(
    "path", ["/nowhere", "/v1", "/v1/", "/v2/predict", "/v1/predict/one", "/.env", "/%00"]
)
def test_an_address_that_is_not_there_is_a_problem(client: Client, path: str) -> None:
    document = read_problem(client.get(path), 404)

    assert document == {
        "type": "about:blank",
        "title": "There is nothing at this address",
        "status": 404,
        "detail": "See /docs for what there is.",
        "request_id": document["request_id"],
        "errors": [],
    }


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/predict", "POST"),
        ("PUT", "/v1/predict/batch", "POST"),
        ("DELETE", "/v1/model", "GET"),
        ("POST", "/health", "GET"),
        ("OPTIONS", "/v1/predict", "POST"),
        ("TRACE", "/v1/predict", "POST"),
        ("BREW", "/v1/predict", "POST"),
    ],
)
def test_a_method_that_is_not_taken_is_told_which_is(
    client: Client, method: str, path: str, allow: str
) -> None:
    response = client.request(method, path)

    document = read_problem(response, 405)
    assert response.headers["allow"] == allow
    assert document["detail"] == f"Send {allow}."


def test_no_answer_lets_pages_of_other_origins_read_it(client: Client) -> None:
    response = client.post("/v1/predict", OAK, headers={"origin": "https://example.org"})

    assert not [name for name in response.headers if name.startswith("access-control")]


def test_one_app_says_nothing_of_another(scorer: Scorer, simulated: Client) -> None:
    published = Client(create_app(scorer, Listener()))

    def warnings(client: Client) -> Any:
        return client.post("/v1/predict", OAK).json()["warnings"]

    assert [warnings(published), warnings(simulated), warnings(published)] == [[], [SIMULATED], []]
