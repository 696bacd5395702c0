"""What is said of failures that no emulator shows, and what is never said."""

from __future__ import annotations

import json

import pytest

from training.store.dvc import redact
from training.store.failures import TransientError, explain


@pytest.mark.parametrize(
    ("printed", "cause", "passing"),
    [
        ("module 'lib' has no attribute 'GEN_EMAIL'", "The installed pyOpenSSL", False),
        ("module 'OpenSSL.crypto' has no attribute 'sign'", "The installed pyOpenSSL", False),
        ("'reason': 'dailyLimitExceeded', 'message': 'Daily Limit", "The project's daily", False),
        ("'reason': 'quotaExceeded'", "The Drive that owns the folder is full.", False),
        ("invalid_grant: Invalid JWT: Token must be a short-lived token", "Google rejects", False),
        ("invalid_grant: Something new", "Google rejects the key: Something new", False),
        ("Failed to authenticate GDrive: 'access_token'", "DVC takes the key for a", False),
        ("certificate verify failed: CERTIFICATE_VERIFY_FAILED", "The server that answers", False),
        ("Error connecting to HTTP proxy 127.0.0.1:9: [Errno 111]", "The proxy 127.0.0.1:9", False),
        ("Unable to acquire lock. Most likely another DVC process", "Another DVC command", True),
        ("<HttpError 503 when requesting None returned", "Google answered with a server", True),
        ("Unable to find the server at oauth2.googleapis.com", "The connection to the", True),
        ("The specified bucket does not exist: (NoSuchBucket)", "There is no such bucket", False),
        ("The read operation timed out", "The connection to the remote broke.", True),
    ],
)
def test_a_failure_has_its_cause(printed: str, cause: str, passing: bool) -> None:
    error = explain(f"ERROR: unexpected error - {printed}\n", "push")

    assert error.cause.startswith(cause)
    assert isinstance(error, TransientError) is passing


def test_a_failure_nobody_foresaw_is_quoted_with_where_to_read_on() -> None:
    error = explain("WARNING: x\nERROR: the moon is full\n\nHaving any troubles?", "push")

    assert str(error) == "push failed: the moon is full The full output is in build/store.log."


def test_a_key_is_taken_out_however_it_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"]
    pem = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])
    credentials = json.dumps({"type": "service_account", "private_key": pem})
    monkeypatch.setenv("GDRIVE_CREDENTIALS_DATA", credentials)

    for text in (
        credentials,
        pem,
        repr(pem),
        lines[1],
        f"cut -----BEGIN PRIVATE KEY-----{lines[0]}",
    ):
        shown = redact(f"before {text} after")
        assert not any(line in shown for line in lines)
        assert shown.startswith("before ")
