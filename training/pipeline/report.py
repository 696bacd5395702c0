"""The report on a retrain, for whoever decides: Markdown, and one page with the pictures."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Final

from training.disk import whole_file
from training.errors import InvalidTableError, TrainingError
from training.evaluation import summary
from training.pipeline import plots
from training.pipeline.report_sections import ReportTable, facts, scored_models, sections
from training.pipeline.retrain import Outcome

MARKDOWN: Final = "report.md"
PAGE: Final = "report.html"
VERDICT: Final = "verdict"
LISTED: Final = 20
"""Faults of a trial that a report names; `training data check` names all."""
HEADLINES: Final = {
    "promote": "Promoted: the new model takes over",
    "keep": "Kept: the model that serves stays",
    "refuse": "Refused: the new model must not serve",
}
_STYLE: Final = (
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1c2321;--line:#d8dedb;"
    f"--model:{plots.MODEL};--reference:{plots.REFERENCE};--limit:{plots.LIMIT}}}"
    "@media(prefers-color-scheme:dark){:root{--paper:#14191a;--ink:#e3e8e6;--line:#3a4442;"
    "--model:#5cc49f;--reference:#9aa3a0;--limit:#f08a7d}}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:var(--ink);background:var(--paper)}table{border-collapse:collapse;margin:1rem 0}"
    "td,th{padding:.25rem .75rem;border-bottom:1px solid var(--line);text-align:right;"
    "font-variant-numeric:tabular-nums}td:first-child,th:first-child{text-align:left}"
    ".scroll{overflow-x:auto}td.text{text-align:left}.no{color:var(--limit);font-weight:600}svg{max-width:100%;height:auto}"
    ".pictures{display:flex;flex-wrap:wrap;gap:0 2rem}figure{margin:1rem 0;max-width:100%}"
    "figcaption{max-width:28rem;font-size:.875rem}.wide figcaption{max-width:none}"
)


def clear(folder: Path) -> None:
    """Takes away the report of an earlier run, which would pass for this one's."""
    for name in (VERDICT, PAGE, MARKDOWN):
        (folder / name).unlink(missing_ok=True)


def write_failure(error: Exception, at: str, reason: str, folder: Path) -> None:
    """Writes, in the report's place, at which step a retrain failed, and why."""
    message = (
        str(error) if isinstance(error, TrainingError) else f"unexpected {type(error).__name__}"
    )
    lines = [
        "# Failed: nothing was released, the model that serves stays",
        "",
        f"At the step *{at}*: {_inline(message)} Reason: {_inline(reason)}.",
    ]
    if isinstance(error, InvalidTableError):
        cells = [(f.file, f.row, f.column, f.value, f.rule) for f in error.faults[:LISTED]]
        lines += ["", "| file | row | column | value | rule |", "| --- | ---: | --- | --- | --- |"]
        lines += ["| " + " | ".join(_cell(str(cell)) for cell in row) + " |" for row in cells]
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / MARKDOWN) as file:
        file.write("\n".join(lines) + "\n")


def write_report(outcome: Outcome, reason: str, folder: Path) -> Path:
    """Writes the report and, for a program, the verdict; returns the Markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    verdict = f"verdict={outcome.judgement.verdict}\ncommit={outcome.commit or ''}\n"
    texts = {VERDICT: verdict, PAGE: page(outcome, reason), MARKDOWN: markdown(outcome, reason)}
    for name, text in texts.items():
        with whole_file(folder / name) as file:
            file.write(text)
    return folder / MARKDOWN


def markdown(outcome: Outcome, reason: str) -> str:
    """The report as text: the verdict first, then what it rests on."""
    lines = [
        f"# {HEADLINES[outcome.judgement.verdict]}",
        "",
        f"{_sentence(_plain(outcome.judgement.reason))} Reason: {_inline(reason)}.",
        *_overridden(outcome),
        "",
        *(f"- {fact}" for fact in facts(outcome)),
    ]
    for section in sections(outcome):
        lines += ["", f"## {section.title}", ""]
        lines += [line for each in section.sentences for line in (_plain(each), "")]
        for table in section.tables:
            align = ["---", *("---:" if _is_figure(table, i) else "---" for i in _rest(table))]
            lines += ["| " + " | ".join(table.headings) + " |", "| " + " | ".join(align) + " |"]
            lines += ["| " + " | ".join(map(_plain, row)) + " |" for row in table.rows]
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def page(outcome: Outcome, reason: str) -> str:
    """The same as one self-contained HTML page with the pictures."""
    judgement = outcome.judgement
    listed = "".join(f"<li>{html.escape(fact)}</li>" for fact in facts(outcome))
    forced = "".join(f"<p>{html.escape(line)}</p>" for line in _overridden(outcome) if line)
    body = ""
    for section in sections(outcome):
        sentences = "".join(f"<p>{html.escape(each)}</p>" for each in section.sentences)
        tables = "".join(map(_table, section.tables))
        body += f"<h2>{html.escape(section.title)}</h2>{sentences}{tables}"
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width'>"
        f"<title>{HEADLINES[judgement.verdict]}</title><style>{_STYLE}</style>"
        f"<h1>{HEADLINES[judgement.verdict]}</h1>"
        f"<p>{html.escape(_sentence(judgement.reason))} "
        f"Reason: {html.escape(reason)}.</p>{forced}<ul>{listed}</ul>{body}{_pictures(outcome)}"
    )


def _overridden(outcome: Outcome) -> list[str]:
    """What a person's reason overrides, one by one."""
    judgement = outcome.judgement
    if not judgement.overridden:
        return []
    return ["", f"Forced, since {_inline(judgement.force)}. Overridden are:", ""] + [
        f"- {_plain(each)}" for each in judgement.overridden
    ]


