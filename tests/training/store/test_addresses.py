"""What a person may give as a remote, and what is refused before it is written anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.errors import StoreError
from training.store.addresses import normalise

KNOWN = ["drive", "released"]
FOLDER = "1OWYMlxxxxxxxxxxxxxxxxxxxxxxxxxxx"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (f"https://drive.google.com/drive/u/0/folders/{FOLDER}?usp=sharing", f"gdrive://{FOLDER}"),
        (f"https://drive.google.com/open?id={FOLDER}", f"gdrive://{FOLDER}"),
        (f"https://drive.google.com/open?usp=x&id={FOLDER}", f"gdrive://{FOLDER}"),
        (f"drive.google.com/drive/folderview?id={FOLDER}", f"gdrive://{FOLDER}"),
        (f"  {FOLDER}\n", f"gdrive://{FOLDER}"),
        ("0AExampleExample", "gdrive://0AExampleExample"),
        (f"gdrive://https://drive.google.com/drive/folders/{FOLDER}", f"gdrive://{FOLDER}"),
        (f"gdrive://{FOLDER}/models?usp=sharing", f"gdrive://{FOLDER}/models"),
        (f"gdrive://drive.google.com/open?id={FOLDER}", f"gdrive://{FOLDER}"),
        ("gdrive://root", "gdrive://root"),
        (" drive ", "drive"),
        ("./relesed", "./relesed"),
        ("file:///mnt/objects", "/mnt/objects"),
        ("a shelf", "a shelf"),
        ("https://example.org/objects", "https://example.org/objects"),
    ],
)
def test_an_address_is_taken_as_it_is_meant(given: str, taken: str) -> None:
    assert normalise(given, KNOWN) == taken


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ("", "No address was given."),
        ("   ", "No address was given."),
        ("relesed", "There is no remote relesed; did you mean released?"),
        (__file__, f"{__file__} is a file."),
        ("https://drive.google.com/file/d/1OWYMl/view", "That is no address of a Drive folder."),
        ("gdrive://short", "gdrive://short does not begin with the id of a Drive folder."),
        ("s3://AKIAEXAMPLE:hunter2@bucket/x", "The address holds a secret"),
        ("s3://AKIAEXAMPLE@bucket/x", "The address holds a secret"),
        ("https://user:hunter2@example.org/x", "The address holds a secret"),
        ("https://x.blob.example.org/c?sig=hunter2", "The address holds a secret"),
        ("http://a..b", "http://a..b names no host, bucket or folder."),
        ("http://[bad", "That is no URL (Invalid IPv6 URL)."),
        ("s3://", "s3:// names no host, bucket or folder."),
        ("s4://bucket", "DVC knows no remotes of the kind s4://."),
        ("s3://bucket/x", "A remote of the kind s3:// needs dvc-s3"),
        (".", ". holds this checkout's own files"),
        ("./model/objects", "./model/objects holds this checkout's own files"),
        ("data", "data holds this checkout's own files"),
    ],
)
def test_what_cannot_be_a_remote_is_refused_with_what_to_do(given: str, cause: str) -> None:
    with pytest.raises(StoreError) as caught:
        normalise(given, KNOWN)

    assert caught.value.cause.startswith(cause)
    assert caught.value.remedy.endswith(".")
    assert "hunter2" not in str(caught.value)


def test_a_folder_that_is_there_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "relesed").mkdir()
    assert normalise("relesed", KNOWN) == "relesed"
