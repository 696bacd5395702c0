"""Names what happened to rows that changed: swapped levels, other units, shifted times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd

from training.arrays import Floats
from training.evaluation.findings import EXAMPLES, DataFinding, Example, listed, number_of
from training.evaluation.row_pairs import (
    EVENT,
    GROUP,
    TIME,
    Booleans,
    RoleTable,
    RowPairs,
)
from training.study.declaration import Study

NEARLY_ALL: Final = 0.8
"""Share of the changed rows that must agree in a pattern for it to name them."""
FEW: Final = 3
"""Levels that a sentence names when all changed rows have one of them."""


def where(table: RoleTable, rows: Booleans, study: Study) -> str:
    """` (all with …)` where the rows share a few levels of a factor or a few groups."""
    shared = []
    names = [*([GROUP] if GROUP in table.rows else []), *(each.name for each in study.factors)]
    for name in names:
        if name in table.rows:
            levels = table.rows[name].astype(str)
            seen = sorted(levels[rows].unique())
            if len(seen) <= min(FEW, levels.nunique() / 2):
                shared.append(f"{table.headings[name]} {listed(seen)}")
    return f" (all with {' and '.join(shared)})" if shared else ""


def outcome_findings(
    before: RoleTable,
    after: RoleTable,
    pairs: RowPairs,
    differing: Mapping[str, Booleans],
    study: Study,
) -> Iterator[DataFinding]:
    """What became of times and events, each row in one kind alone."""
    changed = np.zeros(len(pairs.before), np.bool_)
    for name in (TIME, EVENT):
        changed |= differing.get(name, False)
    if not changed.any():
        return
    time = [t.rows[TIME].to_numpy(float)[i] for t, i in _both(before, after, pairs)]
    event = [t.rows[EVENT].to_numpy()[i] for t, i in _both(before, after, pairs)]
    nouns = study.study.row.en.many, study.study.row.en.one
    unit = study.time.unit.en.many
    same_event, change = event[0] == event[1], time[1] - time[0]
    shift, shifted = _shift(change, changed & same_event, event[0] == 1)
    rest = changed & ~shifted
    earlier = change < 0
    kinds: list[tuple[str, Booleans, str]] = [
        ("times shifted", shifted, f"have times {shift:+g} {unit} from before"),
        (
            "follow-up cut short",
            rest & (event[1] == 0) & earlier,
            "are now censored earlier than they were seen" + _at(time[1], rest & earlier, study),
        ),
        (
            "censored rows observed longer",
            rest & (event[0] == 0) & (event[1] == 0) & ~earlier,
            "were censored and are now observed longer without the event",
        ),
        (
            "events taken away",
            rest & (event[0] == 1) & (event[1] == 0) & ~earlier,
            "had the event and have it no longer",
        ),
        (
            "events added",
            rest & (event[0] == 0) & (event[1] == 1),
            "were censored and now have the event",
        ),
        (
            "times changed",
            rest & (event[0] == 1) & (event[1] == 1),
            "have the event at other times",
        ),
    ]
    for kind, rows, text in kinds:
        if rows.any():
            yield DataFinding(
                kind,
                f"{number_of(int(rows.sum()), *nouns)} {text}" + _where(before, pairs, rows, study),
                int(rows.sum()),
                blocks=True,
                examples=tuple(
                    Example(
                        before.name_of(int(pairs.before[i])),
                        f"{after.headings[TIME]}, {after.headings[EVENT]}",
                        f"{time[0][i]:g}, {event[0][i]}",
                        f"{time[1][i]:g}, {event[1][i]}",
                    )
                    for i in np.flatnonzero(rows)[:EXAMPLES]
                ),
            )


def column_findings(
    before: RoleTable,
    after: RoleTable,
    pairs: RowPairs,
    differing: Mapping[str, Booleans],
    study: Study,
) -> Iterator[DataFinding]:
    """What became of inputs and groups, a finding for each; other columns in one for all."""
    nouns = study.study.row.en.many, study.study.row.en.one
    others = {}
    for name, rows in differing.items():
        if name in (TIME, EVENT):
            continue
        if name not in before.roles:
            others[after.headings[name]] = int(rows.sum())
            continue
        old, new = (table.rows[name].iloc[place] for table, place in _both(before, after, pairs))
        if name == GROUP:
            kind, text = _regrouped(old, new, rows)
        elif pd.api.types.is_numeric_dtype(old) and pd.api.types.is_numeric_dtype(new):
            kind, text = _rescaled(old.to_numpy(float), new.to_numpy(float), rows)
        else:
            kind, text = _recoded(old.astype(str), new.astype(str), rows)
        yield DataFinding(
            kind,
            f"`{after.headings[name]}` of {number_of(int(rows.sum()), *nouns)} {text}"
            + _where(before, pairs, rows, study),
            int(rows.sum()),
            blocks=True,
            examples=tuple(
                Example(
                    before.name_of(int(pairs.before[i])),
                    after.headings[name],
                    str(old.iat[i]),
                    str(new.iat[i]),
                )
                for i in np.flatnonzero(rows)[:EXAMPLES]
            ),
        )
    if others:
        columns = [f"`{name}` ({count})" for name, count in others.items()]
        yield DataFinding(
            "other columns changed",
            f"columns that no model is made from changed: {listed(columns)}",
            max(others.values()),
            blocks=False,
        )


def _both(
    before: RoleTable, after: RoleTable, pairs: RowPairs
) -> tuple[tuple[RoleTable, np.ndarray], tuple[RoleTable, np.ndarray]]:
    return (before, pairs.before), (after, pairs.after)


def _where(before: RoleTable, pairs: RowPairs, rows: Booleans, study: Study) -> str:
    chosen = np.zeros(len(before), np.bool_)
    chosen[pairs.before[rows]] = True
    return where(before, chosen, study)


def _shift(change: Floats, candidates: Booleans, happened: Booleans) -> tuple[float, Booleans]:
    """A difference in time that nearly all changed rows share, and the rows that have it.

    Censored rows alone make no shift: they are followed longer, or less long.
    """
    rounded = np.round(change, 9)
    moved = candidates & (rounded != 0)
    if not (moved & happened).any():
        return 0.0, np.zeros(len(change), np.bool_)
    values, counts = np.unique(rounded[moved & happened], return_counts=True)
    shift = float(values[counts.argmax()])
    if counts.max() < NEARLY_ALL * counts.sum() or counts.sum() < 2:
        return 0.0, np.zeros(len(change), np.bool_)
    return shift, moved & (rounded == shift)


def _at(times: Floats, rows: Booleans, study: Study) -> str:
    seen = np.unique(times[rows])
    return f", all at {study.time.name} {seen[0]:g}" if len(seen) == 1 else ""


def _regrouped(old: pd.Series, new: pd.Series, rows: Booleans) -> tuple[str, str]:
    pairs = pd.DataFrame({"old": old.to_numpy(), "new": new.to_numpy()})
    targets = pairs.groupby("old")["new"].nunique()
    sources = pairs.groupby("new")["old"].nunique()
    if (targets == 1).all():
        into = {name: sorted(set(pairs["old"][pairs["new"] == name])) for name in sources.index}
        merged = [f"{listed(old)} into {name}" for name, old in into.items() if len(old) > 1]
        if merged:
            return "groups merged", f"changed: {listed(merged)}"
        moved = pairs[rows].drop_duplicates()
        named = [f"{a} is now {b}" for a, b in zip(moved["old"], moved["new"], strict=True)]
        return "groups renamed", f"changed, each group as a whole: {listed(named)}"
    if (sources == 1).all():
        return "groups split", "changed: a group was split into several"
    return "rows moved to another group", "changed: rows were moved to another group"


def _rescaled(old: Floats, new: Floats, rows: Booleans) -> tuple[str, str]:
    """Whether nearly all values follow from the old ones by a factor and an offset."""
    if rows.sum() >= FEW:
        one, other = old[rows], new[rows]
        candidates = [(float(np.median(other - one)), 1.0)]
        if (one != 0).all():
            candidates.insert(0, (0.0, float(np.median(other / one))))
        if np.ptp(one) > 0:
            slope, offset = np.polyfit(one, other, 1)
            candidates.append((float(offset), float(slope)))
        size = np.abs(other).max()
        for offset, factor in candidates:
            near = np.abs(factor * one + offset - other) <= 0.01 * size
            if near.mean() >= NEARLY_ALL and factor > 0 and rows.mean() >= NEARLY_ALL:
                times = f" times {factor:.4g}" if factor != 1 else ""
                plus = f" plus {offset:.4g}" if offset else ""
                return "values in other units", f"are what they were{times}{plus}"
    return "values changed", "changed"


def _recoded(old: pd.Series, new: pd.Series, rows: Booleans) -> tuple[str, str]:
    """Whether levels were exchanged or renamed, as a whole or nearly so."""
    pairs = pd.DataFrame({"old": old.to_numpy()[rows], "new": new.to_numpy()[rows]})
    counts = pairs.value_counts().reset_index(name="rows")
    main = counts.drop_duplicates("old")
    if main["rows"].sum() >= NEARLY_ALL * rows.sum():
        mapping = dict(zip(main["old"], main["new"], strict=True))
        whole = old.value_counts()
        share = {name: main["rows"][main["old"] == name].iat[0] / whole[name] for name in mapping}
        named = [f"{a} is now {b}" for a, b in sorted(mapping.items())]
        if min(share.values()) >= NEARLY_ALL and len(rows) > FEW:
            if set(mapping) == set(mapping.values()):
                return "levels swapped", f"were exchanged: {listed(named)}"
            return "levels recoded", f"were recoded: {listed(named)}"
    most = [f"{a} is now {b} ({n})" for a, b, n in counts.head(FEW).itertuples(index=False)]
    return "levels changed", f"changed, most often: {listed(most)}"
