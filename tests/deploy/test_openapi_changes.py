"""A change of the API that breaks its clients is named, and no other is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import chdir
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from deploy.openapi_changes import breaking_changes, main
from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.scoring import Scorer
from tests.functions.conftest import Listener
from tests.functions.models import SEEDLINGS

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of an API with inputs that the changes can name, whatever study.toml declares."""
    model = SEEDLINGS.write(tmp_path_factory.mktemp("document") / "model")
    return create_app(Scorer(read_artefact(model)), Listener()).openapi()


def properties(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]["properties"]
    return found


def require(document: dict[str, Any], schema: str, name: str) -> None:
    document["components"]["schemas"][schema]["required"].append(name)


BREAKING: dict[str, tuple[Change, list[str]]] = {
    "a path gone": (lambda d: d["paths"].pop("/health"), ["GET /health: removed"]),
    "a method gone": (
        lambda d: d["paths"]["/v1/predict"].update(put=d["paths"]["/v1/predict"].pop("post")),
        ["POST /v1/predict: removed"],
    ),
    "another id": (
        lambda d: d["paths"]["/health"]["get"].update(operationId="alive"),
        ["GET /health: operationId changed, from health"],
    ),
    "another success": (
        lambda d: d["paths"]["/health"]["get"]["responses"].update(
            {"204": d["paths"]["/health"]["get"]["responses"].pop("200")}
        ),
        ["GET /health: response 200 removed"],
    ),
    "a field of the response gone": (
        lambda d: properties(d, "Health").pop("status"),
        ["GET /health: response.status: removed"],
    ),
    "a field of the response of another type": (
        lambda d: properties(d, "Health").update(status={"type": "integer"}),
        ["GET /health: response.status: type was string, is integer"],
    ),
    "a new field required": (
        lambda d: (
            properties(d, "PredictionRequest").update(age={"type": "number"}),
            require(d, "PredictionRequest", "age"),
        ),
        ["POST /v1/predict: request.age: now required"],
    ),
    "a level gone": (
        lambda d: d["components"]["schemas"]["Species"]["enum"].remove("Quercus alba"),
        [
            "POST /v1/predict: request.species: 'Quercus alba' no longer allowed",
            "POST /v1/predict/batch: request.seedlings[].species: 'Quercus alba' no longer allowed",
            (
                "POST /v1/outcomes: request.outcomes[].inputs.species: 'Quercus alba' "
                "no longer allowed"
            ),
        ],
    ),
    "a narrower range": (
        lambda d: properties(d, "PredictionRequest")["light"].update(maximum=0.5),
        ["POST /v1/predict: request.light: maximum is now 0.5"],
    ),
    "smaller batches": (
        lambda d: properties(d, "BatchRequest")["seedlings"].update(maxItems=10),
        ["POST /v1/predict/batch: request.seedlings: maxItems is now 10"],
    ),
    "a parameter required": (
        lambda d: d["paths"]["/health"]["get"].update(
            parameters=[{"in": "query", "name": "deep", "required": True}]
        ),
        ["GET /health: query parameter deep now required"],
    ),
    "a field no longer sent": (
        lambda d: properties(d, "BatchRequest").pop("day"),
        ["POST /v1/predict/batch: request.day: no longer allowed"],
    ),
}


@pytest.mark.parametrize("name", BREAKING)
def test_a_breaking_change_is_named(document: dict[str, Any], name: str) -> None:
    change, expected = BREAKING[name]
    changed = deepcopy(document)
    change(changed)

    assert breaking_changes(document, changed) == expected


PARAMETER = {"in": "query", "name": "day", "schema": {"anyOf": [{"type": "number"}]}}


def with_parameter(document: dict[str, Any], **changes: object) -> dict[str, Any]:
    changed = deepcopy(document)
    changed["paths"]["/health"]["get"]["parameters"] = [PARAMETER | changes]
    return changed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"name": "week"}, ["query parameter day removed"]),
        ({"required": True}, ["query parameter day now required"]),
        (
            {"schema": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
            ["query parameter day: type was number, is null or string"],
        ),
    ],
)
def test_a_breaking_change_of_a_parameter_is_named(
    document: dict[str, Any], changes: dict[str, Any], expected: list[str]
) -> None:
    found = breaking_changes(with_parameter(document), with_parameter(document, **changes))

    assert found == [f"GET /health: {each}" for each in expected]


