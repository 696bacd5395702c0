"""CodeDeploy's check before traffic: the new version must answer as its model did when made.

The hook runs from the image it judges, so the model folder beside it is the one to compare with.
Any doubt is a failure, and a failure is reported too: who does not report leaves CodeDeploy
waiting for an hour.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any, Final

import boto3
from botocore.config import Config

from functions.artefact import read_artefact
from functions.hook.golden import Answer, Check, checks
from functions.settings import read_settings

_STAGE: Final = "before-traffic"
_LONGEST_WAIT: Final = 15.0
"""Seconds for one answer: the function's own limit and a cold start."""
_ATTEMPTS: Final = 2
_TO_REPORT: Final = 20.0
"""Seconds kept to report in; the function needs a limit of more than twice that."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Judges the version that NEW_VERSION names and reports the verdict to CodeDeploy.

    Raises only where the event does not say what to report on, or the report itself fails.
    """
    deployment, execution = event["DeploymentId"], event["LifecycleEventHookExecutionId"]
    try:
        faults = list(_faults(os.environ["NEW_VERSION"], context))
    except Exception as error:  # whatever it is, it is no reason to let traffic in
        faults = [f"the check itself failed: {type(error).__name__}: {error}"]
    verdict = "Failed" if faults else "Succeeded"
    for fault in faults:
        _log("ERROR", fault, deployment)
    _log("INFO", f"{verdict}: {len(faults)} faults", deployment)
    # Connecting, waiting and the pauses between three attempts end within the time kept.
    client = boto3.client("codedeploy", config=client_config(2.5, attempts=3))
    client.put_lifecycle_event_hook_execution_status(
        deploymentId=deployment, lifecycleEventHookExecutionId=execution, status=verdict
    )
    return {"verdict": verdict, "faults": faults}


def _faults(version: str, context: Any) -> Iterator[str]:
    patience = min(_LONGEST_WAIT, _left(context) / 4)
    client = boto3.client("lambda", config=client_config(patience, attempts=_ATTEMPTS))
    for check in checks(read_artefact(read_settings().model), f"/{_STAGE}"):
        if _left(context) < _ATTEMPTS * patience + _TO_REPORT:
            yield f"{check.name}: no time was left for it"
            return
        try:
            fault = check.fault(send_check(client, version, check))
        except Exception as error:  # no answer, or none that can be read
            fault = f"{type(error).__name__}: {error}"
        if fault:
            yield f"{check.name}: {fault}"


def client_config(seconds: float, attempts: int) -> Config:
    """Settings of a client that gives up after `attempts` waits of `seconds` each."""
    return Config(
        connect_timeout=min(seconds, 5.0),
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )


def _left(context: Any) -> float:
    return float(context.get_remaining_time_in_millis()) / 1000


def send_check(client: Any, version: str, check: Check) -> Answer:
    """Sends a request as API Gateway would; raises ValueError for what is no HTTP answer."""
    called = client.invoke(FunctionName=version, Payload=json.dumps(_event(check)).encode())
    payload = called["Payload"].read().decode()
    if "FunctionError" in called:
        raise ValueError(f"the function failed ({called['FunctionError']}): {payload[:300]}")
    answer = json.loads(payload)
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    return Answer(
        status=answer["statusCode"],
        media_type=headers["content-type"].partition(";")[0],
        body=answer["body"],
    )


def _event(check: Check) -> dict[str, Any]:
    return {
        "resource": check.path,
        "path": check.path,
        "httpMethod": check.method,
        "headers": {"accept": "*/*", "content-type": "application/json"},
        "queryStringParameters": None,
        "pathParameters": None,
        "requestContext": {
            "httpMethod": check.method,
            "path": f"/{_STAGE}{check.path}",
            "resourcePath": check.path,
            "stage": _STAGE,
            "requestId": _STAGE,
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": check.body,
        "isBase64Encoded": False,
    }


def _log(level: str, message: str, deployment: str) -> None:
    line = {"level": level, "message": message, "deployment": deployment}
    print(json.dumps(line), flush=True)
