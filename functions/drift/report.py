"""The day's report: one page of HTML without a script or anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from functions.artefact import Artefact
from functions.drift.calibration import FEWEST_KNOWN, LiveCalibration
from functions.drift.outcomes import REMEMBERED
from functions.drift.reference import Margin, Reference
from functions.drift.windows import (
    FEWEST_REQUESTS,
    SHIFTED_WINDOWS,
    WINDOWS,
    WindowJudgement,
)

if TYPE_CHECKING:
    from functions.drift.watch import Findings

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}"
    "td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #ccc}"
    "td:first-child,th:first-child{text-align:left}.bad{color:#a30000;font-weight:600}"
)

_ABOUT_WINDOWS: Final = (
    "<p>The last windows of traffic beside the rows that the model was trained on. A shift, with "
    "the season for instance, says nothing of how good the model is; it says where to look. It "
    f"counts once {SHIFTED_WINDOWS} of {WINDOWS} windows have shifted.</p>"
)


def render_report(artefact: Artefact, reference: Reference, findings: Findings) -> str:
    """The page."""
    day = findings.day
    outside = f"{100 * day.outside / day.rows:.1f} %" if day.rows else "none"
    mixed = ", ".join(f"{name} {rows:,}" for name, rows in sorted(day.versions.items())) or "none"
    parts = [
        f"<h1>{escape(artefact.study.title)}</h1>",
        f"<p>Supervision of model {escape(artefact.version)}, {escape(findings.date)}.</p>",
        _table(
            ("", ""),
            [
                ("What is asked", _verdict(findings.has_input_drift, "has shifted", "as before")),
                (
                    "The model",
                    _verdict(
                        findings.has_model_drift, "does not hold", _holds(findings.calibration)
                    ),
                ),
                ("Requests that day", f"{day.requests:,}"),
                ("Rows predicted", f"{day.rows:,}"),
                ("Rows by model", escape(mixed)),
                ("Rows outside the range seen", outside),
            ],
        ),
        "<h2>What is asked</h2>",
        _ABOUT_WINDOWS,
        _windows(reference, findings.windows),
        *(
            _margin(margin, findings.windows[-1])
            for margin in reference.margins
            if findings.windows
        ),
        "<h2>The model</h2>",
        _calibration(findings.calibration, artefact.time.name, findings.unknown_outcomes),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Supervision, {escape(findings.date)}</title><style>{_STYLE}</style></head>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _holds(calibration: LiveCalibration) -> str:
    return "holds" if calibration.levels else "too few outcomes to say"


def _verdict(is_bad: bool, bad: str, good: str) -> str:
    return f'<span class="bad">{bad}</span>' if is_bad else good


def _windows(reference: Reference, windows: Sequence[WindowJudgement]) -> str:
    if not windows:
        return "<p>No window has ended yet.</p>"
    heads = ("days", "requests", "rows", *(escape(each.name) for each in reference.margins))
    rows = []
    for each in windows:
        days = each.window.first + (
            f" to {each.window.last}" if each.window.last != each.window.first else ""
        )
        cells = [days, f"{each.window.requests:,}", f"{each.window.rows:,}"]
        for margin in reference.margins:
            found = each.margins.get(margin.name)
            text = f"{found.stability_index:.2f} (p {found.p_value:.2g})" if found else "too few"
            cells.append(_verdict(margin.name in each.shifted, text, text))
        rows.append(cells)
    note = (
        "<p>Population stability index and p value. Windows of fewer than "
        f"{FEWEST_REQUESTS} requests say nothing.</p>"
    )
    return _table(heads, rows) + note


def _margin(margin: Margin, judgement: WindowJudgement) -> str:
    counts = judgement.window.margins[margin.name].rows
    rows = [
        (escape(label), f"{100 * before / max(sum(margin.counts), 1):.1f}", f"{share:.1f}")
        for label, before, share in zip(
            margin.labels, margin.counts, 100 * counts / max(counts.sum(), 1), strict=True
        )
        if before or share
    ]
    return f"<h3>{escape(margin.name)}</h3>" + _table(("", "trained on, %", "last window, %"), rows)


def _calibration(calibration: LiveCalibration, time: str, unknown: int) -> str:
    lost = f"<p>{unknown:,} outcomes of the day name a prediction that was not found.</p>"
    if calibration.time is None:
        return (
            f"<p>{calibration.outcomes:,} outcomes are known; of fewer than {FEWEST_KNOWN} is the "
            f"fate known by any {escape(time)}: nothing can be said.</p>" + lost * bool(unknown)
        )
    rows = []
    for each in calibration.levels:
        error = f"{100 * each.error:+.1f}"
        rows.append(
            (
                escape(f"{each.factor} {each.level}".strip()),
                f"{each.subjects:,}",
                f"{each.known:,}",
                f"{100 * each.predicted:.1f}",
                f"{100 * each.observed:.1f}",
                _verdict(each.is_wrong, error, error),
                f"{100 * each.standard_error:.1f}",
            )
        )
    heads = ("", "outcomes", "fate known", "predicted, %", "observed, %", "error", "its SE")
    between = (
        f"between {calibration.groups} groups"
        if calibration.groups
        else "as if outcomes were independent, since they name no group"
    )
    return (
        f"<p>Predicted and observed by {escape(time)} {calibration.time:g}, for all outcomes of "
        f"the last {REMEMBERED} days, by the model that serves now. Fates that are unknown are "
        f"made up for by the weights of those known. Standard errors are {between}, with the "
        f"model's own added. Levels with fewer than {FEWEST_KNOWN} known fates are left out.</p>"
        + _table(heads, rows)
        + lost * bool(unknown)
    )


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{each}</td>' for each in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
