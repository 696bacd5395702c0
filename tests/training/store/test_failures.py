"""What is said of failures that no emulator shows, and what is never said."""

from __future__ import annotations

import json

import pytest

from training.store.drive_errors import REASONS
from training.store.dvc import redact
from training.store.failures import TransientError, explain


@pytest.mark.parametrize(
    ("printed", "cause", "passing"),
    [
        ("module 'lib' has no attribute 'GEN_EMAIL'", "The installed pyOpenSSL", False),
        ("module 'OpenSSL.crypto' has no attribute 'sign'", "The installed pyOpenSSL", False),
        ("'reason': 'dailyLimitExceeded', 'message': 'Daily Limit", "The project's daily", False),
        ("'reason': 'quotaExceeded'", "Google says that the storage behind", False),
        ('returned "User rate limit exceeded."', "Google is limiting the rate", True),
        ('returned "User Rate Limit Exceeded"', "Google is limiting the rate", True),
        ("unauthorized_client: Client is unauthorized", "The service account may not act", False),
        ('HttpError 404 returned "Shared drive not found: 0AB"', "The Drive folder is in", False),
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

    assert str(error) == (
        "push failed: the moon is full. See to what it names, then try again; the full output is "
        "in build/store.log."
    )


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


# The reasons of Google's guide to resolving Drive's errors, with the texts it gives.
DOCUMENTED = """
400 badRequest|400 invalidSharingRequest|401 authError|403 activeItemCreationLimitExceeded
403 appNotAuthorizedToFile|403 cannotModifyInheritedTeamDrivePermission|403 dailyLimitExceeded
403 domainPolicy|403 fileOwnerNotMemberOfTeamDrive|403 fileOwnerNotMemberOfWriterDomain
403 fileWriterTeamDriveMoveInDisabled|403 forbidden|403 insufficientFilePermissions
403 myDriveHierarchyDepthLimitExceeded|403 numChildrenInNonRootLimitExceeded
403 rateLimitExceeded|403 sharingRateLimitExceeded|403 storageQuotaExceeded
403 teamDriveFileLimitExceeded|403 teamDriveHierarchyTooDeep|403 teamDriveMembershipRequired
403 UrlLeaseLimitExceeded|403 userAccess|403 userRateLimitExceeded|404 notFound
429 rateLimitExceeded|500 backendError|500 internalError|502 badGateway|503 serviceUnavailable
504 gatewayTimeout|403 cannotDownloadAbusiveFile|403 downloadQuotaExceeded|403 quotaExceeded
403 accessNotConfigured|403 insufficientParentPermissions|403 insufficientPermissions
"""
PASSING = {
    "authError", "rateLimitExceeded", "sharingRateLimitExceeded", "userRateLimitExceeded",
    "UrlLeaseLimitExceeded", "backendError", "internalError", "badGateway", "serviceUnavailable",
    "gatewayTimeout",
}  # fmt: skip


def refused(status: str, reason: str, message: str) -> str:
    detail = [{"message": message, "domain": "global", "reason": reason}]
    return (
        f"ERROR: unexpected error - <HttpError {status} when requesting "
        f'https://www.googleapis.com/drive/v2/files?alt=json returned "{message}". '
        f'Details: "{detail}">'
    )


@pytest.mark.parametrize("documented", DOCUMENTED.replace("\n", "|").strip("|").split("|"))
def test_every_documented_reason_is_a_sentence_with_a_remedy(documented: str) -> None:
    status, reason = documented.split()
    error = explain(refused(status, reason, "Some text of Google's."), "push")

    assert reason in REASONS
    assert (error.cause, error.remedy) == REASONS[reason][:2]
    assert isinstance(error, TransientError) is (reason in PASSING)


def test_the_table_is_sentences() -> None:
    for meaning in REASONS.values():
        for text in (meaning.sentence, meaning.remedy):
            assert text[0].isupper()
            assert text.endswith(".")
            assert "HttpError" not in text


def test_a_reason_nobody_foresaw_reads_as_a_sentence() -> None:
    error = explain(refused("403", "moonIsFull", "The moon is full."), "push")

    assert str(error) == (
        "Google refused a call to Drive: The moon is full (HTTP 403, moonIsFull). Run `python -m "
        "training store doctor`; the whole answer is in build/store.log."
    )
    assert isinstance(explain(refused("503", "moonIsFull", "x"), "push"), TransientError)
