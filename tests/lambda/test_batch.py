"""The steps of the batch under Lambda's own runtime client, with moto's S3 over HTTP."""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, HTTPHeaders
from moto import mock_aws
from moto.core.models import botocore_stubber

from functions.artefact import read_artefact
from functions.batch.csv_file import score_csv
from functions.scoring import Scorer

BUCKET, REGION = "supervision", "us-east-1"
CONTENT = "id,species,soil,light\n" + "".join(
    f"{i},{'Quercus alba' if i % 7 else 'Quercus'},Sterile,{0.03 + i / 1000:g}\n"
    for i in range(100)
)


class Proxy(BaseHTTPRequestHandler):
    """Passes the requests of S3's client on to moto."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = HTTPHeaders()
        for name, value in self.headers.items():
            if name.lower() != "host":
                headers[name] = value
        url = f"https://s3.{REGION}.amazonaws.com{self.path}"
        request = AWSPreparedRequest(self.command, url, headers, body, stream_output=False)
        answered = botocore_stubber.process_request(request)
        assert answered, url
        status, fields, content = answered
        content = content.encode() if isinstance(content, str) else content
        self.send_response(int(status))
        for name, value in fields.items():
            if name.lower() not in ("content-length", "server", "date"):
                self.send_header(name, str(value))
        length = fields.get("content-length") if self.command == "HEAD" else None
        self.send_header("Content-Length", str(length or len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serve_s3() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_three_steps_give_what_the_command_gives(
    start: Callable[..., Any], seedlings: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    with mock_aws(), serve_s3() as url:
        s3 = boto3.client("s3", region_name=REGION)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="incoming/trees.csv", Body=CONTENT)
        environment = {
            **keys,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": url,
            "MODEL_PATH": seedlings,
        }

        def step(name: str, event: object) -> Any:
            # A process that is new for each call: nothing is handed on but what the event holds.
            emulator = start(f"functions.batch.handler.{name}", **environment)
            answer = emulator.invoke(event)
            assert "errorMessage" not in answer, emulator.log()
            return answer

        begun = {"bucket": BUCKET, "key": "incoming/trees.csv", "execution": "one"}
        file = step("begin", begun)
        rows = list(csv.DictReader(io.StringIO(CONTENT)))
        for first in (60, 0):
            items = [
                {"index": first + i, "row": row} for i, row in enumerate(rows[first : first + 60])
            ]
            step("score_batch", {"BatchInput": {"file": file}, "Items": items})
        answer = step("finish", {"file": file})
        scored = s3.get_object(Bucket=BUCKET, Key="scored/trees.csv")["Body"].read().decode()
        manifest = s3.get_object(Bucket=BUCKET, Key="scored/trees.csv.manifest.json")["Body"].read()

    target = io.StringIO(newline="")
    scorer = Scorer(read_artefact(Path(seedlings)))
    local = score_csv(io.BytesIO(CONTENT.encode()), target, scorer, name="trees.csv")
    assert scored == target.getvalue()
    assert json.loads(manifest) == local.document() | {"etag": file["etag"]}
    assert answer == {"scored": "scored/trees.csv", "rows": 100, "failed": 15}


def test_a_step_that_fails_says_so_to_step_functions(start: Callable[..., Any]) -> None:
    emulator = start("functions.batch.handler.begin", AWS_DEFAULT_REGION=REGION)
    answer = emulator.invoke({"bucket": BUCKET, "key": "elsewhere/trees.csv", "execution": "one"})
    assert answer["errorType"] == "ValueError"
    assert "expected a key that begins with incoming/" in answer["errorMessage"]