def _pictures(outcome: Outcome) -> str:
    judgement, candidate = outcome.judgement, outcome.candidate
    if candidate is None:
        return ""
    survival = candidate.scored.survival.mean(axis=0)
    study = candidate.study
    outcome_name, many = study.study.outcome_label.en, study.study.row.en.many
    at_end = f"{study.time.name} {candidate.periods.horizon:g}"
    by = f" by {study.factors[0].name}" if study.factors else ""
    wide = _picture(
        f"{outcome_name.capitalize()}{by}",
        plots.plot_curves_by_level(study, candidate.subjects, candidate.periods, survival),
        "Out of fold. The model's line should stay within the grey 95 % band of what was observed.",
        " class=wide",
    )
    wide += _picture(
        f"Calibration{by} and {study.time.name}",
        plots.plot_calibration_by_visit(
            study, summary.calibration(study, candidate.outcomes, candidate.scored)
        ),
        "Predicted minus observed, in percentage points; 0 is right.",
        " class=wide",
    )
    pictures = [
        _picture(
            f"Calibration at {at_end}",
            plots.plot_calibration(study, candidate.outcomes, survival),
            f"Each point is a tenth of the {many}; on the line, predicted and observed agree.",
        ),
        _picture(
            "Spread over folds",
            plots.plot_folds(scored_models(candidate)),
            "Each point is a fold of held-out groups; the bar is the mean. Lower is better.",
        ),
    ]
    if judgement.comparison is not None:
        compared = _picture(
            "Challenger against champion",
            plots.differences(
                judgement.comparison, study.gate.margin * judgement.comparison.champion
            ),
            "The difference over 2,000 draws of groups. Left of 0 the challenger is better; its "
            "upper bound must not pass the margin.",
        )
        pictures.insert(0, compared)
    return f"{wide}<div class=pictures>{''.join(pictures)}</div>"


def _picture(title: str, svg: str, caption: str, kind: str = "") -> str:
    drawn = svg.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)
    text = f"<figcaption>{html.escape(caption)}</figcaption>"
    return f"<figure{kind}><h2>{html.escape(title)}</h2>{drawn}{text}</figure>"


def _table(table: ReportTable) -> str:
    def cell(place: int, text: str) -> str:
        kinds = [kind for kind, holds in (
            ("no", text in ("FAILED", "warning")), ("text", not _is_figure(table, place))
        ) if holds]  # fmt: skip
        kind = f' class="{" ".join(kinds)}"' if kinds else ""
        return f"<td{kind}>{html.escape(text)}</td>"

    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in table.headings)
    body = "".join(
        "<tr>" + "".join(cell(place, text) for place, text in enumerate(row)) + "</tr>"
        for row in table.rows
    )
    return f"<div class=scroll><table><tr>{head}</tr>{body}</table></div>"


def _rest(table: ReportTable) -> range:
    return range(1, len(table.headings))


def _is_figure(table: ReportTable, place: int) -> bool:
    """Whether a column holds figures, which stand to the right."""
    return all(row[place][:1].isdigit() or row[place][:1] in "+-<>≤" for row in table.rows)


def _plain(text: str) -> str:
    """A text of the project's own or of the data, kept from being read as HTML or a cell's end."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:] + "."


def _inline(text: str) -> str:
    """A person's words, kept from being read as Markdown or HTML."""
    words = " ".join(text.split()).replace("`", "'")
    return f"`{words}`"


def _cell(text: str) -> str:
    return _inline(text.replace("|", "\\|"))
