"""What each reason code of Google Drive means to the user: sentence, remedy, and whether to retry.

The codes are those of Google's guide to Drive's errors, of its older references, and of reports
from the field; the token endpoint's are in the same table. An unknown code still reads as a
sentence, with Google's own text in it.
"""

from __future__ import annotations

import re
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
_RIGHTS: Final = Meaning(
    "The service account lacks the right to change the Drive folder.",
    "Make it a content manager of the shared drive (a contributor can push but not repair). "
    "Pulling works as it is.",
)
_NO_MEMBER: Final = Meaning(
    "The Drive folder is in a shared drive of which the service account is not a member.",
    "Add the account's e-mail address to the members of the shared drive as content manager: "
    "sharing one folder of it is not enough.",
)
_RATE: Final = Meaning(
    "Google is limiting the rate of calls.", "Wait a minute and try again.", retry=True
)
_SERVER: Final = Meaning(
    "Google answered with a server error.",
    "Usually temporary: try again in a few minutes.",
    retry=True,
)
_DAY: Final = Meaning(
    "The project's daily quota of Drive calls is used up.",
    "Try again tomorrow, or raise the quota in the Google Cloud console.",
)
_FILES: Final = Meaning(
    "The Drive that holds the folder has as many items as Google allows.",
    "Delete what is not needed and empty the trash, or use another shared drive "
    "(`python -m training store use`).",
)
_DEEP: Final = Meaning(
    "The Drive folder lies too many folders deep.",
    "Use a folder nearer to the top of the drive (`python -m training store use`).",
)
_POLICY: Final = Meaning(
    "A policy of the Google Workspace organisation forbids this access to Drive.",
    "Ask its administrator to allow the service account (or Drive apps), or use another remote "
    '("Without a shared drive" in docs/google-drive.md).',
)
_ABUSE: Final = Meaning(
    "Google has marked an object as malware or spam and does not hand it out.",
    "If it is yours, set `dvc remote modify drive gdrive_acknowledge_abuse true`; otherwise run "
    "`python -m training store audit --repair` in a checkout that has it.",
)
_DOWNLOADS: Final = Meaning(
    "Google has stopped downloads of this object, since it was downloaded too often.",
    "Try again tomorrow, or copy the folder and use the copy.",
)
_DISABLED: Final = Meaning(
    "The Google Drive API is not enabled in the service account's project.",
    f"Enable it ({GUIDE}, step 2) and wait a few minutes.",
)
_CALL: Final = Meaning(
    "Google did not understand a call of DVC's.",
    "Install what the lock pins (`make setup`); if it stays, report it with build/store.log.",
)
_LOGIN: Final = Meaning(
    "Google does not accept the access token.",
    f"Try again; if it stays, check the clock and the key ({GUIDE}, step 4).",
    retry=True,
)
_SCOPE: Final = Meaning(
    "The key's permission does not cover Drive.",
    f"Use the key of a service account ({GUIDE}, step 4), or grant the scope "
    "https://www.googleapis.com/auth/drive.",
)
_DELEGATION: Final = Meaning(
    "The service account may not act for the person named by gdrive_service_account_user_email.",
    "Let a Workspace administrator allow it (domain-wide delegation, scope "
    "https://www.googleapis.com/auth/drive), or unset that option.",
)
_FORBIDDEN: Final = Meaning(
    "Google forbids the service account this access to the Drive folder.",
    f"Check that it is a member of the shared drive ({GUIDE}, step 5).",
)
_MOVED: Final = Meaning(
    "The settings of the shared drive do not allow this change.",
    "Ask a manager of the shared drive to allow it, or use another folder.",
)
_RACE: Final = Meaning("Another change to the same file came in between.", "Try again.", retry=True)

