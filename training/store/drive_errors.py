"""Google Drive's refusals, read from what DVC or Google's client printed."""

from __future__ import annotations

import re
from typing import Final

from training.store import drive_codes as codes
from training.store.drive_codes import OAUTH, REASONS, Meaning

# Codes that stand for several things: the text of the answer says for which.
_GENERAL: Final = frozenset(
    ["forbidden", "notFound", "quotaExceeded", "storageQuotaExceeded", "required"]
)
_REASON: Final = re.compile(r"""['"]?reason['"]?\s*[:=]\s*['"]?([A-Za-z_]\w+)""")
_OAUTH: Final = re.compile(rf"\b({'|'.join(OAUTH)})\b")
_STATUS: Final = re.compile(r"HttpError (\d{3})|HTTP/?[\d.]* (\d{3})|status['\"]?: (\d{3})")
# For the codes above, and where an answer was cut down to its text: spellings change.
_TEXTS: Final = (
    (r"do not have storage quota", codes.NO_STORAGE),
    (
        r"shared drive not found|team ?drive not found|requires shared drive membership",
        codes.NO_MEMBER,
    ),
    (r"storage quota (has been|was) exceeded|exceeded their drive storage quota", codes.FULL),
    (r"download quota", codes.DOWNLOADS),
    (r"file limit for this (shared|team) ?drive has been exceeded", codes.FILES),
    (
        r"\brate ?limit ?exceeded|too many requests|exceeded for quota metric|been exhausted",
        codes.RATE,
    ),
    (r"daily limit", codes.DAY),
    (r"identified as malware or spam", codes.ABUSE),
    (r"domain (administrator|policy|policies)", codes.POLICY),
    (r"insufficient authentication scopes|has not granted the app", codes.SCOPE),
    (r"access not configured|api has not been used in project", codes.DISABLED),
    (r"project \S+ (has been deleted|is not found)|consumer \S+ has been suspended", codes.PROJECT),
    (r"insufficient (file )?permission|does not have sufficient permission", codes.RIGHTS),
    (r"login required", codes.LOGIN),
)


def drive_meaning(output: str) -> tuple[str, Meaning] | None:
    """Error code and meaning of Google's refusal in an output; None where it holds none.

    The code decides, and the text only where the code is general or missing. The code is empty
    where only Google's text is there.
    """
    found = (*_REASON.findall(output), *_OAUTH.findall(output))
    known = [code for code in found if code in REASONS]
    for code in known:
        if code not in _GENERAL:
            return code, REASONS[code]
    code = next(iter(known), "")
    for pattern, meaning in _TEXTS:
        if re.search(pattern, output, re.IGNORECASE):
            return code, meaning
    if code and code != "notFound":
        return code, REASONS[code]
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
        return reason, codes.RATE
    if status.startswith("5"):
        return reason, codes.SERVER
    if status == "401":
        return reason, codes.LOGIN
    code = ", ".join(part for part in (f"HTTP {status}" * bool(status), reason) if part)
    return reason, Meaning(
        f"Google refused a call to Drive: {text.rstrip('.')} ({code}).",
        "Run `python -m training store doctor`; the whole answer is in build/store.log.",
    )
