"""An earlier content of a tracked folder, by its hash: from the cache, else from the remote."""

from __future__ import annotations

import shutil
from pathlib import Path

from training.store import remotes, transfer
from training.store.pointer import cached, is_whole, members


def read_earlier(oid: str, output: str, to: Path) -> Path:
    """Puts the folder that an object `….dir` lists into `to`; returns its path there.

    `output` is the folder's name in the checkout, which is left alone. `to` must not exist or
    be empty. Raises `StoreError` where neither the cache nor the default remote has it whole.
    """
    cache, folder = remotes.cache(), to / output
    listing = cached(oid, cache)
    if is_whole(oid, listing):
        files = members(listing.read_bytes())
        if all(is_whole(each, cached(each, cache)) for each in files):
            for each, name in files.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(cached(each, cache), folder / name)
            return folder
    text = f"outs:\n- md5: {oid}\n  hash: md5\n  path: {output}\n"
    return transfer.read_back(f"{output}.dvc", None, to, text)
