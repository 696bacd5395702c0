"""What can go wrong in a release."""

from __future__ import annotations


class ReleaseError(Exception):
    """A release, or the way back from one, can't go on; its text is one clear line."""
