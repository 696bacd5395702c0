"""Every command that fails ends in a sentence that says what to do."""

from __future__ import annotations

import ast
import errno
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path

import pytest

from training.cli.endings import LOG, explain_failure
from training.cli.study import study_faults
from training.errors import Fault, InvalidTableError, StoreError, StudyFault
from training.model.folder import replace_folder
from training.registry.git import explain_git
from training.store.failures import explain
from training.store.pointer import parse_pointer

VERBS = (
    "add|ask|check|choose|copy|correct|create|draft|draw|free|get|give|install|leave|make|mount|move"
    "|name|open|paste|pull|push|put|raise|remove|rename|repair|replace|report|restore|roll back|run"
    "|see|set|start|switch|take|track|train|try again|unmount|unset|use|wait|work"
)
# An order, at the start of a clause; or what there is to choose from.
ADVICE = re.compile(
    rf"(?:(?:^|[.:;,(!?…] )(?:(?:or|and|then) )?| (?:or|and|then) )(?:{VERBS})\b|\bthere are: ",
    re.IGNORECASE,
)


def advises(text: str) -> bool:
    """Whether the last sentence of a message is whole and says what to do."""
    return text.rstrip("`)").endswith(".") and bool(ADVICE.search(text)) and "Errno" not in text


class TerminatedWorkerError(Exception):
    """What loky calls a worker that the system killed."""


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_an_error_of_the_disk_names_file_and_remedy(number: int) -> None:
    text = explain_failure(OSError(number, os.strerror(number), "model/model.onnx"))
    assert advises(text), text
    if number in (errno.ENOSPC, errno.EROFS, errno.EXDEV, errno.EBUSY):
        assert "model/model.onnx" in text


@pytest.mark.parametrize("error", [MemoryError(), TerminatedWorkerError("SIGKILL(-9)")])
def test_a_killed_worker_is_a_matter_of_memory(error: Exception) -> None:
    text = explain_failure(error)
    assert "want of memory" in text
    assert advises(text)


def test_what_nobody_foresaw_is_a_sentence_and_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = explain_failure(KeyError("survival"))
    assert text.startswith("Unexpected KeyError: 'survival'.")
    assert text.endswith(f"report it with {LOG}.")
    assert "KeyError: 'survival'" in LOG.read_text()


@pytest.mark.parametrize(
    "printed",
    [
        (
            "fatal: Unable to create '/x/index.lock': File exists.\n\nAnother git process seems "
            "to be running; make sure all processes are terminated then remove the file manually "
            "to continue."
        ),
        (
            "fatal: detected dubious ownership in repository at '/x'\nTo add one, call:\n\t"
            "git config --global --add safe.directory /x"
        ),
        "fatal: sha1 file write error: No space left on device",
        "fatal: not a git repository (or any of the parent directories): .git",
        "fatal: invalid object name 'abc'.",
        "fatal: path 'model.dvc' does not exist in 'abc'",
        "error: gpg failed to sign the data\nfatal: failed to write commit object",
        "something new",
        "",
    ],
)
def test_what_git_refuses_is_a_sentence(printed: str) -> None:
    text = str(explain_git("commit", printed))
    assert advises(text), text
    assert "index.lock" in text or "index.lock" not in printed


@pytest.mark.parametrize(
    "printed",
    [
        "ERROR: unexpected error - [Errno 28] No space left on device: '/x'",
        "ERROR: unexpected error - [Errno 30] Read-only file system: '/x'",
        "ERROR: unexpected error - [Errno 16] Device or resource busy: 'data'",
        "ERROR: unexpected error - [Errno 18] Invalid cross-device link: 'model'",
        "ERROR: failed to push - You must specify a region.",
        "ERROR: unexpected error - Unable to locate credentials",
        (
            "fatal: Unable to create '/x/index.lock': File exists.\nremove the file manually "
            "to continue."
        ),
        "fatal: detected dubious ownership in repository at '/x'",
        "ERROR: something new",
        "",
    ],
)
def test_what_dvc_refuses_is_a_sentence(printed: str) -> None:
    text = str(explain(printed, "push"))
    assert advises(text), text
    assert "index.lock" in text or "index.lock" not in printed


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("<<<<<<< HEAD\nouts: []\n=======\n>>>>>>> x\n", "model.dvc holds an unresolved merge"),
        ("outs:\n- md5: 0123.dir\n  path: model\n", "model.dvc was written by DVC 2"),
        ("outs: 7\n", "model.dvc does not point to one output of DVC."),
    ],
)
def test_a_pointer_that_cannot_be_used_is_named(text: str, cause: str) -> None:
    with pytest.raises(StoreError) as caught:
        parse_pointer(text, "model.dvc")
    assert caught.value.cause.startswith(cause)
    assert advises(str(caught.value)), str(caught.value)