REASONS: Final[dict[str, Meaning]] = {
    # Storage and numbers of items
    "storageQuotaExceeded": FULL,
    "quotaExceeded": FULL,
    "teamDriveFileLimitExceeded": _FILES,
    "activeItemCreationLimitExceeded": _FILES,
    "numChildrenInNonRootLimitExceeded": _FILES,
    "teamDriveHierarchyTooDeep": _DEEP,
    "myDriveHierarchyDepthLimitExceeded": _DEEP,
    "uploadTooLarge": Meaning(
        "An object is larger than Google accepts.", "Split it, or use another remote."
    ),
    # Rates and servers
    "userRateLimitExceeded": _RATE,
    "rateLimitExceeded": _RATE,
    "sharingRateLimitExceeded": _RATE,
    "concurrentLimitExceeded": _RATE,
    "RATE_LIMIT_EXCEEDED": _RATE,
    "RESOURCE_EXHAUSTED": _RATE,
    "dailyLimitExceeded": _DAY,
    "dailyLimitExceededUnreg": _DAY,
    "limitExceeded": _DAY,
    "userLimitExceeded": _DAY,
    "UrlLeaseLimitExceeded": _RATE,
    "backendError": _SERVER,
    "internalError": _SERVER,
    "transientError": _SERVER,
    "serviceUnavailable": _SERVER,
    "badGateway": _SERVER,
    "gatewayTimeout": _SERVER,
    "conditionNotMet": _RACE,
    "conflict": _RACE,
    # Rights
    "insufficientFilePermissions": _RIGHTS,
    "insufficientParentPermissions": _RIGHTS,
    "insufficientPermissions": _RIGHTS,
    "teamDrivesParentLimit": _RIGHTS,
    "cannotAddParent": _RIGHTS,
    "appNotAuthorizedToFile": _FORBIDDEN,
    "appNotAuthorizedToChild": _FORBIDDEN,
    "forbidden": _FORBIDDEN,
    "userAccess": _FORBIDDEN,
    "fileNotDownloadable": Meaning(
        "An object at the remote is no file that can be downloaded.",
        "Run `python -m training store audit --repair` in a checkout that has it.",
    ),
    "cannotDownloadFile": _FORBIDDEN,
    "teamDriveMembershipRequired": _NO_MEMBER,
    "fileOwnerNotMemberOfTeamDrive": _NO_MEMBER,
    "fileOwnerNotMemberOfWriterDomain": _POLICY,
    "fileWriterTeamDriveMoveInDisabled": _MOVED,
    "cannotModifyInheritedTeamDrivePermission": _MOVED,
    "cannotModifyInheritedPermission": _MOVED,
    "teamDrivesSharingRestrictionNotAllowed": _MOVED,
    "invalidSharingRequest": _MOVED,
    "sharingNotSupported": _MOVED,
    "shareOutNotPermitted": _POLICY,
    "domainPolicy": _POLICY,
    "cannotDownloadAbusiveFile": _ABUSE,
    "downloadQuotaExceeded": _DOWNLOADS,
    # The project and the sign-in
    "accessNotConfigured": _DISABLED,
    "SERVICE_DISABLED": _DISABLED,
    "authError": _LOGIN,
    "required_login": _LOGIN,
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": _SCOPE,
    "unauthorized_client": _DELEGATION,
    "access_denied": _POLICY,
    "admin_policy_enforced": _POLICY,
    "org_internal": _POLICY,
    "invalid_scope": _SCOPE,
    "invalid_client": Meaning("Google rejects the OAuth client.", NEW_KEY),
    "disabled_client": Meaning("Google has disabled the OAuth client or the account.", NEW_KEY),
    # Calls
    "notFound": Meaning(
        "Something at the remote is not there, or not visible to the service account.",
        "Check the folder with `python -m training store doctor`.",
    ),
    "gone": _CALL,
    "badRequest": _CALL,
    "invalid": _CALL,
    "invalidParameter": _CALL,
    "invalidQuery": _CALL,
    "parseError": _CALL,
    "required": _CALL,
}

_REASON: Final = re.compile(r"""['"]?reason['"]?\s*[:=]\s*['"]?([A-Za-z_]\w+)""")
_OAUTH: Final = re.compile(
    r"\b(unauthorized_client|access_denied|admin_policy_enforced|org_internal|invalid_scope"
    r"|invalid_client|disabled_client)\b"
)
_STATUS: Final = re.compile(r"HttpError (\d{3})|HTTP/?[\d.]* (\d{3})|status['\"]?: (\d{3})")
# Where an answer was cut down to its text: the spelling of these has changed over the years.
_TEXTS: Final = (
    (r"do not have storage quota", NO_STORAGE),
    (r"shared drive not found|team ?drive not found|not a member of the (shared|team)", _NO_MEMBER),
    (r"storage quota (has been|was) exceeded|out of storage", FULL),
    (r"(shared|team) ?drive (file )?limit .*exceeded", _FILES),
    (r"\brate ?limit ?exceeded|too many requests|quota exceeded for quota metric", _RATE),
    (r"daily limit", _DAY),
    (r"identified as malware or spam", _ABUSE),
    (r"domain (administrator|policy|policies)", _POLICY),
    (r"insufficient (file )?permission|does not have sufficient permission", _RIGHTS),
)


def drive_meaning(output: str) -> tuple[str, Meaning] | None:
    """Reason code and meaning of Google's refusal in an output; None where it holds none.

    The code is empty where only Google's text is there.
    """
    for pattern, meaning in _TEXTS[:2]:
        if re.search(pattern, output, re.IGNORECASE):
            return "", meaning
    reasons = [*_REASON.findall(output), *_OAUTH.findall(output)]
    for reason in reasons:
        if reason in REASONS and reason != "notFound":
            return reason, REASONS[reason]
    for pattern, meaning in _TEXTS[2:]:
        if re.search(pattern, output, re.IGNORECASE):
            return "", meaning
    # Logs of other tools quote the bare code.
    for word in re.findall(r"\b[a-zA-Z]+(?:Exceeded|Permissions|Error|Policy)\b", output):
        if word in REASONS:
            return word, REASONS[word]
    return None


def unknown_refusal(output: str) -> tuple[str, Meaning] | None:
    """The same for a refusal that no rule describes, in Google's own words; None without one."""
    reason = next(iter(_REASON.findall(output)), "")
    if reason == "notFound":
        return reason, REASONS[reason]
    status = next((code for found in _STATUS.findall(output) for code in found if code), "")
    if not reason and not status:
        return None
    message = re.search(r"""['"]?message['"]?\s*:\s*(?:"([^"]+)"|'([^']+)')""", output)
    quoted = re.search(r'returned "([^"]+)"', output)
    text = ((message and (message[1] or message[2])) or (quoted and quoted[1]) or "no text").strip()
    if status == "429":
        return reason, _RATE
    if status.startswith("5"):
        return reason, _SERVER
    if status == "401":
        return reason, _LOGIN
    code = ", ".join(part for part in (f"HTTP {status}" * bool(status), reason) if part)
    return reason, Meaning(
        f"Google refused a call to Drive: {text.rstrip('.')} ({code}).",
        "Run `python -m training store doctor`; the whole answer is in build/store.log.",
    )
