"""What can go wrong in a release."""

from __future__ import annotations


class ReleaseError(Exception):
    """A release or a rollback cannot continue; the text is one line that names the remedy."""
