"""The environment is read once, in one place, and a bad value names its key."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions import settings
from functions.errors import SettingsError
from functions.settings import Settings

DEFAULTS = Settings(
    model=Path("model"),
    log_level="INFO",
    service="survival",
    namespace="Survival",
    version="$LATEST",
)


def test_an_empty_environment_gives_the_defaults() -> None:
    assert settings.read_settings({}) == DEFAULTS


def test_an_empty_model_path_counts_as_none() -> None:
    assert settings.read_settings({"MODEL_PATH": ""}) == DEFAULTS


def test_the_environment_wins_over_the_defaults() -> None:
    environment = {
        "MODEL_PATH": "/opt/model",
        "LOG_LEVEL": "warn",
        "POWERTOOLS_SERVICE_NAME": "seedlings",
        "POWERTOOLS_METRICS_NAMESPACE": "Trees",
        "AWS_LAMBDA_FUNCTION_VERSION": "7",
        "CORS_ORIGIN": "https://example.org:8443",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency",
    }
    found = settings.read_settings(environment)
    assert found == Settings(
        model=Path("/opt/model"),
        log_level="WARNING",
        service="seedlings",
        namespace="Trees",
        version="7",
        cors_origin="https://example.org:8443",
        cold_start=False,
    )


def test_an_argument_wins_over_the_environment() -> None:
    assert settings.read_settings({"MODEL_PATH": "a"}, model=Path("b")).model == Path("b")


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: expected DEBUG or INFO or WARNING or ERROR, got 'LOUD'"),
        *(
            (
                "CORS_ORIGIN",
                value,
                f"CORS_ORIGIN: expected one origin, such as https://example.org, got {value!r}",
            )
            for value in ("*", "example.org", "https://a.org/", "https://a.org,https://b.org")
        ),
        (
            "RECORD_PREDICTIONS",
            "perhaps",
            f"RECORD_PREDICTIONS: expected {' or '.join(settings._SWITCH)}, got 'perhaps'",
        ),
        ("POWERTOOLS_SERVICE_NAME", " ", "POWERTOOLS_SERVICE_NAME: expected a name, got ' '"),
        (
            "POWERTOOLS_METRICS_NAMESPACE",
            "",
            "POWERTOOLS_METRICS_NAMESPACE: expected a name, got ''",
        ),
    ],
)
def test_a_value_that_cannot_be_used_names_its_key(key: str, value: str, line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.read_settings({key: value})

    assert (caught.value.key, str(caught.value)) == (key, line)
