"""The page at `/`: one self-contained document, filled in with the model's own values."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from pathlib import Path

from functions.artefact import Artefact


def render(artefact: Artefact, root_path: str) -> tuple[str, str]:
    """The document and its content security policy: nothing from elsewhere, no other script."""
    shape, style, script = (_part(name) for name in ("page.html", "page.css", "page.js"))
    facts = {
        "species": artefact.species,
        "soils": artefact.soils,
        "light": artefact.light_seen,
        "lastDay": artefact.last_day,
        "data": artefact.source,
        "version": artefact.version,
    }
    html = (
        shape.replace("{{base}}", escape(f"{root_path}/", quote=True))
        # "<" would let a value end the script element that holds it.
        .replace("{{facts}}", json.dumps(facts).replace("<", "\\u003c"))
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
