"""The real `dvc` command, run as a child: with a time limit, a log and no key in either."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from training.store import failures

LOG: Final = Path("build/store.log")

_logger = logging.getLogger(__name__)
_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN [A-Z ]*KEY-----.*?(-----END [A-Z ]*KEY-----|\Z)", re.DOTALL
)


def run_dvc(
    arguments: Sequence[str],
    *,
    timeout: float,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run `dvc` in `folder` (default: the current one) and return what it wrote to stdout.

    `environment` is added to this process's. Raises `StoreError`, or `TransientError` where
    another attempt may succeed; a command still running after `timeout` seconds is killed.
    """
    at, line = folder or Path(), f"dvc {' '.join(arguments)}"
    with tempfile.TemporaryDirectory() as settings:
        child = dict(os.environ) | {"DVC_NO_ANALYTICS": "1", "GDRIVE_NON_INTERACTIVE": "1"}
        if not _in_git(at.resolve()):
            Path(settings, "config").write_text("[core]\n    no_scm = true\n", encoding="utf-8")
            child["DVC_SYSTEM_CONFIG_DIR"] = settings
        try:
            done = subprocess.run(
                [sys.executable, "-m", "dvc", *arguments],
                cwd=at,
                env=child | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            printed = _text(error.stdout, error.stderr)
            log(line, f"ended after {timeout:.0f} s", printed)
            raise failures.TransientError(
                f"`dvc {arguments[0]}` did not finish within {timeout:.0f} s and was stopped.",
                "The remote may be unreachable, or the transfer needs a longer --timeout.",
            ) from error
    output = _text(done.stdout, done.stderr)
    log(line, f"exit code {done.returncode}", output)
    if done.returncode:
        raise failures.explain(redact(output), arguments[0])
    return done.stdout


def redact(text: str) -> str:
    """`text` without the service account's key, however it was quoted."""
    secret = os.environ.get("GDRIVE_CREDENTIALS_DATA", "").strip()
    for part in _secrets(secret):
        text = text.replace(part, "[key removed]")
    return _PRIVATE_KEY.sub("[key removed]", text)


def _secrets(credentials: str) -> list[str]:
    if not credentials:
        return []
    parts = [credentials]
    try:
        fields = json.loads(credentials)
    except ValueError:
        return parts
    if isinstance(fields, dict):
        key = str(fields.get("private_key", ""))
        parts += [line for line in re.split(r"\\n|\n", key) if len(line) > 16]
        parts += [
            str(fields[name]) for name in ("private_key_id", "refresh_token") if name in fields
        ]
    return [part for part in parts if len(part) > 8]


def _text(*streams: str | bytes | None) -> str:
    return "\n".join(
        part.decode(errors="replace") if isinstance(part, bytes) else part
        for part in streams
        if part
    )


def log(command: str, outcome: str, output: str) -> None:
    """Append a command's output to `build/store.log`, with the key redacted."""
    entry = redact(f"$ {command}\n{output.rstrip()}\n-> {outcome}\n")
    _logger.debug("%s", entry)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("a", encoding="utf-8") as kept:
        kept.write(entry)


def _in_git(folder: Path) -> bool:
    return any((parent / ".git").exists() for parent in (folder, *folder.parents))
