"""A scratch project with git, DVC and two local remotes, for tests of the loop."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from training.model.folder import GRAPH

PUBLISH = """
import os, signal, sys
from training.registry.publish import publish
def step(name):
    print(name, flush=True)
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
graph = sys.argv[1].encode()
metadata = {"data": {"source": "custom"}, "gate": {"verdict": "promote"}, "name": sys.argv[1]}
meta = {"reason": sys.argv[1], "verdict": "promote"}
meta |= {"data": "of " + sys.argv[1], "recipe": {"C": 0.1}}
print(publish(graph, metadata, meta, step))
"""


class Checkout:
    """A scratch git and DVC project with the project's two remotes, both local folders."""

    def __init__(self, path: Path, root: Path) -> None:
        self.path = path
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "GDRIVE_"))},
            "PYTHONPATH": str(root),
            "HOME": str(path.parent),
            "DVC_NO_ANALYTICS": "1",
            "DVC_SITE_CACHE_DIR": str(path.parent / "site"),
            "GIT_CONFIG_GLOBAL": "/dev/null",
            **{
                f"GIT_{who}_{what}": "tests@example.org"
                for who in ("AUTHOR", "COMMITTER")
                for what in ("NAME", "EMAIL")
            },
        }

    def run(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def training(self, *arguments: str, code: int = 0) -> str:
        return " ".join(self.run(sys.executable, "-m", "training", *arguments, code=code).split())

    def publish(self, name: str, stop_at: str = "", code: int = 0) -> str:
        return self.run(sys.executable, "-c", PUBLISH, name, stop_at, code=code)

    def dvc(self, *arguments: str) -> None:
        self.run(sys.executable, "-m", "dvc", *arguments)

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments).strip()

    def graph(self) -> str:
        return (self.path / "model" / GRAPH).read_text()

    def clone(self, name: str) -> Checkout:
        """A second clone, as a stranger makes it."""
        path = self.path.with_name(name)
        self.run("git", "clone", "--quiet", str(self.path), str(path))
        return Checkout(path, Path(self.environment["PYTHONPATH"]))

    def bundled(self) -> set[str]:
        """Objects of the bundled remote."""
        folder = self.path / ".dvc/released/files/md5"
        return {f"{p.parent.name}{p.name}" for p in folder.rglob("*") if p.is_file()}

    def pointed(self) -> set[str]:
        """Objects that the committed pointer names."""
        text = self.git("show", "HEAD:model.dvc")
        oid = text.partition("md5: ")[2].split()[0]
        listing = self.path / ".dvc/cache/files/md5" / oid[:2] / oid[2:]
        return {oid, *(entry["md5"] for entry in json.loads(listing.read_text()))}


def make(base: Path, root: Path) -> Checkout:
    """A project in `base/checkout` whose default remote is the folder `base/remote`."""
    checkout = Checkout(base / "checkout", root)
    (checkout.path / ".dvc").mkdir(parents=True)
    for name in (".gitignore", ".dvc/.gitignore", ".dvcignore", "study.toml"):
        shutil.copy(root / name, checkout.path / name)
    config = (
        (root / ".dvc/config").read_text().replace("gdrive://SET-YOUR-FOLDER-ID", "../../remote")
    )
    config = config.replace("    gdrive_use_service_account = true\n", "")
    (checkout.path / ".dvc/config").write_text(config)
    (base / "remote").mkdir()
    checkout.git("init", "--quiet", "--initial-branch=main")
    checkout.git("add", "--all")
    checkout.git("commit", "--quiet", "--message", "Start")
    return checkout
