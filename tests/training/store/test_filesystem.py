"""Checksums in the metadata of several remotes."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from training.store.filesystem import _checksums

MD5 = "d26cb1f29c9736424370a3ca6376f907"


@pytest.mark.parametrize(
    "info",
    [
        {"ETag": f'"{MD5}"'},
        {"etag": MD5},
        {"md5": MD5},
        {"md5Hash": base64.b64encode(bytes.fromhex(MD5)).decode()},
    ],
)
def test_a_remote_s_own_checksum_is_read(info: dict[str, Any]) -> None:
    assert MD5 in _checksums(info)


def test_a_remote_without_checksums_has_none() -> None:
    assert _checksums({"size": 3, "md5Hash": None}) == {""}
