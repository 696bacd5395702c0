"""Refusals of Google as people have reported them: status, JSON and wording, with the source.

API v2, which DVC calls, gives other reasons than the guide, which describes v3: both are here.
"""

from __future__ import annotations

from tests.training.store.drive.faults import Reply, refusal

_USER = "User rate limit exceeded"
_QUOTA = "The user's Drive storage quota has been exceeded."
_ABUSE = "This file has been identified as malware or spam and cannot be downloaded"
_CONSOLE = "https://console.developers.google.com/apis/api/drive.googleapis.com"


def detailed(status: int, message: str, reason: str, detail: str) -> Reply:
    """A refusal with `google.rpc.ErrorInfo` beside the older list of errors."""
    error = {"message": message, "domain": "usageLimits", "reason": reason}
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": detail}
    return Reply.of(
        {"error": {"code": status, "message": message, "errors": [error], "details": [info]}},
        status,
    )


def token_refusal(error: str, description: str, status: int = 400) -> Reply:
    """A refusal by the token endpoint, which words its errors after OAuth, not after Drive."""
    return Reply.of({"error": error, "error_description": description}, status)


RATE_LIMITS = {
    # labbots/google-drive-upload#192, ericberman/MyFlightbookWeb#843
    "with a stop": refusal(403, "userRateLimitExceeded", f"{_USER}.", domain="usageLimits"),
    # rclone/rclone#96
    "with a location": refusal(
        403, "userRateLimitExceeded", _USER, domain="usageLimits", location="user", kind="other"
    ),
    # rclone/rclone#1591, and Google's guide
    "in capitals": refusal(
        403, "userRateLimitExceeded", "User Rate Limit Exceeded", domain="usageLimits"
    ),
    # liberodark/ODrive#99
    "at length": refusal(
        403,
        "userRateLimitExceeded",
        "User Rate Limit Exceeded. Rate of requests for user exceed configured project quota. You "
        "may consider re-evaluating expected per-user traffic to the API and adjust project quota "
        f"limits accordingly. ... in the API Console: {_CONSOLE}/quotas?project=985525764653",
        domain="usageLimits",
    ),
    # odeke-em/drive#480
    "of the project": refusal(
        403, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits"
    ),
    # DavidDeSimone/OpenCloudSaves#85
    "with details": detailed(
        403,
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute' of service "
        "'drive.googleapis.com' for consumer 'project_number:202264815644'.",
        "rateLimitExceeded",
        "RATE_LIMIT_EXCEEDED",
    ),
    # rclone/rclone#3200
    "429": refusal(429, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits"),
    # deathandmayhem/jolly-roger#2161
    "429, exhausted": refusal(
        429, "rateLimitExceeded", "Resource has been exhausted (e.g. check quota)."
    ),
}
TOO_MANY = RATE_LIMITS["429"]

# Jumbo810/Upload_Github_Artifacts_TO_GDrive#22
NO_STORAGE = refusal(
    403,
    "storageQuotaExceeded",
    "Service Accounts do not have storage quota. Leverage shared drives "
    "(https://developers.google.com/workspace/drive/api/guides/about-shareddrives), or use OAuth "
    "delegation (http://support.google.com/a/answer/7281227) instead.",
    domain="usageLimits",
)
FULL = {
    # ieasybooks/tahweel#49
    "v3": refusal(403, "storageQuotaExceeded", _QUOTA, domain="usageLimits"),
    # iterative/PyDrive2#238
    "v2": refusal(
        403,
        "quotaExceeded",
        "The user has exceeded their Drive storage quota",
        domain="usageLimits",
    ),
}
# assembly-101/assembly101-download-scripts#7: the same reason as of a full drive
DOWNLOADED_TOO_OFTEN = refusal(
    403,
    "quotaExceeded",
    "The download quota for this file has been exceeded",
    domain="usageLimits",
    location="quota.download",
    kind="other",
)
# rclone/rclone#3979
TOO_MANY_FILES = refusal(
    403, "teamDriveFileLimitExceeded", "The file limit for this shared drive has been exceeded."
)
# treeverse/dvc#9761
NO_WRITER = refusal(
    403,
    "forbidden",
    "Insufficient permissions for the specified parent.",
    location="parent.permissions",
    kind="other",
)
# Text: odeke-em/drive#570; location, of a file in a shared drive: treeverse/dvc#3478
NO_MANAGER = refusal(
    403,
    "forbidden",
    "Insufficient permissions for this file",
    location="file.permissions",
    kind="other",
)
# anasty17/mirror-leech-telegram-bot#427, breakdowns/slam-mirrorbot#386
NO_WRITER_V3 = refusal(
    403, "insufficientParentPermissions", "Insufficient permissions for the specified parent."
)
NO_MANAGER_V3 = refusal(
    403,
    "insufficientFilePermissions",
    "The user does not have sufficient permissions for this file.",
)
# treeverse/dvc#7832, prasmussen/gdrive#483
ABUSE = {
    "v2": refusal(403, "abuse", _ABUSE),
    "v3": refusal(403, "cannotDownloadAbusiveFile", f"{_ABUSE}."),
}
# jgraph/drawio#24
NO_APPS = refusal(403, "domainPolicy", "The domain policy has disabled third-party Drive apps")
# transloadit/uppy#1300
API_OFF = refusal(
    403,
    "accessNotConfigured",
    "Access Not Configured. Drive API has not been used in project 274881616448 before or it is "
    f"disabled. Enable it by visiting {_CONSOLE}/overview?project=274881616448 then retry. If you "
    "enabled this API recently, wait a few minutes for the action to propagate to our systems "
    "and retry.",
    domain="usageLimits",
)
# googleapis/google-api-php-client#2422
PROJECT_GONE = detailed(
    403, "Project #1234567899 has been deleted.", "forbidden", "CONSUMER_INVALID"
)
# Google's guide, "authError"
NO_TOKEN = refusal(401, "authError", "Invalid Credentials", location="Authorization", kind="header")
# RobinBobin/react-native-google-drive-api-wrapper#37
NO_SCOPE = refusal(
    403,
    "insufficientPermissions",
    "Insufficient Permission: Request had insufficient authentication scopes.",
)
# iterative/PyDrive2#192
NO_FILE_SCOPE = refusal(
    403,
    "fileAccess",
    "The authenticated user has not granted the app 524422223106 read access to the file 1ekcNT",
    location="Authorization",
    kind="header",
)
# odeke-em/drive#523 and #738
BACKEND = refusal(500, "backendError", "Backend Error")
INTERNAL = refusal(500, "internalError", "Internal Error")
HTML_ERROR = Reply(
    502, b"<html><title>Error 502 (Server Error)!!1</title></html>", {"Content-Type": "text/html"}
)

# bugfender/google-drive-audit#5
NO_DELEGATION = token_refusal(
    "unauthorized_client",
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized "
    "for any of the scopes requested.",
    401,
)
# googleapis/google-cloud-python#10004
REVOKED = token_refusal("invalid_grant", "Invalid JWT Signature.")
# googleapis/google-cloud-python#8736
NO_ACCOUNT = token_refusal("invalid_grant", "Invalid grant: account not found")
# erebusnz/gapi-google-analytics-php-interface#147, googleapis/google-api-php-client#1429
CLOCKS = (
    token_refusal(
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe",
    ),
    token_refusal(
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
        "timeframe. Check your iat and exp values and use a clock with skew to account for clock "
        "differences between systems.",
    ),
)
# hardwario/gupload#5
EXPIRED = token_refusal("invalid_grant", "Token has been expired or revoked.")
# websightgmbh/l5-google-cloud-storage#6
CLIENT_GONE = token_refusal("deleted_client", "The OAuth client was deleted.", 401)


def not_found(id_: str) -> Reply:
    """Of a file that is not there, or not shared with the caller: tidyverse/googledrive#463."""
    return refusal(404, "notFound", f"File not found: {id_}.", location="fileId")


def no_member(id_: str) -> Reply:
    """Of a search in a shared drive of which one folder was shared: tidyverse/googledrive#402."""
    return refusal(404, "notFound", f"Shared drive not found: {id_}", location="driveId")
