"""The guide: its commands run and print what it shows, and both languages say the same."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

FOLDERS = {"en": "docs/guide", "es": "docs/guia"}
PAGES = 14
LEFT_OUT = ("docker", "aws", "github", "drive", "minutes")
"""What a block may need that no test has. `trial` needs the trial's CSV; `serves` goes on."""
FENCE = re.compile(r"^```(\w*)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ADDRESS = "127.0.0.1:8000"


@dataclass(frozen=True)
class Block:
    """Commands, what they need, and the output that is shown below them."""

    page: str
    commands: str
    needs: str
    output: str = ""


def pages(root: Path, language: str) -> list[Path]:
    """In the order of reading; the index and the glossary come last."""
    return sorted((root / FOLDERS[language]).glob("*.md"))


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    for language, needs, text in FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "sh":
            found.append(Block(page.name, text, needs))
        else:
            assert language == "text", f"{page.name}: a block of another kind: {language}"
            last = found.pop()
            assert not last.output, f"{page.name}: two outputs of one block"
            found.append(Block(last.page, last.commands, last.needs, text))
    return found


def missing(shown: str, printed: str) -> str:
    """The first piece that is shown and was not printed after those before it.

    `…` stands for anything, and where lines are wrapped is no matter.
    """
    rest = " ".join(printed.split())
    for line in shown.splitlines():
        for piece in (" ".join(part.split()) for part in line.split("…")):
            _, found, rest = rest.partition(piece) if piece else ("", "…", rest)
            if not found:
                return piece
    return ""


@dataclass
class Reader:
    """Somebody who follows the guide in a clone of this checkout."""

    folder: Path
    port: int
    has_trial: bool
    environment: dict[str, str]
    server: subprocess.Popen[str] | None = None
    left_out: list[str] = field(default_factory=list)

    def follow(self, block: Block) -> None:
        if block.needs in LEFT_OUT or (block.needs == "trial" and not self.has_trial):
            self.left_out.append(f"{block.page}: {block.needs}")
            return
        commands = block.commands.replace(ADDRESS, f"127.0.0.1:{self.port}")
        if block.needs == "serves":
            self.serve(commands)
            return
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block.page}:\n{commands}\n{done.stdout}"
        line = missing(block.output, done.stdout)
        assert not line, f"{block.page}:\n{commands}\ndid not print\n{line}\nbut\n{done.stdout}"

    def serve(self, commands: str) -> None:
        """Until the next server, or the end."""
        self.stop()
        self.server = subprocess.Popen(
            ["bash", "-euc", commands],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        for _ in range(600):
            assert self.server.poll() is None, f"it does not serve: {commands}"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health").read()
                return
            except OSError:
                time.sleep(0.1)
        pytest.fail(f"it does not answer: {commands}")

    def stop(self) -> None:
        if self.server is not None:
            os.killpg(self.server.pid, signal.SIGTERM)
            self.server.wait()
            self.server = None


@pytest.fixture(scope="module")
def reader(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """With a clone that has this checkout's packages, and perhaps the trial's CSV above it."""
    above = tmp_path_factory.mktemp("guide")
    folder = above / "seedlings"
    kept = {
        k: v for k, v in os.environ.items() if k not in ("STUDY", "DATA", "MAKEFLAGS", "MAKELEVEL")
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    who = {
        f"GIT_{role}_{what}": "reader@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    environment = {
        **{k: v for k, v in kept.items() if not k.startswith(("GIT_", "GDRIVE_"))},
        **who,
        "PORT": str(port),
        "COLUMNS": "100",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    subprocess.run(["git", "clone", "--quiet", root, folder], check=True, env=environment)
    (folder / ".venv").symlink_to(sys.prefix)
    trial = root / "data" / "Tree_Data.csv"
    if trial.exists():
        shutil.copy(trial, above)
    reader = Reader(folder, port, trial.exists(), environment)
    yield reader
    reader.stop()


@pytest.mark.trial
@pytest.mark.timeout(900)
def test_its_commands_run_and_print_what_it_shows(root: Path, reader: Reader) -> None:
    count = 0
    for page in pages(root, "en"):
        for block in blocks(page):
            reader.follow(block)
            count += 1
    print(f"{count - len(reader.left_out)} of {count} blocks ran; left out: {reader.left_out}")
    assert count - len(reader.left_out) >= (30 if reader.has_trial else 12)


def test_both_languages_have_the_same_commands_and_sections(root: Path) -> None:
    english, spanish = (pages(root, language) for language in FOLDERS)
    assert len(english) == len(spanish) == PAGES
    for one, other in zip(english, spanish, strict=True):
        assert one.name[:2].lower() == other.name[:2].lower()
        assert blocks_of(one) == blocks_of(other), one.name
        shapes = [re.findall(r"^(#+) ", page.read_text(), re.MULTILINE) for page in (one, other)]
        assert shapes[0] == shapes[1], one.name
        rows = [len(re.findall(r"^\|", page.read_text(), re.MULTILINE)) for page in (one, other)]
        assert rows[0] == rows[1], one.name


def blocks_of(page: Path) -> list[tuple[str, str, str]]:
    return [(each.commands, each.needs, each.output) for each in blocks(page)]


@pytest.mark.parametrize("language", FOLDERS)
def test_every_link_leads_somewhere(root: Path, language: str) -> None:
    links = 0
    for page in pages(root, language):
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target.partition("#")[0]).exists(), f"{page.name}: {target}"
                links += 1
    assert links > 2 * 12


def test_what_was_not_printed_is_noticed() -> None:
    printed = "first 1.5 s\nsecond\n line\nthird"
    assert missing("first … s\nthird\n", printed) == ""
    assert missing("…\nsecond line\n…", printed) == ""
    assert missing("third\nfirst … s", printed) == "first"
    assert missing("fourth", printed) == "fourth"
