"""Fetching a trial: from a path or a URL, sound or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from tests.local_server import running
from training.errors import InvalidTableError, NoTableError
from training.study import fetch
from training.study.declaration import Study


@pytest.fixture
def sound(simulated_text: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "elsewhere" / "Trees.csv"
    path.parent.mkdir()
    simulated_text.to_csv(path, index=False)
    return path


@pytest.fixture
def served(sound: Path) -> Iterator[str]:
    """Address of a server that has the CSV, a web page, and nothing else."""
    answers = {
        "/Tree%20Data.csv": (200, sound.read_bytes()),
        "/cut.csv": (200, sound.read_bytes()),
        "/login": (200, b"<!DOCTYPE html><title>Log in</title>"),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path.partition("?")[0], (404, b""))
            self.send_response(status)
            missing = 9 if self.path == "/cut.csv" else 0
            self.send_header("Content-Length", str(len(body) + missing))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with running(server):
        yield f"http://127.0.0.1:{server.server_port}"


def test_a_valid_file_is_fetched_under_its_name(study: Study, sound: Path, tmp_path: Path) -> None:
    written, fetched = fetch.fetch(str(sound), tmp_path / "data", study)

    assert written == tmp_path / "data" / "Trees.csv"
    assert (tmp_path / "data" / "Trees.csv").read_bytes() == sound.read_bytes()
    assert fetched.rows == 120
    assert [p.name for p in (tmp_path / "data").iterdir()] == ["Trees.csv"]


def test_a_url_is_fetched_under_the_name_in_it(study: Study, served: str, tmp_path: Path) -> None:
    fetch.fetch(f"{served}/Tree%20Data.csv?download=1", tmp_path / "data", study)
    assert (tmp_path / "data" / "Tree Data.csv").is_file()


def test_a_faulty_file_does_not_replace_a_good_one(
    study: Study, sound: Path, simulated_text: pd.DataFrame, tmp_path: Path
) -> None:
    fetch.fetch(str(sound), tmp_path / "data", study)
    before = sound.read_bytes()
    simulated_text.assign(Plot="0").to_csv(sound, index=False)

    with pytest.raises(InvalidTableError):
        fetch.fetch(str(sound), tmp_path / "data", study)
    assert (tmp_path / "data" / "Trees.csv").read_bytes() == before


@pytest.mark.trial
def test_a_second_file_must_be_one_trial_with_the_first(
    study: Study, sound: Path, simulated_text: pd.DataFrame, tmp_path: Path
) -> None:
    fetch.fetch(str(sound), tmp_path / "data", study)
    other = tmp_path / "Other.csv"
    simulated_text.assign(No=[str(1000 + i) for i in range(120)]).to_csv(other, index=False)
    again = tmp_path / "Again.csv"
    again.write_bytes(sound.read_bytes())

    _, whole = fetch.fetch(str(other), tmp_path / "data", study)
    assert whole.rows == 240
    with pytest.raises(InvalidTableError) as raised:
        fetch.fetch(str(again), tmp_path / "data", study)
    assert raised.value.faults[0].rule == "duplicate seedling; it is also in row 2 of Again.csv"
    assert sorted(p.name for p in (tmp_path / "data").iterdir()) == ["Other.csv", "Trees.csv"]


def test_an_unavailable_source_is_reported_in_one_sentence(
    study: Study, served: str, tmp_path: Path
) -> None:
    cases = {
        str(tmp_path / "none.csv"): "there is no file",
        f"{served}/none.csv": "answered 404 Not Found",
        f"{served}/login": "is a web page, not a CSV. Download the CSV by hand",
        f"{served}/cut.csv": "was cut off 9 bytes before its end",
        "http://127.0.0.1:9/trial.csv": "can't be read .* refused",
        "http://a b/trial.csv": "can't be read .URL can't contain control characters",
        "http://here:port/trial.csv": "can't be read .nonnumeric port",
        "http://[::1/trial.csv": "is no address .Invalid IPv6",
    }
    for source, sentence in cases.items():
        with pytest.raises(NoTableError, match=sentence):
            fetch.fetch(source, tmp_path / "data", study)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_file_over_the_limit_is_not_taken(
    study: Study, served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LARGEST", 100)
    with pytest.raises(NoTableError, match="holds more than"):
        fetch.fetch(f"{served}/Tree%20Data.csv", tmp_path / "data", study)


def test_a_file_that_is_a_mount_point_is_filled_in_its_place(
    study: Study, sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = tmp_path / "data/Trees.csv"
    mounted.parent.mkdir()
    mounted.touch()

    def busy(self: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy", str(target))

    monkeypatch.setattr(Path, "replace", busy)
    fetch.fetch(str(sound), tmp_path / "data", study)
    assert mounted.read_bytes() == sound.read_bytes()
    assert list(mounted.parent.iterdir()) == [mounted]
