"""The page: one document, nothing from elsewhere, honest about what it shows."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from functions.api import page
from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener, Vary


def test_the_page_holds_the_model_s_own_values(scorer: Scorer, client: Client) -> None:
    html = client.get("/").text
    facts = json.loads(re.findall(r'id="facts">(.*?)</script>', html, re.DOTALL)[0])

    assert [each["name"] for each in facts["inputs"]] == ["species", "soil", "light"]
    levels = [level["name"] for level in facts["inputs"][0]["levels"]]
    assert levels == list(scorer.artefact.factors[0].levels)
    assert facts["inputs"][2]["seen"] == list(scorer.artefact.numbers[0].seen)
    assert facts["version"] == scorer.artefact.version


def test_nothing_is_loaded_from_elsewhere(client: Client) -> None:
    html = client.get("/").text
    assert re.findall(r'(?:src|href)="(?!docs"|v1/model"|/")[^"]+"', html) == []
    assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}


def test_the_description_loads_nothing_but_the_document_it_tells() -> None:
    html, _ = page.describe_page("/prod")

    assert '<base href="/prod/">' in html
    assert set(re.findall(r'(?:src|href)="([^"]+)"', html)) == {
        *("/prod/", "./", "v1/model", "openapi.json")
    }
    assert re.findall(r'fetch\("([^"]+)"\)', html) == ["openapi.json"]
    assert "://" not in html
    assert "{{" not in html


@pytest.mark.parametrize("name", ["page", "description"])
def test_only_its_own_script_and_style_may_run(scorer: Scorer, name: str) -> None:
    html, policy = page.render(scorer.artefact, "") if name == "page" else page.describe_page("")
    inline = re.findall(r"<(style|script)>(.*?)</\1>", html, re.DOTALL)

    assert [tag for tag, _ in inline] == ["style", "script"]
    for tag, text in inline:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_the_page_is_sent_with_its_policy(client: Client, scorer: Scorer) -> None:
    response = client.get("/")
    html, policy = page.render(scorer.artefact, "")
    assert (response.text, response.headers["content-security-policy"]) == (html, policy)


def test_under_a_stage_its_links_stay_under_the_stage(scorer: Scorer) -> None:
    html, _ = page.render(scorer.artefact, "/prod")
    assert '<base href="/prod/">' in html


def test_a_value_can_t_end_the_script_it_stands_in(vary: Vary) -> None:
    name = "</script><script>alert(1)</script>"
    read = read_artefact(
        vary(
            lambda metadata: metadata["inputs"][0]["levels"].append(
                {"name": name, "label": {"en": name, "es": name}}
            )
        )
    )
    html, _ = page.render(read, '/"><script>')

    assert html.count("<script") == 2


def test_a_simulated_model_is_marked_on_the_page_and_in_every_answer(vary: Vary) -> None:
    folder = vary(lambda metadata: metadata["data"].update(source="simulated"))
    client = Client(create_app(Scorer(read_artefact(folder)), Listener()))
    seedling = {"species": "Quercus alba", "soil": "Sterile", "light": 0.1}

    assert '"data": "simulated"' in client.get("/").text
    one = client.post("/v1/predict", seedling).json()
    many = client.post("/v1/predict/batch", {"seedlings": [seedling]}).json()
    for answer in (one, many):
        assert answer["model"]["data"] == "simulated"
        assert "SIMULATED" in answer["warnings"][0]
    assert client.get("/health").json()["model"]["data"] == "simulated"
