"""A world to act in: a bare git remote of this project, an emulated Drive, clones to work in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.training.store.drive.checkout import isolated
from tests.training.store.drive.emulator import Emulator

AUTHOR = ("-c", "user.name=Owner", "-c", "user.email=owner@example.org")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@dataclass
class World:
    """A bare git remote with this project in it, an emulated Drive, and a clone to work in."""

    path: Path
    drive: Emulator
    environment: dict[str, str]
    credentials: str

    def clone(self, name: str) -> Path:
        """A clone of its own, set up."""
        folder = self.path / name / "clone"
        git(self.path, "clone", "--quiet", str(self.path / "origin.git"), str(folder))
        # The environment that runs the tests; older than its stamp, so that make takes it.
        (folder / ".venv").symlink_to(Path(sys.prefix))
        for older in ("requirements-dev.txt", ".ci/venv"):
            os.utime(folder / older, (0, 0))
        return folder

    def training(self, folder: Path, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "training", *arguments],
            cwd=folder,
            env={**self.environment, "GDRIVE_CREDENTIALS_DATA": self.credentials},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr


def bring_data(world: World, csv: Path, *, start_over: bool = True) -> None:
    """What a person does who brings their own data: add, push, commit.

    Who starts over has no model yet; else the bundled one is the champion, and Drive lacks it.
    """
    folder = world.clone("data-owner")
    (folder / "data").mkdir()
    shutil.copy(csv, folder / "data")
    environment = {**world.environment, "GDRIVE_CREDENTIALS_DATA": world.credentials}
    subprocess.run(
        [sys.executable, "-m", "dvc", "add", "--quiet", "data"],
        cwd=folder,
        env=environment,
        check=True,
    )
    world.training(folder, "store", "push", "data.dvc")
    if start_over:
        git(folder, "rm", "--quiet", "model.dvc")
    git(folder, *AUTHOR, "commit", "--quiet", "--all", "--message", "Our own data")
    git(folder, "push", "--quiet", "origin", "HEAD:main")


@contextmanager
def begin(root: Path, tmp_path: Path) -> Iterator[World]:
    """A world whose Drive folder this project's default remote names."""
    (tmp_path / "drive").mkdir()
    with Emulator(tmp_path / "drive") as drive:
        account = drive.service_account()
        folder = drive.shared_drive(account, role="fileOrganizer")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GDRIVE_"))}
        environment = {**kept, **isolated(tmp_path / "home"), **drive.environment(account)}
        del environment["GDRIVE_CREDENTIALS_DATA"]
        tools = tmp_path / "tools"
        tools.mkdir()
        (tools / "gh").write_text(f'#!/bin/sh\necho "gh $*" >>{tmp_path}/gh.log\n')
        (tools / "gh").chmod(0o755)
        environment["PATH"] = f"{tools}:{environment['PATH']}"

        git(tmp_path, "clone", "--quiet", "--bare", str(root), "origin.git")
        git(tmp_path / "origin.git", "symbolic-ref", "HEAD", "refs/heads/main")
        git(tmp_path / "origin.git", "branch", "--force", "main", git(root, "rev-parse", "HEAD"))
        made = World(tmp_path, drive, environment, account.credentials)
        setting_up = made.clone("owner")
        made.training(setting_up, "store", "use", f"gdrive://{folder}")
        git(setting_up, *AUTHOR, "commit", "--quiet", "--all", "--message", "Name our Drive folder")
        git(setting_up, "push", "--quiet", "origin", "HEAD:main")
        yield made
        assert drive.foreign == [], "something else than Google's API was called"
