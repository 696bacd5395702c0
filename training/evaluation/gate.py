"""Whether a new model deserves to replace the one that serves: one function decides.

It judges models on data, and data before models. `judge` takes everything that the verdict
depends on and returns it with every rule's value, threshold and result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final, Literal

from training.evaluation.data_changes import DataChanges
from training.evaluation.diagnosis import GAIN, Diagnosis
from training.evaluation.findings import DataFinding
from training.evaluation.held_out import Comparison
from training.evaluation.rules import Rule
from training.evaluation.shift import Shift

NAMED: Final = 4
"""Findings that a reason names; the report names all."""
WORST: Final = 3
"""Levels and times that a reason names."""

Verdict = Literal["promote", "keep", "refuse"]


@dataclass(frozen=True)
class Evidence:
    """Everything that a verdict rests on."""

    source: str
    """Of the data: `published`, `custom` or `simulated`."""
    rules: tuple[Rule, ...]
    """Of the challenger alone: parity, expectations, floors, calibration."""
    has_champion: bool = False
    incomparable: str = ""
    """Why the champion, a model of the same study, can't be compared on these rows."""
    already_serving: bool = False
    """Whether the challenger is the champion itself, promoted before."""
    withdrawn: bool = False
    """Whether a model of the same data and recipe was rolled back from."""
    changes: DataChanges | None = None
    """The data against the champion's; None where these can't be had."""
    shifts: tuple[Shift, ...] = ()
    """The champion's calibration on rows that it was not trained on."""
    diagnosis: Diagnosis | None = None
    """What would make the champion right about those rows."""
    comparisons: tuple[Comparison, ...] = ()
    """Of `old` and `new` rows, as far as both models answer them, and of `all` last."""
    data_differ: bool = False
    """Whether the data are others than the champion's."""
    data_replaced: bool = False
    """Whether no subject of the champion's data is in the new ones."""
    learns_more: bool = False
    """Whether the challenger answers for levels that the champion does not know."""
    unchecked: tuple[str, ...] = ()
    """What could not be checked, and why."""


@dataclass(frozen=True)
class Judgement:
    """What the gate says, and everything it rests on."""

    verdict: Verdict
    reason: str
    evidence: Evidence
    rules: tuple[Rule, ...] = ()
    """Every rule, those of the data and the comparisons first."""
    overridden: tuple[str, ...] = ()
    """Findings of the data that a person answered for, each by name."""
    force: str = ""
    """The person's reason."""

    @property
    def comparison(self) -> Comparison | None:
        """The comparison over all rows, else over the widest there is."""
        return self.evidence.comparisons[-1] if self.evidence.comparisons else None

    def gate_metadata(self) -> dict[str, Any]:
        """The section `gate` of `metadata.json`: the verdict and every figure behind it."""
        overall = self.comparison
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "difference": None if overall is None else round(overall.difference, 6),
            "upper_bound": None if overall is None else round(overall.upper, 6),
            "comparisons": [
                {
                    "rows": each.rows,
                    "subjects": each.subjects,
                    "champion": round(each.champion, 6),
                    "challenger": round(each.challenger, 6),
                    "difference": round(each.difference, 6),
                    "upper_bound": round(each.upper, 6),
                }
                for each in self.evidence.comparisons
            ],
            "data_findings": [each.as_metadata() for each in _findings(self.evidence)],
            "data_compared": self.evidence.changes is not None,
            **self.forced_metadata(),
            "rules": [
                {
                    "name": rule.name,
                    "value": float(f"{rule.value:.4g}"),
                    "limit": float(f"{rule.limit:.4g}"),
                    "passed": rule.passed,
                }
                for rule in self.rules
                if isfinite(rule.value)
            ],
        }

    def forced_metadata(self) -> dict[str, Any]:
        """What was overridden, and why; empty where nothing was."""
        if not self.overridden:
            return {}
        return {"forced": {"reason": self.force, "overridden": list(self.overridden)}}


