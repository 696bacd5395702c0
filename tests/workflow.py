"""A job of a workflow, its `run:` steps run in a clone as GitHub's runner would.

Expressions are evaluated as far as the project's workflows use them. Actions (`uses:`) are not
run.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_STATUS = re.compile(r"\b(always|cancelled|failure|success)\(\)")
_OPTIONAL = re.compile(r"steps\.\w+\.(outputs\.\w+|outcome)")
"""Empty, as on GitHub, where the step did not run or wrote no such output."""


@dataclass
class Runner:
    """Runs jobs in a clone; after each, `outcomes` and `outputs` are those of its steps."""

    clone: Path
    environment: dict[str, str]
    context: dict[str, str] = field(default_factory=dict)
    """Values that GitHub gives to expressions, such as `secrets.KEY` and `inputs.reason`."""
    text: str = ""
    """What all the steps printed."""
    outcomes: dict[str, str] = field(default_factory=dict)
    """`success` or `failure` of each step that ran, by its id or else its name."""
    outputs: dict[str, str] = field(default_factory=dict)
    """By their name in expressions: `steps.ID.outputs.NAME`."""
    _failed: bool = False

    def run(self, job: dict[str, Any]) -> bool:
        """Runs a job; returns whether it succeeds."""
        self.outcomes, self.outputs, self._failed = {}, {}, False
        for step in job["steps"]:
            if "run" in step and self._is_due(step.get("if", "")):
                self._step(step, job.get("env", {}))
        return not self._failed

    @property
    def summary(self) -> str:
        """The summary page of the run so far."""
        return (self.clone.parent / "summary").read_text()

    def value(self, text: str) -> str:
        """A value of a workflow file, its expression evaluated where it is one."""
        if "${{" not in text:
            return text
        found = self._evaluate(_inner(text))
        return found if isinstance(found, str) else str(found).lower()

    def _is_due(self, condition: str) -> bool:
        if not condition:
            return not self._failed
        inner = _inner(condition)
        return bool(self._evaluate(inner)) and (not self._failed or bool(_STATUS.search(inner)))

    def _evaluate(self, expression: str) -> str | bool:
        text = expression.strip()
        for operator, stops_at in (("||", True), ("&&", False)):
            if operator in text:
                for part in text.split(operator):
                    found = self._evaluate(part)
                    if bool(found) is stops_at:
                        break
                return found
        for operator, equal in (("==", True), ("!=", False)):
            if operator in text:
                left, right = map(self._evaluate, text.split(operator))
                return (left == right) is equal
        if text.startswith("!"):
            return not self._evaluate(text[1:])
        if literal := re.fullmatch(r"'([^']*)'|(\d+)", text):
            return literal[1] if literal[1] is not None else literal[2]
        if file := re.fullmatch(r"hashFiles\('([^']+)'\)", text):
            return (self.clone / file[1]).exists()
        if status := _STATUS.fullmatch(text):
            return {
                "always": True,
                "cancelled": False,
                "failure": self._failed,
                "success": not self._failed,
            }[status[1]]
        known = self.context | self.outputs
        known |= {f"steps.{name}.outcome": outcome for name, outcome in self.outcomes.items()}
        assert text in known or _OPTIONAL.fullmatch(text), f"unknown expression {text!r}"
        return known.get(text, "")

    def _step(self, step: dict[str, Any], job_environment: dict[str, str]) -> None:
        files = {name: self.clone.parent / name for name in ("summary", "output")}
        files["output"].write_text("")
        files["summary"].touch()
        given = {**job_environment, **step.get("env", {})}
        shell = ["bash", "-eo", "pipefail"] if step.get("shell") == "bash" else ["bash", "-e"]
        done = subprocess.run(
            [*shell, "-c", step["run"]],
            cwd=self.clone,
            env={
                **self.environment,
                "GITHUB_REPOSITORY": "someone/seedlings",
                "GITHUB_STEP_SUMMARY": str(files["summary"]),
                "GITHUB_OUTPUT": str(files["output"]),
                **{key: self.value(str(value)) for key, value in given.items()},
            },
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        name = step.get("id", step["name"])
        self.outcomes[name] = "failure" if done.returncode else "success"
        self._failed |= done.returncode != 0 and not step.get("continue-on-error", False)
        self.text += f"## {step['name']}\n{done.stdout}{done.stderr}"
        pairs = (line.partition("=") for line in files["output"].read_text().splitlines())
        self.outputs |= {f"steps.{name}.outputs.{key}": value for key, _, value in pairs}


def _inner(expression: str) -> str:
    return re.sub(r"^\$\{\{ | \}\}$", "", expression)
