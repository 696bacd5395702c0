"""How a command ends in failure: one sentence that says what to do, whatever was raised."""

from __future__ import annotations

import errno
import traceback
from pathlib import Path
from typing import Final

from training.disk import full_disks, mount_of
from training.errors import TrainingError

LOG: Final = Path("build/error.log")

_DISK: Final = {
    errno.ENOSPC: "The disk is full{where}: free some space, then try again.",
    errno.EDQUOT: "The disk quota is used up{where}: free some space, then try again.",
    errno.EROFS: "The disk is read-only{where}: work in a checkout that can be written.",
    errno.EACCES: "Permission denied{where}: see to the rights of that file, then try again.",
    errno.EPERM: "Not permitted{where}: see to the owner and rights of that file, then try again.",
    errno.ENOENT: "There is no such file{where}: run at the top of a checkout, or name another.",
    errno.ENOTDIR: "A folder was expected{where}: move the file away, then try again.",
    errno.EISDIR: "A file was expected and a folder found{where}: name the file.",
    errno.EBUSY: "In use or a mount point{where}: unmount it, or empty it, then try again.",
    errno.EXDEV: "On another disk{where}: put it on the disk of the checkout, then try again.",
    errno.EMFILE: "Too many open files{where}: raise the limit (`ulimit -n 4096`), then try again.",
    errno.EIO: "The disk does not answer properly{where}: check it, then try again.",
}
_KILLED: Final = (
    "A worker process was ended by the system, most often for want of memory: use fewer at once "
    "(`--jobs 1`, `make … JOBS=1`), or a machine with more memory."
)


def explain_failure(error: BaseException) -> str:
    """The sentence for an error; what nobody foresaw is kept with its traceback in LOG."""
    if isinstance(error, TrainingError):
        return str(error)
    if isinstance(error, MemoryError) or type(error).__name__ == "TerminatedWorkerError":
        return _KILLED
    if isinstance(error, ConnectionError | TimeoutError):
        text = error.strerror or str(error) or type(error).__name__
        return f"The connection failed ({text}): check the network, then try again."
    if isinstance(error, OSError):
        return _of_disk(error)
    kept = _keep(error)
    text = " ".join(str(error).split()) or "no text"
    return (
        f"Unexpected {type(error).__name__}: {text[:300].rstrip('.')}. Nothing was released; "
        f"report it with {kept}."
    )


def _of_disk(error: OSError) -> str:
    named = error.filename2 or error.filename
    where = f" ({named})" if named else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = (f" at {mount_of(named)}" if named else full_disks()) + where
    if error.errno in _DISK:
        return _DISK[error.errno].format(where=where)
    text = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    return f"{text}{where}: see to that file or disk, then try again."


def _keep(error: BaseException) -> str:
    lines = "".join(traceback.format_exception(error))
    try:
        LOG.parent.mkdir(exist_ok=True)
        LOG.write_text(lines, encoding="utf-8")
    except OSError:
        return f"this: {lines.strip().splitlines()[-3].strip()}"
    return str(LOG)
