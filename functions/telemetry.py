"""One log line and one metric record for each request: what it cost and what became of it.

Neither ever holds a body, a header or a key. Metrics are in CloudWatch's embedded format,
written to standard output: no call to AWS is made.
"""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from typing import Any, Final, Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from functions.settings import Settings

COLD_START: Final = "ColdStart"


@dataclass
class Request:
    """What is told of one request. The endpoint fills in what it predicted."""

    id: str
    method: str
    route: str = "unknown"
    """The route's template, never the path as asked for: that may hold anything."""
    status: int = 500
    milliseconds: float = 0.0
    predictions: int = 0
    mortality_percent: float | None = None
    """Mean of what was predicted."""


class Telemetry(Protocol):
    """Who is told of requests."""

    def answered(self, request: Request) -> None:
        """A request was answered, with success or an error."""

    def failed(self, request: Request) -> None:
        """A request raised; called while the exception is handled."""


class Terminal:
    """Tells a person at a terminal of failures, and of nothing else."""

    def answered(self, request: Request) -> None:
        """Nothing."""

    def failed(self, request: Request) -> None:
        """Prints the traceback under the request's id."""
        sys.stderr.write(f"request {request.id} failed\n{traceback.format_exc()}")


class PowertoolsTelemetry:
    """Powertools' Logger and Metrics."""

    def __init__(self, settings: Settings, model_version: str, model_data: str) -> None:
        self._logger = Logger(service=settings.service, level=settings.log_level)
        self._logger.append_keys(model_version=model_version, model_data=model_data)
        self._metrics = Metrics(namespace=settings.namespace, service=settings.service)
        self._cold = True

    def answered(self, request: Request) -> None:
        """Writes a log line and a metric record."""
        metrics = self._metrics
        metrics.add_metric("Latency", MetricUnit.Milliseconds, request.milliseconds)
        metrics.add_metric("Requests", MetricUnit.Count, 1)
        if request.status >= 400:
            metrics.add_metric(f"Errors{request.status // 100}xx", MetricUnit.Count, 1)
            metrics.add_metric(f"Errors{request.status}", MetricUnit.Count, 1)
        if request.predictions:
            metrics.add_metric("Predictions", MetricUnit.Count, request.predictions)
        if request.mortality_percent is not None:
            metrics.add_metric("MortalityPercent", MetricUnit.Percent, request.mortality_percent)
        if self._cold:
            metrics.add_metric(COLD_START, MetricUnit.Count, 1)
        self._flush()
        self._logger.info("request", extra=self._fields(request))
        self._cold = False

    def failed(self, request: Request) -> None:
        """Writes the traceback; `answered` follows with the status."""
        self._logger.exception("request failed", extra=self._fields(request))

    def refused_to_start(self, error: Exception) -> None:
        """Writes why the service does not start, in one line."""
        self._logger.critical(str(error))

    def unknown_event(self, error: Exception) -> None:
        """Writes that an event of no known shape came in; what it held is not told."""
        self._logger.warning("unknown event", extra={"error": type(error).__name__})

    def _fields(self, request: Request) -> dict[str, Any]:
        return {
            "request_id": request.id,
            "method": request.method,
            "route": request.route,
            "status": request.status,
            "milliseconds": round(request.milliseconds, 2),
            "predictions": request.predictions,
            "cold_start": self._cold,
        }

    def _flush(self) -> None:
        self._metrics.flush_metrics()
