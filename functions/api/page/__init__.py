"""The pages at `/` and `/docs`: self-contained documents that load nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from pathlib import Path

from functions.artefact import Artefact, Factor


def render(artefact: Artefact, root_path: str) -> tuple[str, str]:
    """The page to try the model on, with the model's own values, and its security policy."""
    facts = {
        "inputs": [
            {"name": each.name, "levels": each.levels}
            if isinstance(each, Factor)
            else {"name": each.name, "seen": each.seen}
            for each in artefact.inputs
        ],
        "percent": artefact.study.percent,
        "time": artefact.time.name,
        "horizon": artefact.time.horizon,
        "data": artefact.source,
        "version": artefact.version,
    }
    # "<" would let a value end the script element that holds it.
    return _filled("page", root_path, json.dumps(facts).replace("<", "\\u003c"))


def describe(root_path: str) -> tuple[str, str]:
    """The page that tells people what `openapi.json` tells programs, and its security policy."""
    return _filled("docs", root_path)


def _filled(name: str, root_path: str, facts: str = "") -> tuple[str, str]:
    """A document and its content security policy: nothing from elsewhere, no other script."""
    shape, style, script = (_part(part) for part in (f"{name}.html", "page.css", f"{name}.js"))
    html = (
        shape.replace("{{base}}", escape(f"{root_path}/", quote=True))
        .replace("{{facts}}", facts)
        .replace("{{style}}", style)
        .replace("{{script}}", script)
    )
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
