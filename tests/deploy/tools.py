"""Stand-ins for sam, docker and gh on PATH: they log each command and do its effect.

`python -m tests.deploy.tools sam deploy …`; the account is behind AWS_ENDPOINT_URL.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

IMAGE_ID = "sha256:" + "d" * 64


def install(folder: Path, root: Path, names: tuple[str, ...] = ("sam", "docker", "gh")) -> None:
    """Puts the stand-ins into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        script = folder / name
        command = f"exec {shlex.quote(sys.executable)} -m tests.deploy.tools {name}"
        script.write_text(
            f'#!/bin/sh\nexport PYTHONPATH={shlex.quote(str(root))}\n{command} "$@"\n'
        )
        script.chmod(0o755)


def main(arguments: list[str]) -> int:
    """Does what the tool would leave behind; FAIL=a command's beginning makes that one fail."""
    command_line = " ".join(arguments)
    with Path(os.environ["TOOLS_LOG"]).open("a") as log:
        log.write(command_line + "\n")
    if (failing := os.environ.get("FAIL")) and command_line.startswith(failing):
        return 1
    match arguments:
        case ["sam", "build"]:
            Path(".aws-sam/build").mkdir(parents=True, exist_ok=True)
        case ["sam", "local", "start-api", "--port", port, *_]:
            server = [sys.executable, "-m", "functions.api", "--port", port]
            os.execv(sys.executable, server)  # noqa: S606
        case ["sam", "deploy", *options]:
            overrides = options[options.index("--parameter-overrides") + 1 :]
            values = dict(each.split("=", 1) for each in overrides)
            if "--stack-name" in options:
                _account().supervision(values["Stage"], values["Image"])
                return 0
            _account().stack(values["Stage"], values["Image"], os.environ["API_URL"])
        case ["gh", "api", path]:
            name = path.removeprefix("repos/")
            print(json.dumps({"full_name": name, "owner": {"id": 1}, "id": 2}))
        case ["docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}", image]:
            print(f"{image.partition(':')[0]}@{IMAGE_ID}")
        case ["docker", "image", "inspect", *_]:
            print(IMAGE_ID)
        case ["docker", "login", *_]:
            assert sys.stdin.read(), "a password is given"
        case ["docker", "push", *_, image]:
            _account().push(image.rpartition(":")[2])
            print("what docker prints")
        case ["docker", "save", "--output", path, *_]:
            Path(path).touch()
    return 0


def _account() -> Any:
    # Only two of the stand-ins need one, and moto takes longer to import than all the rest.
    from tests.deploy.account import Account

    return Account()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
