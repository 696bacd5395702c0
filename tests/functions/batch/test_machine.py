"""The state machine from an uploaded CSV to a scored one, in moto's interpreter.

What runs: every state, the CSV item reader, the choice, retries and catches, over moto's S3, with
the real handlers. What does not: ItemBatcher, which moto's parser refuses (test_handler.py builds
its batches instead); EXPRESS children, in whose place moto runs STANDARD ones; and the files of
ResultWriter, of which moto writes an empty list.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.batch.layout import InvalidFileError
from tests.functions.batch.conftest import STEPS, Bucket, Machine

CONTENT = (
    "id,species,soil,light,day,note\n"
    '1,Quercus alba,Sterile,0.1,,"a, ""b"""\n'
    "2,Quercus rubra,Acer rubrum,0.9,60,\n"
    "3,Quercus,Sterile,0.1,,x\n"
    "\n"
    "4,Prunus serotina,Sterile,,30,ñ\n"
    "5,Acer saccharum,Quercus rubra,0.05,115.5\n"
)


def test_a_csv_comes_back_as_the_command_scores_it(bucket: Bucket, machine: Machine) -> None:
    done = machine.run(bucket.put("2026/trees.csv", CONTENT))

    assert done["status"] == "SUCCEEDED", done
    text, manifest = bucket.local("trees.csv", CONTENT)
    assert bucket.read("scored/2026/trees.csv") == text
    written = json.loads(bucket.read("scored/2026/trees.csv.manifest.json"))
    etag = bucket.s3.head_object(Bucket="supervision", Key="incoming/2026/trees.csv")["ETag"]
    assert written == manifest | {"etag": etag.strip('"')}
    assert [each["row"] for each in written["failed_rows"]] == [4, 6]
    assert json.loads(done["output"]) == {
        "scored": "scored/2026/trees.csv",
        "rows": 5,
        "failed": 2,
    }


def test_the_same_file_again_is_not_scored_again(bucket: Bucket, machine: Machine) -> None:
    event = bucket.put("trees.csv", CONTENT)
    machine.run(event)
    before = {key: bucket.read(key) for key in bucket.list_keys()}
    machine.calls.clear()

    assert machine.run(event, "second")["status"] == "SUCCEEDED"
    assert machine.calls == ["begin"]
    assert {key: bucket.read(key) for key in bucket.list_keys()} == before

    other = CONTENT.replace("0.1", "0.12")
    machine.run(bucket.put("trees.csv", other), "third")
    assert bucket.read("scored/trees.csv") == bucket.local("trees.csv", other)[0]


def test_a_crash_before_or_after_the_work_loses_and_doubles_nothing(
    bucket: Bucket, machine: Machine
) -> None:
    seen: dict[str, int] = {}

    def crash(step: str, event: dict[str, Any]) -> None:
        first = event["Items"][0]["index"] if step == "score" else ""
        attempt = seen[f"{step}{first}"] = seen.get(f"{step}{first}", 0) + 1
        if attempt == 1 and first != 2:
            if step != "begin":
                STEPS[step](event, None)
            raise MemoryError(step)

    machine.failure = crash
    assert machine.run(bucket.put("trees.csv", CONTENT))["status"] == "SUCCEEDED"

    assert machine.calls.count("finish") == 2
    assert machine.calls.count("score") == 11
    text, manifest = bucket.local("trees.csv", CONTENT)
    assert bucket.read("scored/trees.csv") == text
    written = json.loads(bucket.read("scored/trees.csv.manifest.json"))
    assert written | manifest == written


NO_CSV = {
    "a picture": b"\x89PNG\r\n\x1a\n\xff\xfe\x00\x01",
    "nothing": b"",
    "a byte order mark": b"\xef\xbb\xbf",
    "semicolons": b"species;soil;light\nQuercus alba;Sterile;0.1\n",
    "a header alone": b"species,soil,light\n\n",
    "a stray quote": b'species,soil,light\n"Quercus"x,Sterile,0.1\n',
    "a scored file": b"species,soil,light,fault\nQuercus alba,Sterile,0.1,\n",
}


@pytest.mark.parametrize("content", NO_CSV.values(), ids=NO_CSV)
def test_a_file_that_is_no_csv_gets_an_error_object_alone(
    bucket: Bucket, machine: Machine, content: bytes
) -> None:
    done = machine.run(bucket.put("trees.csv", content))

    assert done["status"] == "SUCCEEDED"
    assert machine.calls == ["begin", "finish"]
    assert bucket.list_keys() == ["incoming/trees.csv", "scored/trees.csv.error.json"]
    written = json.loads(bucket.read("scored/trees.csv.error.json"))
    with pytest.raises(InvalidFileError) as refused:
        bucket.local("trees.csv", content)
    assert written["error"] == "InvalidFileError"
    assert written["cause"] == str(refused.value)
    assert written["file"] == "incoming/trees.csv"


def test_a_batch_that_fails_for_good_fails_the_file_and_says_why(
    bucket: Bucket, machine: Machine
) -> None:
    def broken(step: str, event: dict[str, Any]) -> None:
        if step == "score" and event["Items"][0]["index"] == 2:
            raise RuntimeError("no disk")

    machine.failure = broken
    shipped = machine.states.describe_state_machine(stateMachineArn=machine.arn)["definition"]
    once = shipped.replace('"MaxAttempts": 5', '"MaxAttempts": 0')
    machine.states.update_state_machine(stateMachineArn=machine.arn, definition=once)
    done = machine.run(bucket.put("trees.csv", CONTENT))

    assert done["status"] == "FAILED"
    assert bucket.list_keys("scored/") == ["scored/trees.csv.error.json"]
    written = json.loads(bucket.read("scored/trees.csv.error.json"))
    # AWS fails a Map with a failed child; moto goes on, and the next step finds the part missing.
    assert "after 2 rows the next part begins at 3" in written["cause"]

    machine.failure = lambda *_: None
    machine.run(bucket.put("trees.csv", CONTENT), "second")
    assert bucket.list_keys("scored/") == ["scored/trees.csv", "scored/trees.csv.manifest.json"]
