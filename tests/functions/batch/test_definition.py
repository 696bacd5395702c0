"""The state machine's definition: sound by its schema, and what each promise of it rests on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

LAMBDA = "arn:aws:states:::lambda:invoke"


def tasks(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every state that does work, that within the Map too."""
    states = definition["States"]
    inner = states["Score"]["ItemProcessor"]["States"]
    return {name: state for name, state in (states | inner).items() if state["Type"] == "Task"}


def test_cloudformation_s_linter_takes_the_definition(
    definition: dict[str, Any], tmp_path: Path
) -> None:
    machine = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "RoleArn": "arn:aws:iam::123456789012:role/batch",
            "Definition": definition,
        },
    }
    template = tmp_path / "template.json"

    def lint() -> subprocess.CompletedProcess[str]:
        template.write_text(json.dumps({"Resources": {"Machine": machine}}))
        linter = str(Path(sys.executable).with_name("cfn-lint"))
        command = [linter, str(template), "--regions", "eu-west-1"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = lint()
    assert done.returncode == 0, done.stdout
    machine["Properties"]["Definition"] = {**definition, "StartAt": None}  # type: ignore[index]
    assert "E3601" in lint().stdout


def test_every_task_is_one_of_three_functions_and_is_retried(definition: dict[str, Any]) -> None:
    found = tasks(definition)
    assert {name: state["Parameters"]["FunctionName"][-6:] for name, state in found.items()} == {
        "Begin": "-begin",
        "ScoreRows": "-score",
        "Finish": "finish",
        "Refuse": "finish",
        "ReportFailure": "finish",
    }
    for state in found.values():
        assert state["Resource"] == LAMBDA
        (retry,) = state["Retry"]
        assert (retry["ErrorEquals"], retry["MaxAttempts"]) == (["States.ALL"], 5)


def test_no_batch_may_fail_and_a_failure_ends_in_an_error_object(
    definition: dict[str, Any],
) -> None:
    states = definition["States"]
    assert states["Score"]["ToleratedFailureCount"] == 0
    assert "ToleratedFailurePercentage" not in states["Score"]
    for name in ("Score", "Finish"):
        caught = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "ReportFailure"}
        assert states[name]["Catch"] == [caught]
    assert states["ReportFailure"]["Next"] == "Failed"
    assert states["Failed"]["Type"] == "Fail"


def test_a_row_keeps_its_position_and_a_batch_the_file(definition: dict[str, Any]) -> None:
    score = definition["States"]["Score"]
    assert score["ItemReader"]["ReaderConfig"] == {
        "InputType": "CSV",
        "CSVHeaderLocation": "FIRST_ROW",
    }
    assert score["ItemSelector"] == {
        "index.$": "$$.Map.Item.Index",
        "row.$": "$$.Map.Item.Value",
    }
    assert score["ItemBatcher"] == {
        "BatchInput": {"file.$": "$.file"},
        "MaxItemsPerBatch": 2000,
        "MaxInputBytesPerBatch": 262_144,
    }
    processor = score["ItemProcessor"]["ProcessorConfig"]
    assert processor == {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}


def test_every_placeholder_has_a_substitution_and_none_is_left_over(
    properties: dict[str, Any],
) -> None:
    names = set(re.findall(r"\$\{(\w+)\}", json.dumps(properties["Definition"])))
    assert names == set(properties["DefinitionSubstitutions"])
    assert names == {"BeginFunction", "ScoreFunction", "FinishFunction", "Bucket"}
