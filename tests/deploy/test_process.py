"""Other programs: what they print, and how their failures are reported."""

from __future__ import annotations

import sys

import pytest

from deploy.errors import ReleaseError
from deploy.process import run_tool, tool_output

PYTHON = sys.executable


def test_an_output_is_returned_without_its_line_end() -> None:
    assert tool_output(PYTHON, "-c", "print(' a b ')") == "a b"


def test_the_output_of_a_tool_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    run_tool(PYTHON, "-c", "print(input()[::-1])", stdin="abc")
    assert capfd.readouterr() == ("", "cba\n")


@pytest.mark.parametrize("run", [run_tool, tool_output])
def test_a_failure_is_named_with_its_code(run: object) -> None:
    assert callable(run)
    with pytest.raises(ReleaseError, match=r"-c` failed with exit code 3$"):
        run(PYTHON, "-c", "raise SystemExit(3)")
    with pytest.raises(ReleaseError, match=r"^no-such-tool is not installed or not on PATH$"):
        run("no-such-tool")
