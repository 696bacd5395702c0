"""A model, a bucket of moto's, and the state machine in moto's interpreter of Amazon's language."""

from __future__ import annotations

import importlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.awslambda.models import LambdaBackend
from samtranslator.yaml_helper import yaml_parse

from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.batch import handler
from functions.batch.csv_file import score_csv
from functions.scoring import Scorer
from tests.functions.conftest import Client, Listener
from tests.functions.models import SEEDLINGS

BUCKET, REGION = "supervision", "eu-west-1"
STEPS: dict[str, Callable[[Any, object], dict[str, Any]]] = {
    "begin": handler.begin,
    "score": handler.score_batch,
    "finish": handler.finish,
}
Failure = Callable[[str, dict[str, Any]], None]
"""Raises before a step, by its name and event, or lets it run."""


@dataclass
class Bucket:
    """The bucket that holds incoming and scored files."""

    s3: Any
    scorer: Scorer

    def put(self, name: str, content: str | bytes) -> dict[str, Any]:
        """Uploads a file; returns EventBridge's event of it."""
        key = f"incoming/{name}"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return {"detail": {"bucket": {"name": BUCKET}, "object": {"key": key}}}

    def read(self, key: str) -> str:
        content: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content.decode()

    def list_keys(self, prefix: str = "") -> list[str]:
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]

    def local(self, name: str, content: str | bytes) -> tuple[str, dict[str, Any]]:
        """What the command on this machine makes of the same file: CSV and manifest."""
        raw = content.encode() if isinstance(content, str) else content
        target = io.StringIO(newline="")
        manifest = score_csv(io.BytesIO(raw), target, self.scorer, name=name)
        return target.getvalue(), manifest.document()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return SEEDLINGS.write(tmp_path_factory.mktemp("seedlings") / "model")


@pytest.fixture(scope="session")
def scorer(folder: Path) -> Scorer:
    return Scorer(read_artefact(folder))


@pytest.fixture(scope="session")
def client(scorer: Scorer) -> Client:
    return Client(create_app(scorer, Listener()))


@pytest.fixture(autouse=True)
def model_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_PATH", str(folder))


@pytest.fixture
def bucket(scorer: Scorer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        handler._s3.cache_clear()
        handler._scorer.cache_clear()
        s3 = boto3.client("s3")
        place = {"LocationConstraint": REGION}
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        yield Bucket(s3, scorer)
    handler._s3.cache_clear()


@dataclass
class Machine:
    """The state machine. Its Lambda tasks call the handlers in this process."""

    states: Any
    arn: str
    failure: Failure = lambda *_: None
    calls: list[str] = field(default_factory=list)

    def run(self, event: dict[str, Any], name: str = "first") -> dict[str, Any]:
        """Runs to the end; returns the execution."""
        started = self.states.start_execution(
            stateMachineArn=self.arn, name=name, input=json.dumps(event)
        )
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.states.describe_execution(
                executionArn=started["executionArn"]
            )
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.05)
        raise AssertionError("the execution did not end")

    def invoke(self, function: str, event: Any, headers: dict[str, Any]) -> str:
        """Answers as Lambda does, an exception too."""
        step = function.rpartition("-")[2]
        self.calls.append(step)
        try:
            self.failure(step, event)
            return json.dumps(STEPS[step](event, None))
        except Exception as error:  # noqa: BLE001 - as Lambda's runtime does
            headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})


@pytest.fixture(scope="session")
def properties(root: Path) -> dict[str, Any]:
    """The state machine as the template has it."""
    template = yaml_parse((root / "deploy/supervision.yaml").read_text())
    found: dict[str, Any] = template["Resources"]["BatchMachine"]["Properties"]
    return found


@pytest.fixture(scope="session")
def definition(properties: dict[str, Any]) -> dict[str, Any]:
    """The state machine as it ships, its substitutions made."""
    text = json.dumps(properties["Definition"])
    for step in STEPS:
        arn = f"arn:aws:lambda:{REGION}:123456789012:function:batch-{step}"
        text = text.replace(f"${{{step.capitalize()}Function}}", arn)
    loaded: dict[str, Any] = json.loads(text.replace("${Bucket}", BUCKET))
    return loaded


@pytest.fixture(scope="session")
def interpreter(root: Path) -> Iterator[None]:
    """moto's interpreter, with the parser that it is made for: DVC holds an older one."""
    found = list((root / ".states-venv").glob("lib/python3.*/site-packages"))
    if not found:
        pytest.skip("no environment of the interpreter here: `make test` sets it up")
    earlier = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_parser(name)}
    sys.path.insert(0, str(found[0]))
    importlib.import_module("moto.stepfunctions.parser.models")
    sys.path.remove(str(found[0]))
    yield
    for name in list(sys.modules):
        if _is_parser(name):
            del sys.modules[name]
    sys.modules.update(earlier)


def _is_parser(module: str) -> bool:
    return module.partition(".")[0] == "antlr4"


@pytest.fixture
def machine(
    interpreter: None, bucket: Bucket, definition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Machine:
    """The same, but for what moto's parser refuses: ItemBatcher, and EXPRESS children.

    Each row is a batch of its own.
    """
    changed = json.loads(json.dumps(definition))
    score = changed["States"]["Score"]
    batcher = score.pop("ItemBatcher")
    score["ItemSelector"] = {
        "BatchInput": batcher["BatchInput"],
        "Items": [score["ItemSelector"]],
    }
    score["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = "STANDARD"
    score["MaxConcurrency"] = 2
    states = boto3.client("stepfunctions")
    made = states.create_state_machine(
        name="batch",
        definition=json.dumps(changed).replace('"IntervalSeconds": 2', '"IntervalSeconds": 1'),
        roleArn="arn:aws:iam::123456789012:role/batch",
    )
    machine = Machine(states, made["stateMachineArn"])

    def invoke(
        _: Any, function_name: str, qualifier: Any, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        return machine.invoke(function_name, json.loads(body), response_headers).encode()

    # moto would start a container for a function.
    monkeypatch.setattr(LambdaBackend, "invoke", invoke)
    return machine
