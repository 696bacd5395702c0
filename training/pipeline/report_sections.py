"""What the report on a retrain says, section by section, whatever it is written as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from training.evaluation import summary
from training.evaluation.answer_moves import Moves
from training.evaluation.cross_validation import OutOfFold
from training.evaluation.findings import DataFinding
from training.pipeline.retrain import Outcome
from training.pipeline.train import Candidate


@dataclass(frozen=True)
class ReportTable:
    """A table of text: the first column is a name, figures stand to the right."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[ReportTable, ...] = ()


def sections(outcome: Outcome) -> Iterator[Section]:
    """From what a decider needs first to what is there to look up."""
    yield _data(outcome)
    if outcome.candidate is not None and outcome.gathered.moves is not None:
        yield _answers(outcome, outcome.candidate, outcome.gathered.moves)
    if outcome.judgement.evidence.comparisons:
        yield _comparisons(outcome)
    yield _rules(outcome)
    if outcome.candidate is not None:
        yield _figures(scored_models(outcome.candidate))


def facts(outcome: Outcome) -> list[str]:
    """The model and its data in a line each."""
    if outcome.candidate is None:
        return ["No model could be fitted to these data."]
    data, recipe = outcome.candidate.metadata["data"], outcome.candidate.recipe
    study = outcome.study
    groups = "random groups" if study.data.group is None else study.data.group.name.en.many
    named = [
        (
            f"Data: {data['source'].upper() if data['source'] == 'simulated' else data['source']}, "
            f"{data['subjects']} {study.study.row.en.many} in {data['groups']} {groups} "
            f"(md5 {data['md5']})"
        ),
        f"Recipe: {recipe.estimator}, "
        + ", ".join(f"{name} = {value:g}" for name, value in recipe.parameters.items()),
    ]
    if outcome.commit:
        named.append(f"Commit: {outcome.commit}")
    return named


def scored_models(candidate: Candidate) -> dict[str, OutOfFold]:
    """The models whose out-of-fold scores the report shows, by name."""
    return {
        "challenger": candidate.scored,
        "Kaplan-Meier": candidate.reference,
    }


def _data(outcome: Outcome) -> Section:
    evidence = outcome.judgement.evidence
    sentences = [f"Unchecked: {each}" for each in evidence.unchecked]
    changes = evidence.changes
    if changes is None:
        absent = outcome.gathered.moves is None and not evidence.unchecked
        nothing = "There is no champion, so nothing to compare the data with."
        return Section("What changed in the data", (nothing,) * absent + tuple(sentences))
    if changes.is_same and not changes.findings:
        sentences.insert(0, "Nothing: these are the data that the champion was trained on.")
    counts = ReportTable(
        ("rows", "before", "now", "unchanged", "changed", "lost", "added"),
        (
            (
                outcome.study.study.row.en.many,
                *(
                    str(each)
                    for each in (
                        changes.before,
                        changes.after,
                        changes.unchanged,
                        changes.changed,
                        changes.lost,
                        changes.added,
                    )
                ),
            ),
        ),
    )
    findings = ReportTable(
        ("finding", "count", "what", "result"),
        tuple(
            (each.kind, str(each.count), each.text, _result(outcome, each))
            for each in changes.findings
        ),
    )
    examples = ReportTable(
        ("finding", "row", "column", "before", "now"),
        tuple(
            (each.kind, example.row, example.column, example.before, example.after)
            for each in changes.findings
            for example in each.examples
        ),
    )
    tables = [counts] + [each for each in (findings, examples) if each.rows]
    return Section("What changed in the data", tuple(sentences), tuple(tables))


def _result(outcome: Outcome, finding: DataFinding) -> str:
    if not finding.blocks:
        return "noted"
    return "overridden" if outcome.judgement.overridden else "FAILED"


def _answers(outcome: Outcome, candidate: Candidate, moves: Moves) -> Section:
    study = outcome.study
    title = "What changes in the answers"
    if not moves.largest:
        return Section(title, ("The champion and the new model have no input in common.",))
    name, many = study.study.outcome_label.en, study.study.row.en.many
    sentence = (
        f"By {study.time.name} {candidate.periods.horizon:g} the answer for the {many} of "
        f"these data moves by {100 * moves.mean_absolute:.1f} points on average; most it moves for:"
    )
    inputs = tuple(each for each, _ in moves.largest[0].inputs)
    rows = tuple(
        (
            ", ".join(value for _, value in each.inputs),
            f"{each.time:g}",
            f"{100 * each.champion:.1f} %",
            f"{100 * each.challenger:.1f} %",
            f"{100 * each.difference:+.1f}",
            f"{100 * each.low:.0f} to {100 * each.high:.0f} %",
            str(each.subjects),
        )
        for each in moves.largest
    )
    headings = (
        ", ".join(inputs),
        study.time.name,
        f"{name} before",
        "now",
        "points",
        "90 % interval now",
        many,
    )
    return Section(title, (sentence,), (ReportTable(headings, rows),))


def _comparisons(outcome: Outcome) -> Section:
    sentences = (
        (
            "Integrated Brier score on groups that neither model has seen, each trained on its own "
            "rows; lower is better."
        ),
        *outcome.gathered.notes,
    )
    rows = tuple(
        (
            f"{each.rows} rows",
            str(each.subjects),
            f"{each.champion:.4f}",
            f"{each.challenger:.4f}",
            f"{each.difference:+.4f}",
            f"{each.lower:+.4f} to {each.upper:+.4f}",
        )
        for each in outcome.judgement.evidence.comparisons
    )
    headings = ("on", "number", "champion", "challenger", "difference", "90 % of draws")
    return Section("Champion and challenger", sentences, (ReportTable(headings, rows),))


def _rules(outcome: Outcome) -> Section:
    rows = tuple(
        (rule.name, f"{rule.value:.4g}", rule.threshold, rule.result)
        for rule in outcome.judgement.rules
    )
    return Section("Rules", (), (ReportTable(("rule", "value", "threshold", "result"), rows),))


def _figures(models: dict[str, OutOfFold]) -> Section:
    rows = tuple(
        (
            name.replace("_", " "),
            *(
                f"{np.nanmean(each.fold_scores(name)):.4f} ± "
                f"{np.nanstd(each.fold_scores(name), ddof=1):.4f}"
                for each in models.values()
            ),
        )
        for name in (*summary.SCORES, "calibration_error")
    )
    return Section("Figures", (), (ReportTable(("figure, out of fold", *models), rows),))
