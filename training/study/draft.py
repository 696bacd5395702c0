"""Drafts the study file of an unknown CSV: valid as it is, every assumption named."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from training.errors import TrainingError
from training.study.columns_seen import SeenColumn, as_numbers, rows_of, seen_columns
from training.study.declaration import RESERVED
from training.study.draft_outcome import draft_time, event_values
from training.study.draft_roles import (
    MISSING,
    Roles,
    check_rows,
    read_cells,
    usable_group,
)
from training.study.toml import toml_lines


@dataclass(frozen=True)
class Draft:
    """A study file, and what was assumed to write it."""

    text: str
    columns: Sequence[tuple[str, str, str]]
    """Each column of the CSV, what it is used as, and why."""
    notes: Sequence[str]
    """What to look at, the most important first."""


def draft_study(path: Path, roles: Roles) -> Draft:
    """Drafts the study of a CSV; raises TrainingError where a role can't be filled."""
    cells = read_cells(path, roles)
    roles, group_notes = usable_group(cells, roles)
    happened, censored, why = event_values(cells[roles.event], roles.happened)
    notes = [why]
    time = as_numbers(cells[roles.time])
    if time.isna().any() or (time < 0).any():
        bad = int((time.isna() | (time < 0)).sum())
        raise TrainingError(
            f"{roles.time} must be a number of at least 0; it is not in {rows_of(bad)}. "
            "Correct these, or name another column with --time."
        )
    event = (cells[roles.event] == happened).to_numpy()
    check_rows(cells, roles, int((event & (time == 0)).sum()))
    times, time_notes = draft_time(roles.time, time.to_numpy(), event)
    notes += time_notes

    seen = seen_columns(cells, time, list(roles.columns))
    inputs = [each for each in seen if each.kind != "unused"]
    if not inputs:
        raise TrainingError(
            f"no column of {path} can be an input: see its columns and their values"
        )
    names = _names([each.name for each in inputs], {*RESERVED, times["name"], "event_percent"})
    notes += group_notes
    notes += _notes(roles, inputs, event)

    sections = [
        ("study", _title(path)),
        ("data", _data(cells, roles)),
        *([("data.group", _group(roles.group))] if roles.group is not None else []),
        ("time", times),
        ("event", _event(cells[roles.event], roles.event, happened, censored)),
        *(("[inputs]", _input(each, names[each.name])) for each in inputs),
    ]
    text = ["# Drafted from " + path.name + ": look at every line, above all at texts and ranges."]
    for heading, table in sections:
        text += ["", f"[{heading}]", *toml_lines(table)]
    rest = [each for each in seen if each.kind == "unused"]
    if rest:
        text += ["", "# Columns that are no inputs, and why.", "[columns]"]
        for each in rest:
            spec: dict[str, Any] = {"type": "text", "missing": True, "required": False}
            text += [f"# {each.reason}", *toml_lines({each.name: spec})]
    formula = " + ".join(["period", *names.values()])
    model = {"formula": formula, "search": {"C": [0.03, 0.1, 0.3, 1]}}
    text += ["", "[model]", *toml_lines(model)]
    groups = cells[roles.group].nunique() if roles.group is not None else 20
    simulation = {
        "rows": len(cells),
        "groups": max(2, int(groups)),
        "group_sd": 0.3,
        "dropout": _dropout(time.to_numpy(), event, times["horizon"]),
    }
    text += ["", "[simulation]", *toml_lines(simulation)]
    columns = [(name, role, "as named") for name, role in roles.columns.items()]
    columns += [
        (
            each.name,
            each.kind if each.kind == "unused" else f"{each.kind} {names[each.name]}",
            each.reason,
        )
        for each in seen
    ]
    return Draft("\n".join(text) + "\n", columns, notes)