def test_a_mounted_model_folder_is_filled_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("model", "old"), ("new", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.json").write_text(text)
    (tmp_path / "model/more").write_text("old")

    def busy(self: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy", str(self))

    monkeypatch.setattr(Path, "rename", busy)
    replace_folder(tmp_path / "model", tmp_path / "new")
    assert {path.name: path.read_text() for path in (tmp_path / "model").iterdir()} == {
        "metadata.json": "new"
    }


def test_a_command_shows_no_traceback(root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "training", "data", "fetch", "--from", "http://a..b"],
        cwd=root,
        env={**os.environ, "DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "http://a..b can't be read" in " ".join(done.stderr.split())


# Found and raised again, or caught by the one that called: nobody reads them as they are.
INTERNAL = {
    "no hash is known of their folder.",
    "the folder at that commit holds other data.",
    "no model/ and none released",
}


def error_classes(modules: Iterable[ast.Module]) -> set[str]:
    """The names of our base error and of all that derive from it."""
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for module in modules
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
    }
    found = {"TrainingError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return found


def assigned(module: ast.Module) -> dict[str, ast.expr]:
    """What each name of a module, or of a function in it, is first set to."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(module):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                found.setdefault(name, value)
    return found


def texts(node: ast.expr, names: dict[str, ast.expr]) -> list[str]:
    """What an expression may say; `…` for what is filled in."""
    match node:
        case ast.Constant(value=str(value)):
            return [value]
        case ast.JoinedStr(values=parts):
            said = [texts(part, names) for part in parts]
            return ["".join(each) for each in product(*said)]
        case ast.FormattedValue(value=value):
            return texts(value, names)
        case ast.BinOp(left=left, right=right):
            return [a + b for a, b in product(texts(left, names), texts(right, names))]
        case ast.IfExp(body=body, orelse=orelse):
            return texts(body, names) + texts(orelse, names)
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in names:
            # Once: a name may be set from itself.
            return texts(names[name], {k: v for k, v in names.items() if k != name})
    return ["…"]


def raised(root: Path) -> list[str]:
    """Every message written where one of our errors is made."""
    modules = [
        ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((root / "training").rglob("*.py"))
    ]
    classes = error_classes(modules)
    constants = {
        name: value
        for module in modules
        for name, value in assigned(module).items()
        if name.isupper()
    }
    found = []
    for module in modules:
        names = constants | assigned(module)
        for node in ast.walk(module):
            match node:
                # The third argument of a StoreError is a code.
                case ast.Call(func=ast.Name(id=name), args=[*said]) if name in classes and said:
                    parts = [texts(each, names) for each in said[:2]]
                    found += [" ".join(each) for each in product(*parts)]
    return found


def test_every_error_that_is_raised_says_what_to_do(root: Path) -> None:
    messages = raised(root)
    assert len(messages) > 100, "they are found at all"
    silent = [
        message
        for message in messages
        # What is filled in whole comes from a table with a test of its own, or from faults.
        if message.strip("… ") and message not in INTERNAL and not ADVICE.search(message)
    ]
    assert silent == []


@pytest.mark.parametrize(
    "error",
    [
        InvalidTableError([Fault(7, "Soil", "Mars", "one of …", "a.csv")]),
        InvalidTableError([Fault(0, "", "", "text", ""), Fault(0, "", "", "text", "")]),
    ],
)
def test_faults_end_with_what_to_do(error: InvalidTableError) -> None:
    assert advises(str(error)), str(error)


def test_faults_of_a_study_end_with_what_to_do() -> None:
    text = study_faults([StudyFault("time", "", "a table")])
    assert advises(text), text
