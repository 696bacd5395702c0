"""Who may import whom: the table of the design, compared with every import statement."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVING = {"aws_lambda_powertools", "fastapi", "mangum", "numpy", "onnxruntime", "pydantic"}
TRAINING = {
    "dvc",
    "dvc_objects",
    "googleapiclient",
    "httplib2",
    "joblib",
    "matplotlib",
    "numpy",
    "oauth2client",
    "onnx",
    "onnxruntime",
    "pandas",
    "pandera",
    "pydrive2",
    "rich",
    "scipy",
    "skl2onnx",
    "sklearn",
    "sksurv",
    "threadpoolctl",
    "typer",
}
# What a package may import beside the standard library and itself.
# Starlette is what FastAPI is made of; typing_extensions what pydantic reads types with.
# AWS's base image holds boto3; it is in no lock, and only releases may want it.
ALLOWED = {
    "functions": SERVING | {"starlette", "typing_extensions"} | {"boto3", "botocore"},
    "training": TRAINING,
}
# What one file alone may import: the local server, which is not in the image's lock.
EXCEPTIONS = {"functions/api/__main__.py": {"uvicorn"}}
# What only one module of a package may import.
ONLY = {
    "onnxruntime": {"functions/graph.py", "training/export.py"},
    "boto3": {"functions/release/__main__.py", "functions/release/hook.py"},
    "botocore": {
        "functions/release/__main__.py",
        "functions/release/history.py",
        "functions/release/hook.py",
        "functions/release/image.py",
        "functions/release/stack.py",
    },
    "mangum": {"functions/api/handler.py"},
    "aws_lambda_powertools": {"functions/telemetry.py"},
    "sksurv": {"training/evaluate.py"},
    "pandera": {"training/schema.py", "training/trial.py"},
    "joblib": {"training/search.py", "training/train.py"},
    "matplotlib": {"training/plots.py"},
}
# The order in which training is built: a module imports only what stands to its left.
TRAINING_ORDER = [
    "errors",
    "design",
    "config",
    "person_periods",
    "survival",
    "hazard",
    "evaluate",
    "summary",
    "schema",
    "simulate",
    "trial",
    "fetch",
    "search",
    "export",
    "metadata",
    "artefact",
    "train",
    "rules",
    "gate",
    "behaviour",
    "repository",
    "store",
    "sources",
    "release",
    "rollback",
    "retrain",
    "plots",
    "report",
    "commands",
    "__main__",
]


def imports(path: Path) -> Iterator[str]:
    """Dotted names that a file imports, those inside its functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(root: Path, package: str) -> list[tuple[str, Path]]:
    return [(p.relative_to(root).as_posix(), p) for p in sorted((root / package).rglob("*.py"))]


@pytest.mark.parametrize("package", ["functions", "training"])
def test_a_package_imports_only_what_the_table_allows(root: Path, package: str) -> None:
    found = {
        (name, imported.split(".")[0])
        for name, path in files(root, package)
        for imported in imports(path)
    }
    wrong = {
        (name, top)
        for name, top in found
        if top not in sys.stdlib_module_names | ALLOWED[package] | EXCEPTIONS.get(name, set())
        and top != package
    }
    assert wrong == set()


def test_a_library_is_imported_in_its_own_room_alone(root: Path) -> None:
    for library, rooms in ONLY.items():
        importers = {
            name
            for package in ("functions", "training")
            for name, path in files(root, package)
            if any(imported.split(".")[0] == library for imported in imports(path))
        }
        assert importers <= rooms, f"{library} is imported by {importers - rooms}"


def test_what_answers_requests_knows_nothing_of_releases(root: Path) -> None:
    importers = {
        name
        for name, path in files(root, "functions")
        if any(imported.startswith("functions.release") for imported in imports(path))
    }
    assert importers
    assert all(name.startswith("functions/release/") for name in importers)


def test_training_is_built_in_one_direction(root: Path) -> None:
    wrong = []
    for name, path in files(root, "training"):
        module = Path(name).parts[1].removesuffix(".py")
        if module == "__init__":
            continue
        for imported in imports(path):
            parts = imported.split(".")
            if parts[0] != "training" or len(parts) == 1 or parts[1] not in TRAINING_ORDER:
                continue
            if TRAINING_ORDER.index(parts[1]) > TRAINING_ORDER.index(module):
                wrong.append((name, parts[1]))
    assert wrong == []