def judge(evidence: Evidence, margin: float, force: str = "") -> Judgement:
    """The verdict on a challenger.

    `margin` is the largest loss that counts as not inferior, as a share of the champion's
    integrated Brier score. `force` is a person's reason, if there is one: it overrides findings
    of the data, each by name, and lets a model through that is no better; never a rule of the
    challenger alone, nor simulated data.
    """
    blocking = [f"{each.kind}: {each.text}" for each in _findings(evidence) if each.blocks]
    wrong = list(_wrong_on_new_rows(evidence))
    incomparable = [evidence.incomparable] if evidence.incomparable else []
    overridden = (*blocking, *wrong, *incomparable) if force else ()
    overall = evidence.comparisons[-1] if evidence.comparisons else None
    # Rows that a person withdrew or corrected are no measure of a model that was not fitted to
    # them.
    comparisons = list(_comparison_rules(evidence, margin, hard=not (force and blocking)))
    every = (
        *(
            Rule.below(f"data: {each.kind}", each.count, 0, hard=not force)
            for each in _findings(evidence)
            if each.blocks
        ),
        *_diagnosis_rules(evidence.diagnosis, hard=not force),
        *_shift_rules(evidence.shifts, hard=not force),
        *comparisons,
        *evidence.rules,
    )

    def judgement(verdict: Verdict, reason: str) -> Judgement:
        return Judgement(verdict, reason, evidence, every, overridden, force if overridden else "")

    if evidence.already_serving and not evidence.data_differ:
        return judgement("keep", "the same data and recipe give the model that already serves")
    if evidence.source == "simulated":
        return judgement("refuse", "a model of simulated data is never promoted")
    unmet = [rule.name for rule in _broken(evidence.rules)]
    refusals = [] if force else [*blocking, *wrong]
    refusals += [f"not met: {', '.join(unmet)}"] if unmet else []
    if refusals:
        return judgement("refuse", _named(refusals))
    if evidence.already_serving:
        return judgement("keep", "the new data give the model that already serves")
    if incomparable and not force:
        return judgement(
            "keep",
            f"the models can't be compared: {evidence.incomparable}; --force with a reason "
            "promotes the new one all the same",
        )
    if incomparable:
        return judgement("promote", f"forced ({force}): {evidence.incomparable}")
    if not evidence.has_champion:
        return judgement("promote", "every rule is met, and there is no champion to compare with")
    by = "" if overall is None else f": {_figures(overall)}"
    if broken := _broken(comparisons):
        names = ", ".join(f"{rule.name} {rule.value:+.4f}" for rule in broken)
        return judgement("keep", f"it may be worse than the champion ({names}){by}")
    gains = overall is not None and overall.difference <= 0
    if not (gains or force or evidence.learns_more):
        return judgement("keep", f"no gain over the champion{by}")
    if evidence.data_replaced and not force and not (overall is not None and overall.upper < 0):
        return judgement(
            "keep",
            "none of the champion's rows are in the new data, and a gain over it is not beyond "
            f"doubt{by}; --force with a reason promotes the model all the same",
        )
    if evidence.withdrawn and not force:
        return judgement(
            "keep",
            "a model of this data and recipe was rolled back from; --force with a reason promotes "
            "it all the same",
        )
    changed = f", forced ({force})" if overridden else ""
    better = overall is not None and overall.difference < 0
    words = "a gain over the champion" if better else "as good as the champion" if gains else ""
    return judgement("promote", f"{words or 'not inferior to the champion'}{by}{changed}")


def _findings(evidence: Evidence) -> Sequence[DataFinding]:
    return () if evidence.changes is None else evidence.changes.findings


def _broken(rules: Sequence[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.hard and not rule.passed]


def _wrong_on_new_rows(evidence: Evidence) -> Iterator[str]:
    """Why the champion seems wrong about rows that it was not trained on."""
    if evidence.diagnosis is not None and evidence.diagnosis.is_fault:
        yield str(evidence.diagnosis)
    beyond = sorted((e for e in evidence.shifts if e.is_beyond), key=lambda each: each.p_value)
    if beyond:
        cells = "; ".join(str(each) for each in beyond[:WORST])
        yield (
            "the champion is wrong on the new rows, so either the world has changed or the rows "
            f"are wrong: {cells}"
        )


def _diagnosis_rules(diagnosis: Diagnosis | None, *, hard: bool) -> Iterator[Rule]:
    if diagnosis is not None:
        name = f"champion on new rows: gain in fit {diagnosis.text}, share"
        gain = 1 - diagnosis.alternative / diagnosis.score
        limit = GAIN if diagnosis.is_fault else max(GAIN, gain)
        yield Rule.below(name, gain, limit, hard=hard)


def _shift_rules(shifts: Sequence[Shift], *, hard: bool) -> Iterator[Rule]:
    """A rule for each level and time beyond its limit; else one for the nearest to it."""
    beyond = [each for each in shifts if each.is_beyond]
    nearest = max(shifts, key=lambda each: abs(each.difference) / each.limit, default=None)
    for each in beyond or ([nearest] if nearest is not None else []):
        name = f"champion on new rows: {each.where}, predicted minus observed"
        yield Rule.below(name, abs(each.difference), each.limit, hard=hard)


def _comparison_rules(evidence: Evidence, margin: float, *, hard: bool) -> Iterator[Rule]:
    """Not inferior over all rows, on no set of them worse for sure; a gain is only named."""
    if not evidence.comparisons:
        return
    *sets, overall = evidence.comparisons
    what = "integrated Brier score minus the champion's"
    yield Rule.below(f"{overall.rows} rows: {what}", overall.difference, 0, hard=False)
    name = f"{overall.rows} rows: {what}, upper bound"
    yield Rule.below(name, overall.upper, margin * overall.champion, hard=hard)
    for each in sets:
        yield Rule.below(f"{each.rows} rows: {what}, lower bound", each.lower, 0, hard=hard)


def _named(sentences: Sequence[str]) -> str:
    more = len(sentences) - NAMED
    return "; ".join(sentences[:NAMED]) + (f"; and {more} more" if more > 0 else "")


def _figures(comparison: Comparison) -> str:
    return (
        f"integrated Brier score {comparison.challenger:.4f} against {comparison.champion:.4f} on "
        f"{comparison.rows} rows, {comparison.difference:+.4f}, upper bound {comparison.upper:+.4f}"
    )
