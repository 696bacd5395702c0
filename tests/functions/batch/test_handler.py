"""The three steps on batches as ItemBatcher makes them, and the objects they leave."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.batch import handler, objects
from functions.batch.handler import FileChangedError, ModelChangedError
from functions.batch.manifest import LISTED
from functions.batch.objects import PartsMissingError
from tests.functions.batch.conftest import BUCKET, Bucket

ROWS = 4500


def content(rows: int = ROWS) -> str:
    lines = (
        f"{i},{'Quercus' if i % 1000 == 7 else 'Quercus rubra'},Sterile,{0.03 + i % 130 / 1000:g}"
        for i in range(rows)
    )
    return "\n".join(["id,species,soil,light", *lines, ""])


def batches(file: dict[str, Any], text: str, definition: dict[str, Any]) -> Iterator[Any]:
    """What ItemBatcher passes on, in its limits: as AWS documents it."""
    batcher = definition["States"]["Score"]["ItemBatcher"]
    assert set(batcher) == {"BatchInput", "MaxItemsPerBatch", "MaxInputBytesPerBatch"}
    assert batcher["BatchInput"] == {"file.$": "$.file"}
    items: list[dict[str, Any]] = []
    empty = len(json.dumps({"BatchInput": {"file": file}, "Items": []}))
    size = empty

    for index, row in enumerate(csv.DictReader(io.StringIO(text, newline=""))):
        item = {"index": index, "row": dict(sorted(row.items()))}
        added = len(json.dumps(item)) + 2
        is_full = len(items) == batcher["MaxItemsPerBatch"]
        if is_full or size + added > batcher["MaxInputBytesPerBatch"]:
            yield {"BatchInput": {"file": file}, "Items": items}
            items, size = [], empty
        items.append(item)
        size += added
    if items:
        yield {"BatchInput": {"file": file}, "Items": items}


def begin(bucket: Bucket, text: str | bytes, name: str = "trees.csv") -> dict[str, Any]:
    bucket.put(name, text)
    event = {"bucket": BUCKET, "key": f"incoming/{name}", "execution": "one"}
    return handler.begin(event, None)


def test_batches_in_any_order_and_twice_become_the_file_that_the_command_writes(
    bucket: Bucket, definition: dict[str, Any]
) -> None:
    text = content()
    file = begin(bucket, text)
    made = list(batches(file, text, definition))
    assert len(made) > 2
    for batch in (*reversed(made), made[0]):
        answer = handler.score_batch(batch, None)
        assert answer["rows"] == len(batch["Items"])
        # Step Functions passes on no more than this.
        assert len(json.dumps(answer)) < len(json.dumps(batch)) <= 256 * 2**10

    answer = handler.finish({"file": file}, None)

    scored, manifest = bucket.local("trees.csv", text)
    assert bucket.read("scored/trees.csv") == scored
    assert json.loads(bucket.read("scored/trees.csv.manifest.json")) == manifest | {
        "etag": file["etag"]
    }
    assert answer == {"scored": "scored/trees.csv", "rows": ROWS, "failed": 5}
    assert [each["row"] for each in manifest["failed_rows"]] == [9, 1009, 2009, 3009, 4009]


def test_a_large_file_is_uploaded_in_pieces_whole_or_not_at_all(
    bucket: Bucket, definition: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "_PIECE", 5 * 2**20)
    note = "x" * 3000
    text = content(4000).replace("Sterile", f"Sterile,{note}").replace("soil,", "soil,note,")
    file = begin(bucket, text)
    for batch in batches(file, text, definition):
        handler.score_batch(batch, None)
    keys = [key for key in bucket.list_keys("parts/") if key.endswith(".csv")]
    assert len(keys) > 20

    middle = keys[len(keys) // 2]
    kept = bucket.read(middle), bucket.s3.head_object(Bucket=BUCKET, Key=middle)["Metadata"]
    bucket.s3.delete_object(Bucket=BUCKET, Key=middle)
    with pytest.raises(PartsMissingError, match="the next part begins at"):
        handler.finish({"file": file}, None)
    assert bucket.list_keys("scored/") == []
    assert "Uploads" not in bucket.s3.list_multipart_uploads(Bucket=BUCKET)

    bucket.s3.put_object(Bucket=BUCKET, Key=middle, Body=kept[0], Metadata=kept[1])
    handler.finish({"file": file}, None)
    scored = bucket.local("trees.csv", text)[0]
    assert len(scored) > 2 * 5 * 2**20
    assert bucket.read("scored/trees.csv") == scored
    assert bucket.s3.head_object(Bucket=BUCKET, Key="scored/trees.csv")["ETag"].endswith('-3"')


def test_a_byte_order_mark_is_no_part_of_the_first_column(bucket: Bucket) -> None:
    text = "species,soil,light\nQuercus rubra,Sterile,0.1\n"
    file = begin(bucket, f"\ufeff{text}")
    assert file["header"] == ["species", "soil", "light"]
    row = {"\ufeffspecies": "Quercus rubra", "soil": "Sterile", "light": "0.1"}
    items = [{"index": 0, "row": row}]

    assert handler.score_batch({"BatchInput": {"file": file}, "Items": items}, None)["failed"] == 0
    handler.finish({"file": file}, None)
    assert bucket.read("scored/trees.csv") == bucket.local("trees.csv", text)[0]


def test_a_batch_of_faults_alone_lists_as_many_as_a_manifest_does(
    bucket: Bucket, definition: dict[str, Any]
) -> None:
    text = "species,soil,light\n" + "x,Sterile,0.1\n" * (LISTED + 1500)
    file = begin(bucket, text)
    for batch in batches(file, text, definition):
        handler.score_batch(batch, None)
    handler.finish({"file": file}, None)

    written = json.loads(bucket.read("scored/trees.csv.manifest.json"))
    assert written == bucket.local("trees.csv", text)[1] | {"etag": file["etag"]}
    assert len(written["failed_rows"]) == LISTED


def test_a_file_replaced_while_it_is_scored_gets_no_result_of_the_old_one(
    bucket: Bucket, definition: dict[str, Any]
) -> None:
    text = content(10)
    file = begin(bucket, text)
    for batch in batches(file, text, definition):
        handler.score_batch(batch, None)
    bucket.put("trees.csv", content(11))
    with pytest.raises(FileChangedError):
        handler.finish({"file": file}, None)
    bucket.s3.delete_object(Bucket=BUCKET, Key="incoming/trees.csv")
    with pytest.raises(FileChangedError):
        handler.finish({"file": file}, None)
    assert bucket.list_keys("scored/") == []


def test_another_model_does_not_go_on_with_what_one_began(bucket: Bucket) -> None:
    file = begin(bucket, content(1)) | {"model": "0" * 12}
    items = [{"index": 0, "row": {}}]
    with pytest.raises(ModelChangedError, match="scoring began with model 000000000000"):
        handler.score_batch({"BatchInput": {"file": file}, "Items": items}, None)


REFUSED = {
    "another encoding": ("id,species,soil,light\n1,ñ,b,c\n".encode("latin-1"), "no text in UTF-8"),
    "UTF-16": ("id,species,soil,light\n".encode("utf-16"), "no text in UTF-8"),
    "an endless line": (b"species,soil,light," + b"x" * 100_000, "longer than 10,240 bytes"),
    "an input twice": (b"species,soil,light,light\na,b,1,2\n", "duplicate column light"),
}


@pytest.mark.parametrize(("raw", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_beginning_is_refused_with_the_reason(
    bucket: Bucket, raw: bytes, reason: str
) -> None:
    file = begin(bucket, raw)
    assert file["status"] == "refused"
    assert reason in file["reason"]


def test_a_character_cut_by_the_end_of_the_view_is_no_wrong_encoding(bucket: Bucket) -> None:
    for shift in range(2):
        text = f"species,soil,light,note\nQuercus alba,Sterile,0.1,{'x' * shift}{'ñ' * 50_000}\n"
        assert begin(bucket, text)["status"] == "score"


def test_a_folder_is_no_file(bucket: Bucket) -> None:
    assert begin(bucket, b"", "2026/")["status"] == "done"


def test_begin_fails_for_a_key_elsewhere_or_an_object_that_is_gone(bucket: Bucket) -> None:
    event = {"bucket": BUCKET, "key": "scored/trees.csv", "execution": "one"}
    with pytest.raises(ValueError, match="expected a key that begins with incoming/"):
        handler.begin(event, None)
    with pytest.raises(ClientError, match="404"):
        handler.begin(event | {"key": "incoming/trees.csv"}, None)
