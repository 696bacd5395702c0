"""One noun, one name: a public function or class is found by one search."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

PACKAGES = ("deploy", "functions", "training")
# Runtimes choose these names: `python -m` calls main, Lambda a handler.
ENTRY_POINTS = {"handler", "main"}
# A command bears its function's name, whatever else does.
COMMANDS = ("training/cli", "deploy/__main__.py")


def public_names(path: Path) -> list[str]:
    """Public functions and classes that a module defines at its top."""
    return [
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
    ]


def test_no_public_name_is_defined_twice(root: Path) -> None:
    modules = defaultdict(set)
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if any(path.is_relative_to(root / each) for each in COMMANDS):
                continue
            for name in public_names(path):
                modules[name].add(path.relative_to(root).as_posix())
    assert len(modules) > 150, "the modules were not found"
    twice = {
        name: where
        for name, where in modules.items()
        if len(where) > 1 and name not in ENTRY_POINTS
    }
    assert twice == {}