HARMLESS: dict[str, Change] = {
    "nothing": lambda d: None,
    "another path": lambda d: d["paths"].update({"/new": d["paths"]["/health"]}),
    "another field of the response": lambda d: properties(d, "Health").update(
        since={"type": "string"}
    ),
    "another optional field of the request": lambda d: properties(d, "PredictionRequest").update(
        age={"type": "number"}
    ),
    "another level": lambda d: d["components"]["schemas"]["Species"]["enum"].append("Acer x"),
    "a wider range": lambda d: properties(d, "PredictionRequest")["light"].update(maximum=2),
    "other words": lambda d: d["info"].update(description="Other words."),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_any_other_change_is_not(document: dict[str, Any], name: str) -> None:
    changed = deepcopy(document)
    HARMLESS[name](changed)

    assert breaking_changes(document, changed) == []


@pytest.fixture
def checkout(document: dict[str, Any], root: Path, tmp_path: Path) -> Iterator[Path]:
    """A clone whose main is released and whose branch has a commit of its own."""
    (tmp_path / "docs").mkdir()
    write(tmp_path, document)
    (tmp_path / "study.toml").write_text((root / "study.toml").read_text("utf-8"))
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path)
    git(tmp_path, "checkout", "--quiet", "-b", "change")
    with chdir(tmp_path):
        yield tmp_path


def write(checkout: Path, document: dict[str, Any]) -> None:
    (checkout / "docs/openapi.json").write_text(json.dumps(document), "utf-8")


def git(checkout: Path, *arguments: str) -> None:
    author = ["-c", "user.name=Tester", "-c", "user.email=tester@example.org"]
    subprocess.run(["git", *author, *arguments], cwd=checkout, check=True, capture_output=True)


def commit(checkout: Path) -> None:
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--allow-empty", "--message", "A change.")


def broken(document: dict[str, Any], version: str) -> dict[str, Any]:
    changed = deepcopy(document)
    changed["info"]["version"] = version
    del changed["paths"]["/health"]
    return changed


@pytest.mark.parametrize("commits", [0, 1, 2])
def test_a_breaking_change_of_a_branch_fails(
    document: dict[str, Any], checkout: Path, capsys: pytest.CaptureFixture[str], commits: int
) -> None:
    assert main("main") == 0
    write(checkout, broken(document, "1.9"))
    for _ in range(commits):
        commit(checkout)

    assert main() == 1
    assert capsys.readouterr().out == (
        "breaking: GET /health: removed\n"
        f"openapi: clients of {document['info']['version']} break; "
        "a new major version would say so\n"
    )


def test_a_breaking_commit_on_main_fails(
    document: dict[str, Any], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    git(checkout, "checkout", "--quiet", "main")
    write(checkout, broken(document, "1.9"))
    commit(checkout)

    assert main() == 1
    assert main("HEAD") == 0


def test_a_new_major_version_may_break(
    document: dict[str, Any], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(checkout, broken(document, "2.0"))

    assert main() == 0
    assert capsys.readouterr().out == "breaking: GET /health: removed\n"


def test_another_study_is_another_api(
    document: dict[str, Any], checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(checkout, broken(document, "1.9"))
    (checkout / "study.toml").write_text('[study]\nname = "another"\n')

    assert main() == 0
    assert "another study" in capsys.readouterr().out


def test_a_checkout_without_a_released_document_passes_and_says_so(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("no-such-revision") == 0
    git(checkout, "branch", "--delete", "--force", "main")  # as in a shallow clone

    assert main() == 0
    assert capsys.readouterr().out == (
        "openapi: nothing to compare with at no-such-revision; all changes pass\n"
        "openapi: nothing to compare with at main; all changes pass\n"
    )
