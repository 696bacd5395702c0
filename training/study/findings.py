"""What is wrong with the data as a whole, though each of its rows may be right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pandas as pd
from scipy.stats import ks_2samp

from training.study.columns import CellFault
from training.study.declaration import Study

FEWEST: Final = 5
"""Rows without an event that are enough to show a pattern."""
SURE: Final = 1e-3
"""P value below which a loss is taken to depend on the time."""


def event_findings(study: Study, table: pd.DataFrame) -> Iterator[CellFault]:
    """A loss of events that is too large to ignore, or that depends on what happened."""
    column, limit = study.event.column, study.event.missing_limit
    missing = table[column].isna()
    lost, rows = int(missing.sum()), len(table)
    if lost == rows:
        yield CellFault(-1, column, "a value in at least one row")
    elif lost > limit * rows:
        yield CellFault(
            -1,
            column,
            f"missing in at most {limit:.0%} of rows, not {lost} of {rows} (event.missing_limit)",
        )
    elif lost >= FEWEST and limit < 1:
        time = table[study.time.column]
        if float(ks_2samp(time[missing], time[~missing]).pvalue) < SURE:
            with_it, without = time[~missing].median(), time[missing].median()
            yield CellFault(
                -1,
                column,
                f"missing whatever the outcome; the {lost} rows without it have other times than "
                f"the rest (medians {without:g} and {with_it:g}), so dropping them would bias "
                "every answer",
            )
