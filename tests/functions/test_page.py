"""The pages: one document each, nothing from elsewhere, honest about what they show."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest

from functions.api import page
from functions.api.app import create_app
from functions.artefact import Artefact, read_artefact
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener, Vary


@pytest.mark.trial
def test_the_page_holds_the_model_s_own_values(scorer: Scorer, client: Client) -> None:
    html = client.get("/").text
    facts = json.loads(re.findall(r'id="facts">(.*?)</script>', html, re.DOTALL)[0])

    assert [each["name"] for each in facts["inputs"]] == ["species", "soil", "light"]
    levels = [level["name"] for level in facts["inputs"][0]["levels"]]
    assert levels == list(scorer.artefact.factors[0].levels)
    assert facts["inputs"][2]["seen"] == list(scorer.artefact.numbers[0].seen)
    assert facts["version"] == scorer.artefact.version


@pytest.mark.trial
def test_a_number_begins_where_the_median_of_the_study_is(vary: Vary) -> None:
    bins = {"edges": [0.0, 0.1, 0.2, 0.3], "counts": [1, 5, 2]}
    artefact = read_artefact(vary(lambda metadata: metadata["histograms"].update(light=bins)))
    html, _ = page.render(artefact, "")
    facts = json.loads(re.findall(r'id="facts">(.*?)</script>', html, re.DOTALL)[0])

    assert facts["typical"] == {"light": pytest.approx(0.15)}


def links(html: str) -> set[str]:
    """Addresses that a document names, but for the icon that it holds itself."""
    return {
        link
        for link in re.findall(r'(?:src|href)="([^"]+)"', html)
        if not link.startswith("data:image/svg+xml,")
    }


def test_nothing_is_loaded_from_elsewhere_and_no_link_needs_a_key(client: Client) -> None:
    for path, found, fetched in (
        ("/", {"/", "docs", "model"}, {"v1/predict", "v1/predict/batch"}),
        ("/model", {"/", "./", "docs"}, {"v1/model"}),
        ("/docs", {"/", "./", "model", "openapi.json"}, {"openapi.json"}),
    ):
        html = client.get(path).text

        assert links(html) == found
        assert set(re.findall(r"https?://[^\s\"']+", html)) == {"http://www.w3.org/2000/svg"}
        assert set(re.findall(r'(?:fetch|send|request)\("([^"]+)"', html)) == fetched


def test_under_a_stage_the_description_names_the_stage_s_addresses(scorer: Scorer) -> None:
    html, _ = page.describe_page(scorer.artefact, "/prod")

    assert '<base href="/prod/">' in html
    assert "curl HOST/prod/v1/predict" in html
    assert "{{" not in html


def test_without_a_script_the_description_names_every_field(scorer: Scorer, client: Client) -> None:
    html = client.get("/docs").text

    assert escape(json.dumps(scorer.artefact.example)) in html
    for each in scorer.artefact.inputs:
        assert f"<code>{each.name}</code>" in html


@pytest.mark.parametrize("path", ["/", "/model", "/docs"])
def test_a_page_is_small(client: Client, path: str) -> None:
    assert len(client.get(path).content) <= 80_000


def test_without_a_script_the_page_says_what_it_is(scorer: Scorer, client: Client) -> None:
    html = client.get("/").text
    study = scorer.artefact.metadata["study"]

    assert f"<title>{escape(study['title']['en'])}</title>" in html
    assert escape(study["summary"]["en"]) in html
    assert "<noscript>" in html


@pytest.mark.parametrize("name", ["words.js", "texts.js", "model_texts.js"])
def test_both_languages_say_the_same_things(name: str) -> None:
    texts = (Path(page.__file__).parent / name).read_text("utf-8")
    english, spanish = (
        re.findall(r"(?:^ {4,6}|, )(\w+): (?:[\"`(]|\{|\w+ =>)", part, re.MULTILINE)
        for part in re.split(r"^  e[ns]: \{\n", texts, flags=re.MULTILINE)[1:]
    )

    assert len(english) > 20
    assert english == spanish


@pytest.mark.parametrize("render", [page.render, page.render_model, page.describe_page])
def test_only_its_own_script_and_style_may_run(
    scorer: Scorer, render: Callable[[Artefact, str], tuple[str, str]]
) -> None:
    html, policy = render(scorer.artefact, "")
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


def test_a_value_cannot_close_the_script_element_around_it(vary: Vary) -> None:
    name = "</script><script>alert(1)</script>"
    text = {"en": name, "es": name}
    folder = vary(lambda metadata: metadata["inputs"][0].update(label=text, description=text))
    html, _ = page.render(read_artefact(folder), '/"><script>')

    assert html.count("<script") == 2


@pytest.mark.trial
def test_a_simulated_model_is_marked_on_the_page_and_in_every_answer(vary: Vary) -> None:
    folder = vary(lambda metadata: metadata["data"].update(source="simulated"))
    client = Client(create_app(Scorer(read_artefact(folder)), Listener()))
    seedling = {"species": "Quercus alba", "soil": "Sterile", "light": 0.1}

    assert '"source": "simulated"' in client.get("/").text
    one = client.post("/v1/predict", seedling).json()
    many = client.post("/v1/predict/batch", {"seedlings": [seedling]}).json()
    for answer in (one, many):
        assert answer["model"]["data"] == "simulated"
        assert "SIMULATED" in answer["warnings"][0]
    assert client.get("/health").json()["model"]["data"] == "simulated"
