"""What each error code of Google Drive means to the user: sentence, remedy, and whether to retry.

The codes are those of Google's guide "Resolve errors" of the Drive API, of the token endpoint
(RFC 6749 5.2, and Google's "OAuth 2.0 for server to server applications"), of `google.api`'s
ErrorReason, and of reports from the field: API v2, which DVC calls, names some of them otherwise
than the guide, which describes v3. An unknown code still reads as a sentence, in Google's words.
"""

from __future__ import annotations

from typing import Final, NamedTuple

GUIDE: Final = "docs/google-drive.md"
NEW_KEY: Final = f"Make a new key for the service account and replace the secret ({GUIDE}, step 4)."


class Meaning(NamedTuple):
    """What to say of one failure."""

    sentence: str
    remedy: str
    retry: bool = False


NO_STORAGE: Final = Meaning(
    "A service account cannot push into a personal (My Drive) folder: "
    "it has no storage of its own, so Google refuses every upload.",
    "Use a folder of a shared drive, or one of the other ways under "
    f'"Without a shared drive" in {GUIDE}. Pulling works as it is.',
)
FULL: Final = Meaning(
    "Google says that the storage behind the Drive folder is full.",
    "Free space there or raise its limit: in a shared drive the organisation's, which its "
    "administrator sees; else that of the folder's owner.",
)
FILES: Final = Meaning(
    "The Drive that holds the folder has as many items as Google allows.",
    "Delete what is not needed and empty the trash, or use another shared drive "
    "(`python -m training store use`).",
)
_DEEP: Final = Meaning(
    "The Drive folder lies too many folders deep.",
    "Use a folder nearer to the top of the drive (`python -m training store use`).",
)
_LARGE: Final = Meaning(
    "An object is larger than Google accepts.", "Split it, or use another remote."
)
RATE: Final = Meaning(
    "Google is limiting the rate of calls.",
    "Wait a minute and try again; after 750 GB of uploads in one day, try again tomorrow.",
    retry=True,
)
DAY: Final = Meaning(
    "The project's daily quota of Drive calls is used up.",
    "Try again tomorrow, or raise the quota in the Google Cloud console.",
)
SERVER: Final = Meaning(
    "Google answered with a server error.",
    "Usually temporary: try again in a few minutes.",
    retry=True,
)
_RACE: Final = Meaning("Another change to the same file came in between.", "Try again.", retry=True)
RIGHTS: Final = Meaning(
    "The service account lacks the right to change the Drive folder.",
    "Make it a content manager of the shared drive (a contributor can push but not repair). "
    "Pulling works as it is.",
)
NO_MEMBER: Final = Meaning(
    "The Drive folder is in a shared drive of which the service account is not a member.",
    "Add the account's e-mail address to the members of the shared drive as content manager: "
    "sharing one folder of it is not enough.",
)
_FORBIDDEN: Final = Meaning(
    "Google forbids the service account this access to the Drive folder.",
    f"Check that it is a member of the shared drive ({GUIDE}, step 5).",
)
_SHARING: Final = Meaning(
    "Google refuses to share the Drive folder further.",
    f"Share it in the browser, as a manager of the shared drive ({GUIDE}, step 5).",
)
_MOVED: Final = Meaning(
    "The settings of the shared drive do not allow this change.",
    "Ask a manager of the shared drive to allow it, or use another folder.",
)
POLICY: Final = Meaning(
    "A policy of the Google Workspace organisation forbids this access to Drive.",
    "Ask its administrator to allow the service account (or Drive apps), or use another remote "
    f'("Without a shared drive" in {GUIDE}).',
)
_NO_FILE: Final = Meaning(
    "An object at the remote is no file that can be downloaded.",
    "Run `python -m training store audit --repair` in a checkout that has it.",
)
ABUSE: Final = Meaning(
    "Google has marked an object as malware or spam and does not hand it out.",
    "If it is yours, set `dvc remote modify drive gdrive_acknowledge_abuse true`; otherwise run "
    "`python -m training store audit --repair` in a checkout that has it.",
)
DOWNLOADS: Final = Meaning(
    "Google has stopped downloads of this object, since it was downloaded too often.",
    "Try again tomorrow, or copy the folder and use the copy.",
)
_NOT_FOUND: Final = Meaning(
    "Something at the remote is not there, or not visible to the service account.",
    "Check the folder with `python -m training store doctor`.",
)
DISABLED: Final = Meaning(
    "The Google Drive API is not enabled in the service account's project.",
    f"Enable it ({GUIDE}, step 2) and wait a few minutes.",
)
PROJECT: Final = Meaning(
    "The Google Cloud project of the service account was deleted or suspended.",
    f"Restore it in the Google Cloud console, or begin with a new one ({GUIDE}, step 1).",
)
LOGIN: Final = Meaning(
    "Google does not accept the access token.",
    f"Try again; if it stays, check the clock and the key ({GUIDE}, step 4).",
    retry=True,
)
SCOPE: Final = Meaning(
    "The key's permission does not cover Drive.",
    f"Use the key of a service account ({GUIDE}, step 4), or grant the scope "
    "https://www.googleapis.com/auth/drive.",
)
_DELEGATION: Final = Meaning(
    "The service account may not act for the person named by gdrive_service_account_user_email.",
    "Let a Workspace administrator allow it (domain-wide delegation, scope "
    "https://www.googleapis.com/auth/drive), or unset that option.",
)
_CLIENT: Final = Meaning(
    "Google knows no such OAuth client, or has disabled it or the service account.",
    f"{NEW_KEY.removesuffix('.')}; with an OAuth client of your own, check gdrive_client_id and "
    "gdrive_client_secret.",
)
_CALL: Final = Meaning(
    "Google did not understand a call of DVC's.",
    "Install what the lock pins (`make setup`); if it stays, report it with build/store.log.",
)

