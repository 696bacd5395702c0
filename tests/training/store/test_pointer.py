"""What a pointer of DVC says, and where its objects are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from training.errors import StoreError
from training.store.pointer import (
    Pointer,
    cached,
    is_whole,
    md5,
    members,
    parse_pointer,
    read_pointer,
)

OID = "d26cb1f29c9736424370a3ca6376f907"
FOLDER = f"""outs:
- md5: {OID}.dir
  size: 50552
  nfiles: 2
  hash: md5
  path: model
meta:
  reason: new data
"""


def test_a_folder_s_pointer_has_its_checksum_size_and_metadata() -> None:
    pointer = parse_pointer(FOLDER, "model.dvc")

    assert pointer == Pointer("model.dvc", "model", f"{OID}.dir", 2, 50552, {"reason": "new data"})
    assert pointer.is_folder


def test_a_file_s_pointer_counts_one_file() -> None:
    pointer = parse_pointer(f"outs:\n- md5: {OID}\n  hash: md5\n  path: data.csv\n", "data.csv.dvc")

    assert pointer == Pointer("data.csv.dvc", "data.csv", OID, 1, 0, {})
    assert not pointer.is_folder


def test_a_pointer_of_an_older_dvc_and_a_merge_conflict_are_named() -> None:
    with pytest.raises(StoreError, match=r"data\.csv\.dvc was written by DVC 2"):
        parse_pointer(f"outs:\n- md5: {OID}\n  path: data.csv\n", "data.csv.dvc")
    for mark in ("<<<<<<< HEAD", "=======", ">>>>>>> other"):
        with pytest.raises(StoreError, match="holds an unresolved merge conflict"):
            parse_pointer(f"{mark}\n{FOLDER}", "model.dvc")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "outs: []",
        "meta: {}",
        "outs:\n- path: model",
        f"outs:\n- md5: {OID}",
        f"outs:\n- {{md5: {OID}, path: a}}\n- {{md5: {OID}, path: b}}",
        "outs: [",
    ],
)
def test_what_points_to_no_single_output_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match=r"model\.dvc does not point to one output of DVC"):
        parse_pointer(text, "model.dvc")


def test_a_missing_pointer_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError) as caught:
        read_pointer("data.dvc")
    assert str(caught.value) == "There is no data.dvc here. Run at the top of a checkout."

    Path("model.dvc").write_text(FOLDER)
    assert read_pointer("model.dvc") == parse_pointer(FOLDER, "model.dvc")


def test_an_object_is_labelled_by_its_path_in_the_checkout() -> None:
    folder = parse_pointer(FOLDER, "model.dvc")
    listing = json.dumps([{"md5": "ab" * 16, "relpath": "model.onnx"}]).encode()

    assert members(listing) == {"ab" * 16: "model.onnx"}
    assert folder.label("ab" * 16, members(listing)) == "model/model.onnx"
    assert folder.label(f"{OID}.dir", {}) == "model/ (its list of files)"
    file = Pointer("data.csv.dvc", "data.csv", OID, 1, 0)
    assert file.label(OID, {}) == "data.csv"


def test_a_cached_object_is_whole_if_it_matches_its_checksum(tmp_path: Path) -> None:
    content = b"some content"
    oid = hashlib.md5(content, usedforsecurity=False).hexdigest()
    path = cached(oid, tmp_path)
    assert path == tmp_path / oid[:2] / oid[2:]
    assert not is_whole(oid, path)

    path.parent.mkdir()
    path.write_bytes(content)
    assert md5(path) == oid
    assert is_whole(oid, path)
    assert is_whole(f"{oid}.dir", path)
    path.write_bytes(b"other")
    assert not is_whole(oid, path)
