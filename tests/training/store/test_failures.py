"""What is said of failures that no emulator shows, and what is never said."""

from __future__ import annotations

import json
import re

import pytest
from google.api.error_reason_pb2 import ErrorReason  # type: ignore[import-untyped]
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]
from httplib2 import Response  # type: ignore[import-untyped]

from tests.training.store.drive import reports
from tests.training.store.drive.faults import Reply, refusal
from training.store.drive_codes import REASONS
from training.store.dvc import redact
from training.store.failures import TransientError, explain


@pytest.mark.parametrize(
    ("printed", "cause", "passing"),
    [
        ("module 'lib' has no attribute 'GEN_EMAIL'", "The installed pyOpenSSL", False),
        ("module 'OpenSSL.crypto' has no attribute 'sign'", "The installed pyOpenSSL", False),
        ("Failed to authenticate GDrive: 'access_token'", "DVC takes the key for a", False),
        ("certificate verify failed: CERTIFICATE_VERIFY_FAILED", "The server that answers", False),
        ("Error connecting to HTTP proxy 127.0.0.1:9: [Errno 111]", "The proxy 127.0.0.1:9", False),
        ("Unable to acquire lock. Most likely another DVC process", "Another DVC command", True),
        ("<HttpError 503 when requesting None returned", "Google answered with a server", True),
        ("Unable to find the server at oauth2.googleapis.com", "The connection to the", True),
        ("The specified bucket does not exist: (NoSuchBucket)", "There is no such bucket", False),
        (
            '<HttpError 404 when requesting 1AB?alt=media returned "File not found: 1AB.">',
            "An object went missing at the remote",
            False,
        ),
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


# Google's guide "Resolve errors" of the Drive API, whole, as of 1 April 2026
# (https://developers.google.com/workspace/drive/api/guides/handle-errors): status and reason, the
# message of its sample, and a word that our sentence or remedy must hold. `+`: the guide says to
# retry (with backoff; `authError`: with a new token).
GUIDE = """
400 badRequest|Sorting is not supported for queries with fullText terms.|did not understand
400 illegalKeepForeverModification|Cannot update a revision to false.|did not understand
400 invalidSharingRequest|Bad Request. User message: "ACL change not allowed."|share
401 authError +|Invalid Credentials|access token
403 fileNotDownloadable|Only files with binary content can be downloaded.|no file
403 activeItemCreationLimitExceeded|This account has exceeded the creation limit.|as many items
403 appNotAuthorizedToFile|The user has not granted the app 1 read access to the file 2.|scope
403 cannotModifyInheritedTeamDrivePermission|Cannot update an inherited permission.|share
403 dailyLimitExceeded|Daily Limit Exceeded|tomorrow
403 domainPolicy|The domain administrators have disabled Drive apps.|administrator
403 download_restricted_for_revision|This revision cannot be downloaded by the user.|no file
403 downloadRestrictedForRevision|This revision cannot be downloaded by the user.|no file
403 fileNotExportable|Google Vids does not support files.export.|no file
403 fileOwnerNotMemberOfTeamDrive|Cannot move a file into a shared drive as a writer.|member
403 fileWriterTeamDriveMoveInDisabled|The domain administrator has not allowed it.|shared drive
403 insufficientFilePermissions|The user does not have sufficient permissions.|right to change
403 myDriveHierarchyDepthLimitExceeded|Your My Drive can't contain more than 100 levels.|deep
403 numChildrenInNonRootLimitExceeded|The limit for this folder's children.|as many items
403 rateLimitExceeded +|Rate Limit Exceeded|rate
403 sharingRateLimitExceeded|Rate limit exceeded. User message: "could not be shared"|share
403 storageQuotaExceeded|The user's Drive storage quota has been exceeded.|storage
403 teamDriveFileLimitExceeded|The file limit for this shared drive was exceeded.|as many items
403 teamDriveHierarchyTooDeep|The shared drive hierarchy depth will exceed the limit.|deep
403 teamDriveMembershipRequired|The attempted action requires shared drive membership.|member
403 teamDrivesFolderMoveInNotSupported|Moving folders into shared drives is not supported.|drive
403 teamDrivesParentLimit|A shared drive item must have exactly one parent.|did not understand
403 UrlLeaseLimitExceeded|Too many pending uploads for this snapshot.|did not understand
403 userRateLimitExceeded +|User Rate Limit Exceeded|rate
404 notFound|File not found: 1abc|not visible
429 rateLimitExceeded +|Rate Limit Exceeded|rate
500 backendError +|Backend Error|server error
502 badGateway +|Bad Gateway|server error
503 serviceUnavailable +|Service Unavailable|server error
504 gatewayTimeout +|Gateway Timeout|server error
"""

# The token endpoint's errors: RFC 6749 5.2, and those of Google's "OAuth 2.0 for server to server
# applications" (https://developers.google.com/identity/protocols/oauth2/service-account) and of
# google-auth's `_can_retry`, with the descriptions that they give or that people report.
TOKEN_ERRORS = """
invalid_request|Missing required parameter: assertion|did not understand
invalid_client|The OAuth client was not found.|OAuth client
invalid_grant|Invalid JWT Signature.|revoked or replaced
invalid_grant|Invalid grant: account not found|no longer exists
invalid_grant|Not a valid email or user ID.|gdrive_service_account_user_email
invalid_grant|Token has been expired or revoked.|`dvc pull`
invalid_grant|Something new|Something new
invalid_grant||new key
unauthorized_client|Client is unauthorized to retrieve access tokens.|delegation
unsupported_grant_type|Invalid grant_type: x|did not understand
invalid_scope|Invalid OAuth scope or ID token audience provided.|scope
access_denied|Account restricted|administrator
admin_policy_enforced||administrator
org_internal||administrator
disabled_client|The OAuth client was disabled.|OAuth client
deleted_client|The OAuth client was deleted.|OAuth client
internal_failure +||server error
server_error +||server error
temporarily_unavailable +||server error
"""


def rows(table: str) -> list[tuple[str, bool, str, str]]:
    """The code of each line of a table, whether it is retried, the message and the word."""
    lines = [line.split("|") for line in table.strip().splitlines()]
    return [(code.removesuffix(" +"), code.endswith("+"), text, word) for code, text, word in lines]


def printed(reply: Reply) -> str:
    """What `dvc` prints of a refusal: the words are those of Google's own client."""
    error = HttpError(Response({"status": reply.status}), reply.body, "https://www.googleapis.com")
    return f"ERROR: unexpected error - {error}\n\nHaving any troubles? Hit us up"


@pytest.mark.parametrize(("code", "retried", "message", "word"), rows(GUIDE))
def test_every_code_of_the_guide_has_its_sentence_and_its_retry(
    code: str, retried: bool, message: str, word: str
) -> None:
    status, reason = code.split()
    error = explain(printed(refusal(int(status), reason, message)), "push")

    assert word in str(error)
    assert "HttpError" not in str(error)
    assert isinstance(error, TransientError) is retried


@pytest.mark.parametrize(("code", "retried", "description", "word"), rows(TOKEN_ERRORS))
def test_every_error_of_the_token_endpoint_has_its_sentence_and_its_retry(
    code: str, retried: bool, description: str, word: str
) -> None:
    text = f"{code}: {description}" if description else code  # as oauth2client puts it
    error = explain(f"ERROR: unexpected error - Access token refresh failed: {text}\n", "push")

    assert word in str(error)
    assert isinstance(error, TransientError) is retried


@pytest.mark.parametrize("reason", ErrorReason.keys())
def test_every_reason_of_the_newer_kind_reads_as_a_sentence(reason: str) -> None:
    error = explain(printed(reports.detailed(403, "It is refused.", "forbidden", reason)), "push")

    assert error.cause.endswith(".")
    assert error.remedy.endswith(".")
    assert "HttpError" not in str(error)


@pytest.mark.parametrize(
    ("reply", "start", "retried"),
    [
        *((reply, "Google is limiting the rate", True) for reply in reports.RATE_LIMITS.values()),
        *((reply, "Google says that the storage", False) for reply in reports.FULL.values()),
        *((reply, "Google has marked an object", False) for reply in reports.ABUSE.values()),
        (reports.NO_STORAGE, "A service account cannot push into a personal", False),
        (reports.DOWNLOADED_TOO_OFTEN, "Google has stopped downloads", False),
        (reports.TOO_MANY_FILES, "The Drive that holds the folder has as many", False),
        (reports.NO_WRITER, "The service account lacks the right", False),
        (reports.NO_WRITER_V3, "The service account lacks the right", False),
        (reports.NO_MANAGER, "The service account lacks the right", False),
        (reports.NO_MANAGER_V3, "The service account lacks the right", False),
        (reports.no_member("0AB"), "The Drive folder is in a shared drive of which", False),
        (reports.not_found("1AB"), "The Drive folder 1AB is not visible", False),
        (reports.NO_APPS, "A policy of the Google Workspace", False),
        (reports.API_OFF, "The Google Drive API is not enabled", False),
        (reports.PROJECT_GONE, "The Google Cloud project of the service", False),
        (reports.NO_SCOPE, "The key's permission does not cover", False),
        (reports.NO_FILE_SCOPE, "The key's permission does not cover", False),
        (reports.BACKEND, "Google answered with a server error", True),
        (reports.INTERNAL, "Google answered with a server error", True),
        (reports.HTML_ERROR, "Google answered with a server error", True),
    ],
)
def test_what_people_reported_is_understood_with_and_without_its_code(
    reply: Reply, start: str, retried: bool
) -> None:
    whole = printed(reply)
    cut = re.sub(r"\. Details: .*?>(?=\n)", ">", whole, flags=re.DOTALL)  # as older clients do

    for text in (whole, cut):
        error = explain(text, "push")
        assert error.cause.startswith(start)
        assert isinstance(error, TransientError) is retried


@pytest.mark.parametrize("reply", reports.CLOCKS)
def test_a_wrong_clock_is_told_from_a_wrong_key(reply: Reply) -> None:
    error = explain("invalid_grant: " + json.loads(reply.body)["error_description"], "push")

    assert "clock is wrong" in error.cause


def test_the_code_decides_where_the_text_speaks_of_something_else() -> None:
    reply = refusal(403, "domainPolicy", "User rate limit exceeded.")

    assert not isinstance(explain(printed(reply), "push"), TransientError)


def test_a_reason_nobody_foresaw_reads_as_a_sentence() -> None:
    error = explain(printed(refusal(403, "moonIsFull", "The moon is full.")), "push")

    assert str(error) == (
        "Google refused a call to Drive: The moon is full (HTTP 403, moonIsFull). Run `python -m "
        "training store doctor`; the whole answer is in build/store.log."
    )
    for status in (429, 500, 503):
        again = explain(printed(refusal(status, "moonIsFull", "x")), "push")
        assert isinstance(again, TransientError)


def test_the_table_is_sentences() -> None:
    for meaning in REASONS.values():
        for text in (meaning.sentence, meaning.remedy):
            assert text[0].isupper()
            assert text.endswith(".")
