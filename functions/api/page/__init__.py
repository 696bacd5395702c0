"""The pages at `/`, `/model` and `/docs`: self-contained, they load nothing from elsewhere."""

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

from functions.api.schemas import LARGEST_BATCH
from functions.artefact import Artefact

_SCRIPTS: Final = {
    "page": (
        *("shared.js", "words.js", "texts.js", "traffic.js", "request.js", "trust.js", "form.js"),
        *("chart.js", "answer.js", "curve.js", "comparison.js", "actions.js", "page.js"),
    ),
    "model": (
        *("shared.js", "words.js", "model_texts.js", "traffic.js", "request.js", "trust.js"),
        "model.js",
    ),
    "docs": ("docs.js",),
}
"""The parts of each page's one script, in their order."""


def render(artefact: Artefact, root_path: str) -> tuple[str, str]:
    """The page to try the model on, with the model's own values, and its security policy."""
    return _of_model("page", artefact, root_path)


def render_model(artefact: Artefact, root_path: str) -> tuple[str, str]:
    """The page that says what the model is, and its security policy.

    What the metadata holds beyond the form's values it reads from `v1/model`, which may need a key.
    """
    return _of_model("model", artefact, root_path)


def describe_page(artefact: Artefact, root_path: str) -> tuple[str, str]:
    """The page that tells people what `openapi.json` tells programs, and its security policy.

    What it says without a script is short, and made of the model's own names.
    """
    study, time = artefact.study, artefact.time
    texts = {
        "title": study.title,
        "summary": study.summary,
        "many": study.many,
        "rows": study.rows,
        "example": json.dumps(artefact.example, ensure_ascii=False),
        "time": time.name,
        "unit": time.unit,
        "horizon": f"{time.horizon:g}",
        "largest": str(LARGEST_BATCH),
    }
    fields = ", ".join(f"<code>{escape(each.name)}</code>" for each in artefact.inputs)
    escaped = {name: escape(text) for name, text in texts.items()}
    return _filled("docs", root_path, {**escaped, "fields": fields})


def _of_model(name: str, artefact: Artefact, root_path: str) -> tuple[str, str]:
    study = artefact.metadata["study"]
    texts = {part: escape(study[part]["en"]) for part in ("title", "summary")}
    facts = json.dumps(_facts(artefact), ensure_ascii=False)
    # "<" would let a value end the script element that holds it.
    return _filled(name, root_path, {**texts, "facts": facts.replace("<", "\\u003c")})


def _facts(artefact: Artefact) -> dict[str, Any]:
    """What the pages know of the model without a request."""
    metadata = artefact.metadata
    study, time = metadata["study"], metadata["time"]
    shown = (
        *("title", "summary", "limits", "outcome_label", "answer", "subject"),
        *("group", "stand", "source"),
    )
    return {
        "study": {name: study.get(name) for name in shown} | {"rows": study["rows"]},
        "row": study["row"],
        "rows": {language: noun["many"] for language, noun in study["row"].items()},
        "inputs": metadata["inputs"],
        "typical": _typical(metadata),
        "observed": metadata.get("observed"),
        "unit": time["unit"],
        "start": time.get("start"),
        "percent": artefact.study.percent,
        "time": artefact.time.name,
        "horizon": artefact.time.horizon,
        "steps": artefact.time.steps,
        "period_ends": time["period_ends"],
        "refits": artefact.refits,
        "t": artefact.t,
        "stand": metadata["stand_interval"],
        "data": {name: metadata["data"].get(name) for name in ("source", "subjects", "groups")},
        "version": artefact.version,
    }


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