_CODES: Final[tuple[tuple[Meaning, str], ...]] = (
    (FULL, "storageQuotaExceeded quotaExceeded"),
    (
        FILES,
        (
            "teamDriveFileLimitExceeded activeItemCreationLimitExceeded"
            " numChildrenInNonRootLimitExceeded"
        ),
    ),
    (_DEEP, "teamDriveHierarchyTooDeep myDriveHierarchyDepthLimitExceeded"),
    (_LARGE, "uploadTooLarge"),
    (RATE, "userRateLimitExceeded rateLimitExceeded RATE_LIMIT_EXCEEDED RESOURCE_EXHAUSTED"),
    (DAY, "dailyLimitExceeded dailyLimitExceededUnreg RESOURCE_QUOTA_EXCEEDED"),
    (
        SERVER,
        "backendError internalError transientError serviceUnavailable badGateway gatewayTimeout",
    ),
    (_RACE, "conditionNotMet conflict"),
    (RIGHTS, "insufficientFilePermissions insufficientParentPermissions"),
    (NO_MEMBER, "teamDriveMembershipRequired fileOwnerNotMemberOfTeamDrive"),
    (_FORBIDDEN, "forbidden userAccess cannotDownloadFile"),
    (
        _SHARING,
        (
            "invalidSharingRequest sharingRateLimitExceeded sharingNotSupported"
            " cannotModifyInheritedPermission cannotModifyInheritedTeamDrivePermission"
            " teamDrivesSharingRestrictionNotAllowed"
        ),
    ),
    (_MOVED, "fileWriterTeamDriveMoveInDisabled teamDrivesFolderMoveInNotSupported"),
    (
        POLICY,
        (
            "domainPolicy shareOutNotPermitted fileOwnerNotMemberOfWriterDomain"
            " SECURITY_POLICY_VIOLATED ORG_RESTRICTION_VIOLATION USER_BLOCKED_BY_ADMIN"
        ),
    ),
    (
        _NO_FILE,
        (
            "fileNotDownloadable fileNotExportable downloadRestrictedForRevision"
            " download_restricted_for_revision"
        ),
    ),
    (ABUSE, "cannotDownloadAbusiveFile abuse"),
    (DOWNLOADS, "downloadQuotaExceeded"),
    (_NOT_FOUND, "notFound"),
    (DISABLED, "accessNotConfigured SERVICE_DISABLED"),
    (PROJECT, "CONSUMER_INVALID CONSUMER_SUSPENDED GCP_SUSPENDED"),
    (LOGIN, "authError ACCESS_TOKEN_EXPIRED CREDENTIALS_MISSING"),
    (
        SCOPE,
        (
            "insufficientPermissions ACCESS_TOKEN_SCOPE_INSUFFICIENT"
            " appNotAuthorizedToFile appNotAuthorizedToChild fileAccess"
        ),
    ),
    (_CLIENT, "ACCOUNT_STATE_INVALID"),
    (
        _CALL,
        (
            "badRequest invalid invalidParameter invalidQuery parseError required gone"
            " cannotAddParent teamDrivesParentLimit illegalKeepForeverModification"
            " UrlLeaseLimitExceeded"
        ),
    ),
)
# `invalid_grant` stands for several causes: failures.py tells them apart by their text.
_OAUTH_CODES: Final[tuple[tuple[Meaning, str], ...]] = (
    (_DELEGATION, "unauthorized_client"),
    (POLICY, "access_denied admin_policy_enforced org_internal"),
    (SCOPE, "invalid_scope"),
    (_CLIENT, "invalid_client disabled_client deleted_client"),
    (_CALL, "invalid_request unsupported_grant_type"),
    (SERVER, "internal_failure server_error temporarily_unavailable"),
)
OAUTH: Final = {code: meaning for meaning, codes in _OAUTH_CODES for code in codes.split()}
REASONS: Final = {code: meaning for meaning, codes in _CODES for code in codes.split()} | OAUTH
