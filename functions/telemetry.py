"""One line for each request: what it cost and what became of it.

It never holds a body, a header or a key. Metrics are in CloudWatch's embedded format, written
to standard output: no call to AWS is made. Where predictions are recorded, the line also holds
what was predicted for which validated inputs, and outcomes that were reported are lines too.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)
from pydantic_core import to_json

from functions import records
from functions.records import ROWS_PER_LINE, Predicted, ReportedOutcome
from functions.settings import Settings


@dataclass
class RequestLog:
    """What is recorded of one request. The endpoint adds what it predicted."""

    id: str
    method: str
    route: str = "unknown"
    """The route's template, never the path that was sent: it may hold anything."""
    status: int = 500
    milliseconds: float = 0.0
    predictions: int = 0
    outcome_percent: float | None = None
    """Mean of what was predicted."""
    lambda_request_id: str = ""
    trace_id: str = ""
    """X-Ray's, as API Gateway's access log has it."""
    disconnected: bool = False
    """The client broke off before its body was complete."""
    predicted: Predicted | None = None
    """What was predicted for which inputs."""
    outcomes: Sequence[ReportedOutcome] = ()
    """What was reported of subjects that were predicted for."""

    def add_predictions(self, percents: Sequence[float], predicted: Predicted) -> None:
        """Records what the response predicts: each row's percentage, and all of it."""
        self.predictions = len(percents)
        self.outcome_percent = sum(percents) / len(percents)
        self.predicted = predicted


def get_request_log(scope: Mapping[str, Any]) -> RequestLog:
    """The log of the request with this ASGI scope, put there by the app's outermost layer."""
    log: RequestLog = scope["request_log"]
    return log


class Telemetry(Protocol):
    """Anything that records requests."""

    @property
    def keeps_records(self) -> bool:
        """Whether predictions and outcomes are recorded too."""
        ...

    def answered(self, request: RequestLog) -> None:
        """A request was answered, with success or an error."""

    def failed(self, request: RequestLog) -> None:
        """A request raised; called while the exception is handled."""


class Terminal:
    """Shows failures and broken connections at a terminal, and writes records to a folder."""

    def __init__(self, folder: Path | None = None, model_version: str = "") -> None:
        """Records go below `folder` as they do in S3, by day; nowhere without one."""
        self._folder, self._model = folder, {"model_version": model_version}

    @property
    def keeps_records(self) -> bool:
        """Whether there is a folder for them."""
        return self._folder is not None

    def answered(self, request: RequestLog) -> None:
        """One line for a client that broke off; a line for each record."""
        if request.disconnected:
            sys.stderr.write(f"request {request.id}: the client broke off\n")
        if self._folder is not None:
            now = int(1000 * time.time())
            lines = list(
                records.lines(request.id, request.predicted, request.outcomes, self._model, now)
            )
            if lines:
                records.append(self._folder, now, lines)

    def failed(self, request: RequestLog) -> None:
        """Prints the traceback under the request's id."""
        sys.stderr.write(f"request {request.id} failed\n{traceback.format_exc()}")


class PowertoolsTelemetry:
    """A line for each request that is log and metrics at once; Powertools' Logger for the rest.

    The line is a metric record in CloudWatch's embedded format, and CloudWatch lets such a record
    hold fields of any other kind. Powertools makes a record once for each kind of request, and
    each request fills in its own figures: Powertools would take 24 µs for every one, a seventh
    of a prediction.
    """

    def __init__(self, settings: Settings, model_version: str, model_data: str) -> None:
        self._settings = settings
        self._model = {"model_version": model_version, "model_data": model_data}
        self._records: dict[tuple[object, ...], dict[str, Any]] = {}
        self._cold = settings.cold_start
        self.keeps_records = settings.record_predictions

    def answered(self, request: RequestLog) -> None:
        """Writes the request's line."""
        kind = (request.method, request.route, request.status, request.predictions > 0, self._cold)
        now = int(1000 * time.time())
        same = self._records.get(kind) or self._records.setdefault(kind, self._record(request))
        record = {
            **same,
            "_aws": {**same["_aws"], "Timestamp": now},
            "request_id": request.id,
            "Latency": round(request.milliseconds, 3),
        }
        if request.lambda_request_id:
            record["lambda_request_id"] = request.lambda_request_id
        if request.trace_id:
            record["trace_id"] = request.trace_id
        if request.outcome_percent is not None:
            record["Predictions"] = request.predictions
            record["OutcomePercent"] = round(request.outcome_percent, 2)
            if self.keeps_records and request.predicted:
                record["predicted"] = request.predicted.part(0)
        sys.stdout.write(f"{to_json(record).decode()}\n")
        self._cold = False
        if self.keeps_records and (request.predictions > ROWS_PER_LINE or request.outcomes):
            for line in records.lines(
                request.id,
                request.predicted,
                request.outcomes,
                self._model,
                now,
                start=ROWS_PER_LINE,
            ):
                sys.stdout.write(f"{line}\n")

    def failed(self, request: RequestLog) -> None:
        """Writes the traceback; `answered` follows with the status."""
        fields = {
            "request_id": request.id,
            "lambda_request_id": request.lambda_request_id,
            "trace_id": request.trace_id,
            **self._fields(request),
        }
        self._logger.exception("request failed", extra=fields)

    def refused_to_start(self, error: Exception) -> None:
        """Writes why the service does not start, in one line."""
        self._logger.critical(str(error))

    def unknown_event(self, error: Exception, request: RequestLog) -> None:
        """Writes that an event of no known shape came in, without what it held."""
        ids = {"request_id": request.id, "lambda_request_id": request.lambda_request_id}
        self._logger.warning("unknown event", extra={"error": type(error).__name__, **ids})
        self._cold = False  # it warmed the environment up

    def _fields(self, request: RequestLog) -> dict[str, Any]:
        return {
            "method": request.method,
            "route": request.route,
            "status": request.status,
            "cold_start": self._cold,
        }

    def _record(self, request: RequestLog) -> dict[str, Any]:
        """What is the same in each record of a request's kind."""
        counts = ["Requests"]
        if request.status >= 400:
            counts += [f"Errors{request.status // 100}xx", f"Errors{request.status}"]
        if self._cold:
            counts.append("ColdStart")
        measured = {"Latency": MetricUnit.Milliseconds}
        if request.predictions:
            measured |= {"Predictions": MetricUnit.Count, "OutcomePercent": MetricUnit.Percent}
        service, version = self._settings.service, self._settings.version
        metrics = AmazonCloudWatchEMFProvider(namespace=self._settings.namespace)
        metrics.add_dimension("service", service)
        metrics.add_dimensions(service=service, version=version)
        for name, unit in {**dict.fromkeys(counts, MetricUnit.Count), **measured}.items():
            metrics.add_metric(name, unit, 1)
        record = {**metrics.serialize_metric_set(), **dict.fromkeys(counts, 1)}
        return {
            **record,
            "level": "INFO",
            "message": "request",
            **self._model,
            **self._fields(request),
        }

    @cached_property
    def _logger(self) -> Logger:
        # Of use when something went wrong, and then alone.
        logger = Logger(service=self._settings.service, level=self._settings.log_level)
        logger.append_keys(**self._model)
        return logger
