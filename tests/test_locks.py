"""The locks: they hold what pyproject.toml asks for, agree, and name no index."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOOLS = ("audit", "checkov", "sam", "sbom", "states")
LOCKS = {
    "serving": "functions/requirements.txt",
    "training": "training/requirements.txt",
    "release": "deploy/requirements.txt",
    "dev": "requirements-dev.txt",
}


def pins(path: Path) -> dict[str, set[str]]:
    """Versions that a lock pins each package to (more than one where markers tell them apart)."""
    found: dict[str, set[str]] = {}
    for line in re.findall(r"^[a-z0-9][^\\\n]*", path.read_text(), re.MULTILINE):
        requirement = Requirement(line.strip())
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


def direct(root: Path, group: str) -> list[Requirement]:
    groups = tomllib.loads((root / "pyproject.toml").read_text())["dependency-groups"]
    found = []
    for entry in groups[group]:
        if isinstance(entry, dict):
            found += direct(root, entry["include-group"])
        else:
            found.append(Requirement(entry))
    return found


@pytest.mark.parametrize("group", LOCKS)
def test_a_lock_still_answers_pyproject(root: Path, group: str, tmp_path: Path) -> None:
    # The resolver itself is the judge: with the lock as its preference it must change nothing.
    lock = tmp_path / "lock.txt"
    lock.write_text((root / LOCKS[group]).read_text())
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"),
        *("--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"),
        *("--no-header", "--no-annotate", "--group", group, "--output-file", str(lock)),
        *(() if group == "dev" else ("--constraint", "requirements-dev.txt")),
    ]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert lock.read_text() == (root / LOCKS[group]).read_text(), "run `make lock`"


@pytest.mark.parametrize("group", LOCKS)
def test_a_lock_pins_every_direct_dependency_in_the_declared_range(root: Path, group: str) -> None:
    locked = pins(root / LOCKS[group])
    for requirement in direct(root, group):
        versions = locked[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(v.removeprefix("==")) for v in versions)


@pytest.mark.parametrize("group", ["release", "serving", "training"])
def test_what_is_shipped_is_what_was_tested(root: Path, group: str) -> None:
    tested = pins(root / LOCKS["dev"])
    for name, versions in pins(root / LOCKS[group]).items():
        assert versions <= tested[name], name


def test_the_release_lock_has_what_aws_login_needs_and_nothing_of_training(root: Path) -> None:
    locked = set(pins(root / LOCKS["release"]))
    assert "awscrt" in locked
    assert not locked & {"dvc", "numpy", "onnxruntime", "pandas", "scikit-learn"}


def test_the_serving_lock_has_nothing_of_training(root: Path) -> None:
    assert not set(pins(root / LOCKS["serving"])) & {
        "scikit-learn",
        "scipy",
        "pandas",
        "joblib",
        "dvc",
        "onnx",
        "uvicorn",
    }


@pytest.mark.parametrize(
    "lock", [*LOCKS.values(), *(f".ci/{tool}-requirements.txt" for tool in TOOLS)]
)
def test_a_lock_has_a_hash_for_everything_and_no_address(root: Path, lock: str) -> None:
    text = (root / lock).read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert all("--hash=sha256:" in block for block in blocks)
    assert "://" not in text
