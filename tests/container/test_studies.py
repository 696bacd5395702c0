"""Images of the models of other studies, built by the same Dockerfile, pass their smoke tests."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.smoke import run_smoke_tests
from functions.artefact import read_artefact
from functions.hook.golden import checks
from tests.container.conftest import Container, docker
from tests.deploy import gateway as gateways
from tests.deploy.gateway import KEY, Gateway
from tests.studies.data import STUDIES, study_file, write_data
from training.evaluation.cross_validation import recipes
from training.model.folder import write_model
from training.pipeline.train import train
from training.study.read import read_study
from training.study.table import load_table

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]


@pytest.fixture(params=STUDIES)
def context(request: pytest.FixtureRequest, root: Path, tmp_path: Path) -> Path:
    """What the image is built from, with the model of another study in place of the released."""
    path = study_file(request.param)
    study = read_study(path)
    table = load_table(write_data(request.param, tmp_path), study)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    candidate = train(study, sha256, table, recipes(study, 1), jobs=1)
    folder = tmp_path / "context"
    shutil.copytree(
        root / "functions", folder / "functions", ignore=shutil.ignore_patterns("__pycache__")
    )
    write_model(folder / "model", candidate.graph, candidate.metadata)
    return folder


@pytest.fixture
def other_image(image: str, context: Path, root: Path) -> Iterator[str]:
    """The image with that model: the steps of the Dockerfile from the model on, over ours."""
    dockerfile = (root / "Dockerfile.lambda").read_text()
    _, copy, rest = dockerfile.partition("COPY model ")
    assert copy, "Dockerfile.lambda copies the model"
    (context / "Dockerfile").write_text(f"FROM {image}\n{copy}{rest}")
    built = docker("build", "--quiet", str(context), timeout=300).splitlines()[-1]
    yield built
    # Not the image below it, which may bear no name of its own.
    docker("rmi", "--force", "--no-prune", built)


def test_the_image_of_another_study_passes_its_smoke_tests(
    other_image: str, context: Path, container_of: Callable[[str], Container]
) -> None:
    artefact = read_artefact(context / "model")
    logged: list[str] = []
    container = container_of(other_image)
    with gateways.opened(Gateway(function=container.invoke)) as gateway:
        passed = run_smoke_tests(gateway.url, KEY, artefact, logged.append)

    assert passed, logged
    named = [line.partition("  ")[2].strip() for line in logged if line.startswith("ok")]
    assert named == [check.name for check in checks(artefact, "")]
    assert len(artefact.golden) > 2
