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
            for further in records.lines(
                request.id,
                request.predicted,
                request.outcomes,
                self._model,
                now,
                start=ROWS_PER_LINE,
            ):
                sys.stdout.write(f"{further}\n")

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

    def unknown_event(self, error: Exception) -> None:
        """Writes that an event of no known shape came in, without what it held."""
        self._logger.warning("unknown event", extra={"error": type(error).__name__})
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
