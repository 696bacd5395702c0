"""`make audit` fails where a package that is served is known to be weak, or is not known."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.local_server import running

TOOL = ".audit-venv/bin/pip-audit"


class Advisories(ThreadingHTTPServer):
    """A source of advisories that knows of one, for whichever package it is given."""

    weak = "none"
    down = False
    requested: list[str]

    def __init__(self) -> None:
        self.requested = []
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(BaseHTTPRequestHandler):
    server: Advisories

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = query["package"]["name"]
        self.server.requested.append(name)
        advisory = {
            "id": "PYSEC-0000-1",
            "summary": "invented for a test",
            "affected": [
                {
                    "package": {"name": name, "ecosystem": "PyPI"},
                    "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "999"}]}],
                    "versions": [query["version"]],
                }
            ],
        }
        body = json.dumps({"vulns": [advisory]} if name == self.server.weak else {}).encode()
        self.send_response(503 if self.server.down else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def advisories() -> Iterator[Advisories]:
    server = Advisories()
    with running(server):
        yield server


@pytest.fixture
def audit(
    root: Path, tmp_path: Path, advisories: Advisories
) -> Callable[[], subprocess.CompletedProcess[str]]:
    """Runs the Makefile's own target against those advisories, without setting anything up."""
    if not (root / TOOL).exists():
        pytest.skip("pip-audit is not here: `make audit` sets it up")
    source = {
        "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
        "PIP_AUDIT_OSV_URL": f"http://127.0.0.1:{advisories.server_port}/v1/query",
        "XDG_CACHE_HOME": str(tmp_path),
    }
    return lambda: subprocess.run(
        ["make", f"--old-file={TOOL}", "audit"],
        cwd=root,
        env={**os.environ, **source},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_lock_without_a_known_weakness_passes_and_every_package_was_checked(
    audit: Callable[[], subprocess.CompletedProcess[str]], advisories: Advisories, root: Path
) -> None:
    done = audit()

    assert done.returncode == 0, done.stdout + done.stderr
    lock = (root / "functions/requirements.txt").read_text()
    locked = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}
    assert {name.lower() for name in advisories.requested} == locked


def test_a_known_weakness_fails_and_is_named(
    audit: Callable[[], subprocess.CompletedProcess[str]], advisories: Advisories
) -> None:
    advisories.weak = "starlette"
    done = audit()

    assert done.returncode != 0
    assert "starlette" in done.stdout
    assert "PYSEC-0000-1" in done.stdout


def test_an_unreachable_source_fails_the_audit(
    audit: Callable[[], subprocess.CompletedProcess[str]], advisories: Advisories
) -> None:
    advisories.down = True

    assert audit().returncode != 0
