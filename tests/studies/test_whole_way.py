"""Three studies go the whole way: trained, exported, served, checked, fuzzed, simulated from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import openapi_spec_validator
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from starlette.types import ASGIApp

from functions.api.app import create_app
from functions.artefact import Artefact, read_artefact
from functions.hook.golden import Answer, checks
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener
from tests.studies.data import STUDIES, study_file, write_data
from training.evaluation.cross_validation import recipes
from training.model.distribution import model_distribution
from training.model.folder import write_model
from training.pipeline.train import Candidate, train
from training.study.declaration import Study
from training.study.read import read_study
from training.study.simulation import simulate, write_csv
from training.study.table import load_table


@dataclass(frozen=True)
class Way:
    """A study, the model that was trained of it, and what serves that."""

    study: Study
    candidate: Candidate
    folder: Path
    artefact: Artefact
    app: ASGIApp


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in STUDIES],
)
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Way:
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    study = read_study(study_file(name))
    sha256 = hashlib.sha256(study_file(name).read_bytes()).hexdigest()
    table = load_table(write_data(name, folder), study)
    candidate = train(study, sha256, table, recipes(study, 1), jobs=1)
    write_model(folder / "model", candidate.graph, candidate.metadata)
    artefact = read_artefact(folder / "model")
    app = create_app(Scorer(artefact), Listener())
    return Way(study, candidate, folder / "model", artefact, app)


def test_the_graph_answers_as_scikit_learn_does(way: Way) -> None:
    assert way.candidate.parity <= 1e-6


def test_a_second_training_gives_the_same_bytes(way: Way) -> None:
    study, subjects = way.study, way.candidate.subjects
    name = next(each for each in STUDIES if read_study(study_file(each)) == study)
    table = load_table(way.folder.parent / f"{name}.csv", study)
    again = train(study, way.candidate.metadata["study"]["sha256"], table, recipes(study, 1), 1)
    assert len(again.subjects) == len(subjects)
    assert again.graph == way.candidate.graph
    assert json.dumps(again.metadata) == json.dumps(way.candidate.metadata)


def test_what_a_release_must_answer_is_answered(way: Way) -> None:
    client = Client(way.app)
    for check in checks(way.artefact, ""):
        body = check.body.encode() if check.body is not None else b""
        headers = {"content-type": "application/json"} if check.body is not None else {}
        response = client.request(check.method, check.path, content=body, headers=headers)
        kind = response.headers["content-type"].partition(";")[0]
        fault = check.fault(Answer(response.status_code, kind, response.text))
        assert fault == "", f"{check.name}: {fault}"


def test_the_answer_bears_the_study_s_names(way: Way) -> None:
    body = Client(way.app).post("/v1/predict", way.artefact.example).json()
    time, percent = way.study.time.name, f"{way.study.study.outcome}_percent"
    assert {time, percent, "interval_90", "stand_interval_90", "curve"} <= set(body)
    assert (body["stand_interval_90"] is None) == (way.study.data.group is None)
    curve = np.array([point[percent] for point in body["curve"]])
    assert (np.diff(curve) >= 0).all()
    batch = {way.study.study.rows: [way.artefact.example] * 3}
    answered = Client(way.app).post("/v1/predict/batch", batch)
    assert answered.status_code == 200, answered.text
    assert [each[percent] for each in answered.json()["predictions"]] == [body[percent]] * 3


def test_the_description_is_valid_and_names_every_input(way: Way) -> None:
    document = Client(way.app).get("/openapi.json").json()
    openapi_spec_validator.validate(document)
    text = json.dumps(document, ensure_ascii=False)
    for each in way.study.inputs:
        assert each.name in text
    figures = document["components"]["schemas"]["Prediction"]["properties"]
    said = figures["stand_interval_90"]["description"]
    assert ("the study declares no groups" in said) == (way.study.data.group is None)


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/predict/batch"])
def test_whatever_is_sent_is_answered_as_the_description_says(way: Way, path: str) -> None:
    api: Any = schemathesis.openapi.from_asgi("/openapi.json", way.app)

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(api[path]["POST"].as_strategy())
    def holds(case: Any) -> None:
        case.call_and_validate()

    holds()


class Scripts(HTMLParser):
    """Counts the scripts of a page, and the elements that no page of ours has."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag in ("b", "i"):
            self.foreign.append(tag)


def test_no_text_of_a_study_becomes_markup(way: Way) -> None:
    for path in ("/", "/model", "/docs"):
        page = Client(way.app).get(path)
        assert page.status_code == 200
        parser = Scripts()
        parser.feed(page.text)
        assert parser.scripts <= 2
        assert parser.foreign == []
        assert "<script>alert(1)" not in page.text


def test_data_can_be_simulated_from_the_model(way: Way, tmp_path: Path) -> None:
    source = model_distribution(way.folder, way.study)
    write_csv(simulate(way.study, source, rows=300, seed=3), tmp_path)
    table = load_table(tmp_path, way.study)
    assert table.source == "simulated"
    observed = way.candidate.subjects.event.mean()
    assert abs(table.subjects.event.mean() - observed) < 0.25
