"""The pages at `/` and `/docs`: self-contained documents that load nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from functions.artefact import Artefact

_SCRIPTS: Final = {
    "page": ("texts.js", "chart.js", "traffic.js", "form.js", "page.js"),
    "docs": ("docs.js",),
}
"""The parts of each page's one script, in their order."""


def render(artefact: Artefact, root_path: str) -> tuple[str, str]:
    """The page to try the model on, with the model's own values, and its security policy."""
    metadata = artefact.metadata
    study = metadata["study"]
    shown = ("title", "summary", "limits", "outcome_label", "answer", "group", "stand", "source")
    facts = {
        "study": {name: study.get(name) for name in shown} | {"rows": study["rows"]},
        "row": study["row"],
        "rows": {language: noun["many"] for language, noun in study["row"].items()},
        "inputs": metadata["inputs"],
        "typical": _typical(metadata),
        "unit": metadata["time"]["unit"],
        "percent": artefact.study.percent,
        "time": artefact.time.name,
        "horizon": artefact.time.horizon,
        "steps": artefact.time.steps,
        "first_end": metadata["time"]["period_ends"][0],
        "refits": metadata["interval"]["refits"],
        "stand_size": artefact.stand and artefact.stand.size,
        "data": {name: metadata["data"].get(name) for name in ("source", "subjects", "groups")},
        "version": artefact.version,
    }
    texts = {name: escape(study[name]["en"]) for name in ("title", "summary")}
    # "<" would let a value end the script element that holds it.
    return _filled("page", root_path, {**texts, "facts": json.dumps(facts).replace("<", "\\u003c")})


def describe_page(root_path: str) -> tuple[str, str]:
    """The page that tells people what `openapi.json` tells programs, and its security policy."""
    return _filled("docs", root_path, {})


def _typical(metadata: Mapping[str, Any]) -> dict[str, float]:
    """Middle of the histogram's bin that holds the median, by number: where a form may begin."""
    histograms = metadata.get("histograms", {})
    typical = {}
    for number in metadata["inputs"]:
        bins = histograms.get(number["name"], {})
        if number["kind"] == "number" and sum(bins.get("counts", ())):
            edges, below = bins["edges"], list(accumulate(bins["counts"]))
            at = next(i for i, count in enumerate(below) if 2 * count >= below[-1])
            typical[number["name"]] = (edges[at] + edges[at + 1]) / 2
    return typical


def _filled(name: str, root_path: str, texts: Mapping[str, str]) -> tuple[str, str]:
    """A document and its content security policy: nothing from elsewhere, no other script."""
    shape, style = _part(f"{name}.html"), _part("page.css")
    script = "".join(map(_part, _SCRIPTS[name]))
    parts = {
        **texts,
        "base": escape(f"{root_path}/", quote=True),
        "style": style,
        "script": script,
    }
    # In one pass: what is filled in may hold such marks itself.
    html = re.sub(r"{{(\w+)}}", lambda mark: parts[mark[1]], shape)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "connect-src 'self'; img-src data:; base-uri 'self'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return html, policy


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
