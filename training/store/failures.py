"""What a failure of DVC or Drive means to the user: one cause, one remedy."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from training.disk import full_disks
from training.errors import StoreError
from training.store import drive_errors
from training.store.drive_codes import FULL, NEW_KEY, NO_STORAGE, Meaning

REPAIR: Final = "Run `python -m training store audit --repair` in a checkout that has it."


class TransientError(StoreError):
    """A failure that the next attempt may not meet."""


class _Rule(NamedTuple):
    pattern: str
    cause: str
    remedy: str = ""
    transient: bool = False


NO_CREDENTIALS: Final = "GDRIVE_CREDENTIALS_DATA is empty: no key for Google Drive."
NO_CREDENTIALS_REMEDY: Final = (
    "Put the service account's JSON there; in GitHub Actions pass the secret in `env:` "
    "(a pull request from a fork gets none)."
)

# The first rule whose pattern matches wins: specific ones first.
_RULES: Final = (
    _Rule(r"account not found", "The service account no longer exists.", NEW_KEY),
    _Rule(r"Invalid JWT Signature", "Google rejects the key: it was revoked or replaced.", NEW_KEY),
    _Rule(
        r"short-lived token|reasonable timeframe",
        "Google rejects the key because this machine's clock is wrong.",
        "Set the clock (NTP) and try again.",
    ),
    _Rule(
        r"Token has been expired or revoked|invalid_rapt",
        "Google no longer accepts the permission that was given in the browser.",
        "Run `dvc pull` once in a terminal and give it again; an OAuth app that is not published "
        "loses it every seven days.",
    ),
    _Rule(
        r"[Ii]nvalid email or user ID|[Nn]ot a valid email",
        "gdrive_service_account_user_email names no user of the organisation.",
        "Put that person's address right, or unset the option.",
    ),
    _Rule(r"(?P<text>invalid_grant[^\n]*)", "Google rejects the key ({text}).", NEW_KEY),
    _Rule(
        r"alt=media returned .File not found",
        "An object went missing at the remote while it was being pulled.",
        REPAIR,
    ),
    _Rule(
        r"File not found: (?P<id>[\w-]+)",
        "The Drive folder {id} is not visible to the service account.",
        "Share it with the account's e-mail address, and check the id "
        "(the last part of the folder's address in the browser).",
    ),
    _Rule(
        r"Confirm (?P<path>\S+) exists and you can access it",
        "The folder {path} does not exist in Drive, and DVC does not create it.",
        "Create it once in the browser, or use the id of an existing folder.",
    ),
    _Rule(r"To use service account, set", NO_CREDENTIALS, NO_CREDENTIALS_REMEDY),
    _Rule(
        r"Failed to authenticate GDrive: 'access_token'",
        "DVC takes the key for a person's token, because gdrive_use_service_account is not set.",
        "`dvc remote modify drive gdrive_use_service_account true`.",
    ),
    _Rule(
        r"GEN_EMAIL|has no attribute 'sign'",
        "The installed pyOpenSSL does not fit the installed cryptography.",
        "Install what the lock pins: `make setup`.",
    ),
    _Rule(
        r"Non interactive mode",
        "DVC has not been authorised for this Drive yet.",
        "Run `dvc pull` once in a terminal and follow the link it prints.",
    ),
    _Rule(
        r"Failed to authenticate GDrive: (?P<text>[^\n]*)",
        "GDRIVE_CREDENTIALS_DATA is not the JSON key of a service account.",
        "Paste the whole file as Google gave it, neither base64-encoded nor escaped again.",
    ),
    _Rule(
        r"CERTIFICATE_VERIFY_FAILED",
        "The server that answers for Google has a certificate this machine does not trust.",
        "Behind a company proxy, name its authority in HTTPLIB2_CA_CERTS.",
    ),
    _Rule(
        r"Error connecting to HTTP proxy (?P<proxy>\S+):",
        "The proxy {proxy} of HTTPS_PROXY does not answer.",
        "Start it, or unset HTTPS_PROXY.",
    ),
    _Rule(
        r"failed to transfer '(?P<oid>[0-9a-f.dir]+)' - \[Errno 2\]",
        "The object {oid} is missing at the remote.",
        REPAIR,
    ),
    _Rule(
        r"Unable to acquire lock",
        "Another DVC command is running in this checkout.",
        "Wait for it to finish.",
        transient=True,
    ),
    _Rule(
        r"dubious ownership in repository at '(?P<path>[^']+)'|safe\.directory (?P<at>\S+)",
        "Git distrusts {path}{at}, a folder of another user, and DVC stops with it.",
        "Run `git config --global --add safe.directory` with that folder.",
    ),
    _Rule(
        r"(?P<path>[^'\s]+\.lock)['\s:][^~]*remove the file manually",
        "Another git or DVC command holds {path}.",
        "Let it finish; if none is running, remove that file.",
    ),
    _Rule(
        r"(?:No space left on device|Errno 28)(?:: '(?P<path>[^']+)')?",
        "The disk is full{disks} {path}.",
        "Free some space (of this checkout, its cache or the remote's folder), then try again.",
    ),
    _Rule(
        r"Read-only file system|Errno 30",
        "The disk is read-only.",
        "Work in a checkout, with a cache and a remote, that can be written.",
    ),
    _Rule(
        r"Device or resource busy|Errno 16|Invalid cross-device|Errno 18",
        "A folder that DVC replaces is a mount point.",
        "Mount the folder above it, or pull once before mounting.",
    ),
    _Rule(
        r"You must specify a region|NoRegionError",
        "AWS has no region to look in.",
        "Set AWS_DEFAULT_REGION, or `dvc remote modify --local cloud region eu-west-1`.",
    ),
    _Rule(
        r"Unable to locate credentials|NoCredentialsError|InvalidAccessKeyId|SignatureDoesNotMatch",
        "AWS does not accept or find the keys of this remote.",
        "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in with `aws configure`.",
    ),
    _Rule(
        r"remove the following unsaved files[^\n]*\n(?P<path>[^\n]*)",
        "There are local changes that pulling would overwrite ({path}).",
        "Track them (`dvc add`), move them away, or pull with --force.",
    ),
    _Rule(
        r"Checkout failed for following targets:\s*(?P<path>[^\n]*)",
        "{path} is missing or damaged at the remote.",
        REPAIR,
    ),
    _Rule(
        r"requires these missing dependencies: (?P<what>\S+)|requires '(?P<plugin>[^']+)' to be",
        "DVC lacks the plug-in for this kind of remote: {what}{plugin}.",
        "Add the extra of dvc in pyproject.toml, then `make lock`.",
    ),
    _Rule(
        r"NoSuchBucket|bucket does not exist",
        "There is no such bucket, or these keys do not see it.",
        "Create it, or check the remote's address and the keys.",
    ),
    _Rule(
        r"Invalid response 5\d\d|Expecting value: line",
        "Google answered with a server error.",
        "Usually temporary: try again in a few minutes.",
        transient=True,
    ),
    _Rule(
        r"Remote end closed|EOF occurred|Connection (reset|aborted|refused)|Broken pipe|timed? ?out"
        r"|Unable to find the server|IncompleteRead|Name or service not known",
        "The connection to the remote broke.",
        "Check the network and try again.",
        transient=True,
    ),
)


def explain(output: str, command: str) -> StoreError:
    """The error to raise for a failed `command`, given its output.

    A `TransientError` where another attempt may succeed, else a plain `StoreError`.
    """
    if found := drive_errors.drive_meaning(output):
        return _of_drive(*found)
    for rule in _RULES:
        if match := re.search(rule.pattern, output):
            groups = {name: value or "" for name, value in match.groupdict().items()}
            kind = TransientError if rule.transient else StoreError
            cause = rule.cause.format(**groups, disks=full_disks())
            return kind(cause.replace(" .", "."), rule.remedy)
    if found := drive_errors.unknown_refusal(output):
        return _of_drive(*found)
    errors = [line for line in output.splitlines() if line.startswith("ERROR")]
    text = (errors or output.strip().splitlines()[-1:] or [""])[0].removeprefix("ERROR: ")
    text = text.strip() or "no output"
    return StoreError(
        f"{command} failed: {text.rstrip('.')}.",
        "See to what it names, then try again; the full output is in build/store.log.",
    )


def _of_drive(code: str, meaning: Meaning) -> StoreError:
    kind = TransientError if meaning.retry else StoreError
    return kind(meaning.sentence, meaning.remedy, code)


def in_shared_drive(error: StoreError, shared: bool) -> StoreError:
    """An error of missing storage, worded after whether its folder is in a shared drive."""
    if not lacks_storage(error):
        return error
    meaning = FULL if shared else NO_STORAGE
    return StoreError(meaning.sentence, meaning.remedy, error.code)


def lacks_storage(error: StoreError) -> bool:
    """Whether Google refused an upload for want of storage."""
    return error.cause in (FULL.sentence, NO_STORAGE.sentence)
