"""The simulated world of the demo: a checkout of its own, its rows, and the model that serves."""

from __future__ import annotations

import csv
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from bench.processes import free_port
from training.study.declaration import SIMULATED, Study
from training.study.read import read_study

SHIFT: Final = 0.35
"""Share of the survivors of two levels that die after all, once the world has shifted."""

Row = dict[str, str]


@dataclass(frozen=True)
class World:
    """A checkout with a study, a remote and records, all of it in one folder."""

    folder: Path

    @property
    def checkout(self) -> Path:
        """Where the commands run."""
        return self.folder / "checkout"

    @property
    def study(self) -> Study:
        """What is declared there."""
        return read_study(self.checkout / "study.toml")

    @property
    def rows(self) -> str:
        """What the study calls its rows."""
        return self.study.study.row.en.many

    @property
    def hit(self) -> tuple[str, ...]:
        """The levels of the first factor that the shift is about: the last two."""
        return self.study.factors[0].names[-2:]

    def run(self, *command: str, allowed: Sequence[int] = (0,)) -> tuple[int, str]:
        """Runs a command in the checkout: exit code and output. Fails on other codes."""
        done = subprocess.run(
            command,
            cwd=self.checkout,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        with (self.folder / "log").open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{done.stdout}\n")
        if done.returncode not in allowed:
            raise SystemExit(f"{' '.join(command)}\n{done.stdout}\nThe demo ends here.")
        return done.returncode, done.stdout

    def python(self, *arguments: str, allowed: Sequence[int] = (0,)) -> tuple[int, str]:
        """Runs a module of the checkout."""
        return self.run(sys.executable, "-m", *arguments, allowed=allowed)

    @property
    def environment(self) -> dict[str, str]:
        """Without what a shell might have set for another study."""
        kept = {k: v for k, v in os.environ.items() if k not in ("STUDY", "DATA", "MODEL_PATH")}
        who = {f"GIT_{role}_{what}": "demo@example.org" for role in ("AUTHOR", "COMMITTER")
               for what in ("NAME", "EMAIL")}  # fmt: skip
        return {**kept, **who, "COLUMNS": "100", "LOG_LEVEL": "WARNING"}


def begin(world: World) -> list[Row]:
    """A clone with a study of another name, a folder as remote, and no model."""
    shutil.rmtree(world.folder, ignore_errors=True)
    world.folder.mkdir(parents=True)
    subprocess.run(["git", "clone", "--quiet", ".", world.checkout], check=True)
    (world.checkout / ".venv").symlink_to(Path(sys.prefix))
    rows = draw(world, None, 1)
    path = world.checkout / "study.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace(f'"{world.study.study.name}"', '"simulated-world"', 1)
    # What tells two rows alike apart, a place within the plot for example, is not simulated.
    text = text.replace('duplicates = "refuse"', 'duplicates = "allow"')
    path.write_text(text, encoding="utf-8")
    world.run("git", "switch", "--quiet", "--create", "demo")
    world.run("git", "rm", "--quiet", "model.dvc")
    world.run("git", "commit", "--quiet", "--all", "--message", "A simulated world")
    shutil.rmtree(world.checkout / "model", ignore_errors=True)
    (world.folder / "remote").mkdir()
    world.python("training", "store", "use", "../remote")
    return rows


def draw(world: World, count: int | None, seed: int) -> list[Row]:
    """Rows of the world as it was at first, their mark taken off: here it is the real one."""
    target = world.folder / f"world-{seed}"
    rows = [] if count is None else ["--rows", str(count)]
    # From the released model, whatever serves by now.
    released = world.folder / "released"
    if not released.exists():
        world.python("training", "model", "get")
        shutil.copytree(world.checkout / "model", released)
    world.python(
        "training", "data", "simulate", "--model", str(released), "--seed", str(seed),
        "--to", str(target), *rows,
    )  # fmt: skip
    (path,) = target.glob("*.csv")
    with path.open(encoding="utf-8", newline="") as file:
        drawn = list(csv.DictReader(file))
    roles = world.study.data
    for row in drawn:
        row.pop(SIMULATED)
        if roles.id is not None:
            row[roles.id] = str(int(row[roles.id]) + 100_000 * seed)
        if roles.group is not None:
            row[roles.group.column] = str(int(row[roles.group.column]) + 100 * (seed - 1))
    return drawn


def shifted(world: World, rows: list[Row]) -> list[Row]:
    """Rows of which some that lived to the end have the event late in the season after all."""
    study, chance = world.study, random.Random(0)  # noqa: S311
    event, when = study.event.column, study.time.column
    dead = [row for row in rows if row[event] == str(study.event.happened)]
    late = [row[when] for row in dead if float(row[when]) > study.time.horizon / 2]
    # Columns that hold one value in every row with the event: the event, and what follows from it.
    follows = {key: dead[0][key] for key in dead[0] if len({row[key] for row in dead}) == 1}
    shifted = []
    for row in rows:
        lived = row[event] != follows[event] and float(row[when]) >= study.time.horizon
        if lived and row[study.factors[0].column] in world.hit and chance.random() < SHIFT:
            shifted.append({**row, **follows, when: chance.choice(late)})
        else:
            shifted.append(row)
    return shifted


def track(world: World, rows: list[Row], message: str) -> None:
    """Adds rows to data/, and commits their pointer."""
    book = world.folder / f"{message.lower().replace(' ', '-')}.csv"
    with book.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (world.checkout / "data").mkdir(exist_ok=True)
    shutil.copy(book, world.checkout / "data")
    world.run(".venv/bin/dvc", "add", "--quiet", "data")
    world.run("git", "commit", "--quiet", "--all", "--message", message)
    world.python("training", "store", "push")


@contextmanager
def served(world: World) -> Iterator[httpx.Client]:
    """The model of the checkout, at a free port, with its records kept."""
    port = free_port()
    command = [sys.executable, "-m", "functions.api", "--model", "model", "--port", str(port)]
    with (world.folder / "server.log").open("a") as log:
        server = subprocess.Popen(
            [*command, "--records", str(world.folder / "records")],
            cwd=world.checkout,
            env=world.environment,
            stdout=log,
            stderr=log,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            for _ in range(300):
                try:
                    client.get("/health")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield client
    finally:
        server.terminate()
        server.wait()
