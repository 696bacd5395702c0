"""What can go wrong in serving before a request is there; see api/problems.py for the rest."""

from __future__ import annotations


class ServingError(Exception):
    """Base of every error that stops the start-up; its text is one clear line."""


class SettingsError(ServingError):
    """The environment holds a value that can't be used."""

    def __init__(self, key: str, value: str, allowed: str) -> None:
        self.key, self.value, self.allowed = key, value, allowed
        super().__init__(f"{key}: expected {allowed}, got {value!r}")


class ArtefactError(ServingError):
    """The model folder is missing, damaged or not one this code can serve."""

    def __init__(self, name: str, found: object, expected: object) -> None:
        self.name, self.found, self.expected = name, found, expected
        super().__init__(f"model: {name}: expected {expected}, got {found}")
