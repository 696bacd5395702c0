"""Which libraries a package may import; who imports whom inside is import-linter's contract."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVING = {"aws_lambda_powertools", "fastapi", "mangum", "numpy", "onnxruntime", "pydantic"}
TRAINING = {
    "dvc",
    "dvc_objects",
    "formulaic",
    "googleapiclient",
    "httplib2",
    "joblib",
    "matplotlib",
    "numpy",
    "oauth2client",
    "onnx",
    "onnxruntime",
    "pandas",
    "pydantic",
    "pydantic_core",
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
# Starlette is what FastAPI is made of; pydantic_core and typing_extensions what pydantic is.
# AWS's base image holds boto3; it is in no lock, and of the image only the hook may want it.
ALLOWED = {
    "deploy": {"boto3", "botocore", "functions", "httpx", "typer"},
    "functions": SERVING
    | {"pydantic_core", "starlette", "typing_extensions"}
    | {"boto3", "botocore"},
    "training": TRAINING,
}
# What one file alone may import: the local server, which is not in the image's lock.
EXCEPTIONS = {
    # Asked for only by `--scheduler`, and named where it is missing.
    "training/pipeline/cluster.py": {"distributed"},
    "functions/api/__main__.py": {"uvicorn"},
}
# What only one module of a package may import.
ONLY = {
    "onnxruntime": {"functions/graph.py", "training/model/export.py"},
    "boto3": {
        "deploy/__main__.py",
        "functions/batch/handler.py",
        "functions/drift/handler.py",
        "functions/hook/check.py",
        "functions/hook/handler.py",
    },
    "botocore": {
        "deploy/__main__.py",
        "deploy/bootstrap.py",
        "deploy/environment.py",
        "deploy/image.py",
        "deploy/stack.py",
        "functions/batch/handler.py",
        "functions/drift/store.py",
        "functions/hook/handler.py",
    },
    "mangum": {"functions/api/handler.py"},
    "aws_lambda_powertools": {"functions/drift/handler.py", "functions/telemetry.py"},
    "sksurv": {"training/evaluation/scores.py"},
    "joblib": {
        "training/evaluation/cross_validation.py",
        "training/pipeline/cluster.py",
        "training/pipeline/coverage.py",
        "training/pipeline/gate_rates.py",
        "training/pipeline/train.py",
    },
    "matplotlib": {"training/pipeline/plots.py"},
}


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


@pytest.mark.parametrize("package", ALLOWED)
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
            for package in ALLOWED
            for name, path in files(root, package)
            if any(imported.split(".")[0] == library for imported in imports(path))
        }
        assert importers <= rooms, f"{library} is imported by {importers - rooms}"


def test_who_may_import_whom_is_kept(root: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
