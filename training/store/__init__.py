"""The outputs' home: pull, push, prove and repair them at any DVC remote."""

from training.store.checkup import Check, doctor
from training.store.inspection import Audit, Finding, audit
from training.store.remotes import ready, use
from training.store.transfer import Status, changed, check_out, pull, push, read_back, status

__all__ = [
    "Audit",
    "Check",
    "Finding",
    "Status",
    "audit",
    "changed",
    "check_out",
    "doctor",
    "pull",
    "push",
    "read_back",
    "ready",
    "status",
    "use",
]