def _title(path: Path) -> dict[str, Any]:
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    slug = slug if slug[:1].isalpha() else f"study-{slug}".strip("-")
    return {
        "name": slug[:40].rstrip("-"),
        "title": {"en": "How many will have the event?", "es": "¿Cuántos tendrán el evento?"},
        "summary": {
            "en": "The share of subjects that have had the event by a given time.",
            "es": "La parte de los sujetos que habrá tenido el evento en un tiempo dado.",
        },
        "limits": {
            "en": "Drafted from one file of data; say here how far its answers may be trusted.",
            "es": "Borrador a partir de un solo archivo; diga aquí hasta dónde son fiables sus "
            "respuestas.",
        },
        "rows": "subjects",
        "row": {
            "en": {"one": "subject", "many": "subjects"},
            "es": {"one": "sujeto", "many": "sujetos"},
        },
        "outcome": "event",
        "outcome_label": {"en": "event", "es": "evento"},
        "outcome_sentence": {"en": "will have had the event", "es": "habrán tenido el evento"},
    }


def _data(cells: pd.DataFrame, roles: Roles) -> dict[str, Any]:
    data: dict[str, Any] = {"missing": list(MISSING)}
    if roles.id is not None:
        copies = cells.drop(columns=[roles.id]).duplicated().any()
        data = {"id": roles.id, **data, "duplicates": "allow" if copies else "refuse"}
    return data


def _group(column: str) -> dict[str, Any]:
    words = {"one": f"{column}", "many": f"{column}"}
    return {
        "column": column,
        "name": {"en": words, "es": words},
        "new": {"en": f"one new {column}", "es": f"un nuevo {column}"},
    }


def _event(column: pd.Series, name: str, happened: str, censored: str) -> dict[str, Any]:
    table: dict[str, Any] = {"column": name, "happened": happened, "censored": censored}
    missing = float(column.isna().mean())
    if missing:
        table |= {"missing": "drop", "missing_limit": max(0.05, float(f"{missing + 0.005:.2f}"))}
    return table


def _input(seen: SeenColumn, name: str) -> dict[str, Any]:
    label = seen.name.replace("_", " ").strip() or seen.name
    table: dict[str, Any] = {
        "name": name,
        "column": seen.name,
        "kind": seen.kind,
        "label": {"en": label, "es": label},
        "description": {
            "en": f"As in the column {seen.name}.",
            "es": f"Como en la columna {seen.name}.",
        },
    }
    if seen.kind == "factor":
        if seen.missing:
            level = "unknown"
            while level in seen.levels:
                level += "_"
            table |= {"missing": "level", "missing_level": level}
        return table | {"levels": [{"name": level} for level in seen.levels]}
    values = np.array(seen.values)
    low, high = float(values.min()), float(values.max())
    step = 1.0 if (values % 1 == 0).all() else 10.0 ** floor(log10((high - low) / 100))
    table |= {
        "minimum": low,
        "maximum": high,
        "centre": float(f"{values.mean():.4g}"),
        "scale": float(f"{values.std():.4g}"),
        "step": float(f"{step:.1g}"),
    }
    return table | ({"missing": "drop"} if seen.missing else {})


def _dropout(time: np.ndarray, event: np.ndarray, horizon: float) -> float:
    """Share that is lost up to the horizon; of those lost, some had the event before."""
    lost = float((~event & (time < horizon)).mean())
    happened = float((event & (time <= horizon)).mean())
    return round(min(1.0, lost / (1 - happened / 2)), 2)


def _names(columns: Sequence[str], taken: set[str]) -> dict[str, str]:
    """An identifier for each column; none of them reserved, none twice."""
    names: dict[str, str] = {}
    for column in columns:
        word = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", column).lower()).strip("_")
        word = re.sub(r"^[\d_]+", "", word)[:36] or "input"
        name, number = word, 2
        while name in taken:
            name, number = f"{word}_{number}", number + 1
        taken.add(name)
        names[column] = name
    return names


def _notes(roles: Roles, inputs: Sequence[SeenColumn], event: np.ndarray) -> list[str]:
    notes = []
    if roles.id is None:
        notes.append("No id is named, so a subject that was entered twice goes unnoticed.")
    coefficients = sum(len(each.levels) or 1 for each in inputs)
    if event.sum() < 5 * coefficients:
        notes.append(
            f"{int(event.sum())} events for {coefficients} coefficients are few: leave inputs out."
        )
    notes.append(
        "Ranges of numbers are those of the data: widen them to what may be sent. Labels are the "
        "columns' names in both languages: translate them."
    )
    return notes
