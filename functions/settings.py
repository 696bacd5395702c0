"""The one reader of the environment: argument over environment over default."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from functions.errors import SettingsError

LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
_SWITCH: Final = ("on", "off")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?")
_ALIASES: Final = {"WARN": "WARNING"}


@dataclass(frozen=True)
class Settings:
    """What the environment sets of a process that serves."""

    model: Path
    """MODEL_PATH: the folder with `model.onnx` and `metadata.json`."""
    log_level: str
    """LOG_LEVEL."""
    service: str
    """POWERTOOLS_SERVICE_NAME: dimension of metrics, field of log lines."""
    namespace: str
    """POWERTOOLS_METRICS_NAMESPACE."""
    version: str
    """AWS_LAMBDA_FUNCTION_VERSION, set by Lambda: dimension of the metrics alarms watch."""
    record_predictions: bool = False
    """RECORD_PREDICTIONS, on or off: whether inputs, answers and outcomes become log lines."""
    cors_origin: str = ""
    """CORS_ORIGIN: the origin whose pages may call the API; empty for none."""
    cold_start: bool = True
    """AWS_LAMBDA_INITIALIZATION_TYPE, set by Lambda: whether the first request waited for it."""


def read_settings(
    environment: Mapping[str, str] = os.environ, *, model: Path | None = None
) -> Settings:
    """The settings; raises SettingsError, naming the key, for a value that can't be used."""
    given = environment.get("LOG_LEVEL", "INFO").upper()
    level = _ALIASES.get(given, given)
    if level not in LOG_LEVELS:
        raise SettingsError("LOG_LEVEL", level, " or ".join(LOG_LEVELS))
    recording = environment.get("RECORD_PREDICTIONS") or "off"
    if recording not in _SWITCH:
        raise SettingsError("RECORD_PREDICTIONS", recording, " or ".join(_SWITCH))
    origin = environment.get("CORS_ORIGIN", "").strip()
    if origin and not _ORIGIN.fullmatch(origin):
        raise SettingsError("CORS_ORIGIN", origin, "one origin, such as https://example.org")
    names = {
        key: environment.get(key, default)
        for key, default in (
            ("POWERTOOLS_SERVICE_NAME", "survival"),
            ("POWERTOOLS_METRICS_NAMESPACE", "Survival"),
        )
    }
    for key, value in names.items():
        if not value.strip():
            raise SettingsError(key, value, "a name")
    return Settings(
        model=model or Path(environment.get("MODEL_PATH") or "model"),
        log_level=level,
        service=names["POWERTOOLS_SERVICE_NAME"],
        namespace=names["POWERTOOLS_METRICS_NAMESPACE"],
        version=environment.get("AWS_LAMBDA_FUNCTION_VERSION") or "$LATEST",
        record_predictions=recording == "on",
        cors_origin=origin,
        cold_start=environment.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "provisioned-concurrency",
    )
