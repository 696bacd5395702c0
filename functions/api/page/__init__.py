"""The pages at `/` and `/docs`: self-contained documents that load nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from html import escape
from pathlib import Path

from functions.artefact import Artefact


def render(artefact: Artefact, root_path: str) -> tuple[str, str]:
    """The page to try the model on, with the model's own values, and its security policy."""
    metadata = artefact.metadata
    facts = {
        "study": {
            name: metadata["study"][name]
            for name in ("title", "summary", "limits", "outcome_label", "answer", "stand")
        },
        "inputs": metadata["inputs"],
        "unit": metadata["time"]["unit"],
        "percent": artefact.study.percent,
        "time": artefact.time.name,
        "horizon": artefact.time.horizon,
        "steps": artefact.time.steps,
        "data": artefact.source,
        "version": artefact.version,
    }
    # "<" would let a value end the script element that holds it.
    return _filled("page", root_path, json.dumps(facts).replace("<", "\\u003c"))


def describe_page(root_path: str) -> tuple[str, str]:
    """The page that tells people what `openapi.json` tells programs, and its security policy."""
    return _filled("docs", root_path)


def _filled(name: str, root_path: str, facts: str = "") -> tuple[str, str]:
    """A document and its content security policy: nothing from elsewhere, no other script."""
    shape, style, script = (_part(part) for part in (f"{name}.html", "page.css", f"{name}.js"))
    parts = {
        "base": escape(f"{root_path}/", quote=True),
        "facts": facts,
        "style": style,
        "script": script,
    }
    # In one pass: what is filled in may hold such marks itself.
    html = re.sub(r"{{(\w+)}}", lambda mark: parts[mark[1]], shape)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, policy


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
