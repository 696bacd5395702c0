"""A scratch checkout with something to push, and the project's commands run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).parents[4]
_THIS_MACHINES_OWN = ["released", "tmp", "cache", "config.local"]
OUTPUTS = {
    "data": {"plots.csv": "plot,light\n1,0.10\n", "it's empty.csv": ""},
    "model": {"model.onnx": "weights" * 40, "metadata.json": '{"contract": 1}\n'},
}


def isolated(home: Path) -> dict[str, str]:
    """Variables that keep `dvc` and git away from this machine's own settings and caches."""
    home.mkdir(exist_ok=True)
    return {
        "HOME": str(home),
        "DVC_NO_ANALYTICS": "1",
        "DVC_SITE_CACHE_DIR": str(home / "site"),
        "DVC_GLOBAL_CONFIG_DIR": str(home / "global"),
        "DVC_SYSTEM_CONFIG_DIR": str(home / "system"),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "CI": "true",
    }


@dataclass(frozen=True)
class Checkout:
    """A folder that is a git and DVC project, and the environment to work in it."""

    path: Path
    environment: Mapping[str, str]
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What must never show in any output or log."""

    @classmethod
    def make(cls, path: Path, environment: Mapping[str, str]) -> Checkout:
        """A new one with the project's own remotes, its outputs added to its cache."""
        checkout = cls(path, environment)
        shutil.copytree(PROJECT / ".dvc", path / ".dvc", ignore=lambda *_: _THIS_MACHINES_OWN)
        shutil.copy(PROJECT / ".gitignore", path)
        for folder, files in OUTPUTS.items():
            (path / folder).mkdir()
            for name, text in files.items():
                (path / folder / name).write_text(text, encoding="utf-8")
        checkout._call("git", "init", "--quiet")
        checkout.dvc("add", "--quiet", *OUTPUTS)
        return checkout

    def copy(
        self, path: Path, environment: Mapping[str, str], secrets: tuple[str, ...] = ()
    ) -> Checkout:
        shutil.copytree(self.path, path)
        return Checkout(path, environment, secrets)

    def fresh(self, path: Path) -> Checkout:
        """The same as a new clone: pointers and settings, no outputs, no cache."""
        other = self.copy(path, self.environment, self.secrets)
        for folder in (*OUTPUTS, ".dvc/cache", ".dvc/tmp", "build"):
            shutil.rmtree(other.path / folder, ignore_errors=True)
        return other

    @property
    def cache(self) -> Path:
        """Folder of the objects in its cache."""
        return self.path / ".dvc" / "cache" / "files" / "md5"

    def lead_to(self, url: str) -> None:
        """Point the remote `drive` somewhere."""
        config = self.path / ".dvc" / "config"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("gdrive://SET-YOUR-FOLDER-ID", url), encoding="utf-8")

    def store(self, *arguments: str, code: int = 0, **more: str) -> str:
        """Run `training store …`, expect an exit code, return all it wrote, spaces made one.

        `more` is added to the environment.
        """
        output = self.python("-m", "training", "store", *arguments, code=code, **more)
        return " ".join(output.split())

    def python(self, *arguments: str, code: int = 0, **more: str) -> str:
        """Run this Python with the project on its path; no secret may show in what it writes."""
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(PROJECT), **more}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        log = self.path / "build" / "store.log"
        written = output + (log.read_text(encoding="utf-8") if log.exists() else "")
        assert not any(secret in written for secret in self.secrets), "a key shows"
        assert done.returncode == code, output
        return output

    def dvc(self, *arguments: str) -> None:
        """Run `dvc` itself."""
        self._call(sys.executable, "-m", "dvc", *arguments)

    def _call(self, *command: str) -> None:
        subprocess.run(command, cwd=self.path, env={**os.environ, **self.environment}, check=True)

    def outputs(self) -> dict[str, dict[str, str]]:
        """The contents of the outputs' folders, in the shape of OUTPUTS."""
        return {
            folder: {
                file.name: file.read_text(encoding="utf-8")
                for file in (self.path / folder).glob("*")
            }
            for folder in OUTPUTS
        }
