"""`store audit` finds what DVC reports as in sync."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from tests.training.store.drive import reports
from tests.training.store.drive.checkout import OUTPUTS
from tests.training.store.drive.conftest import Make
from tests.training.store.drive.emulator import Emulator, ServiceAccount
from tests.training.store.drive.faults import Drop

WEIGHTS, METADATA = (text.encode() for text in OUTPUTS["model"].values())
MD5 = {
    content: hashlib.md5(content, usedforsecurity=False).hexdigest()
    for content in (WEIGHTS, METADATA)
}


def test_trashed_and_altered_files_are_named_and_repaired(
    drive: Emulator, account: ServiceAccount, checkout: Make, tmp_path: Path
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)
    drive.holding(folder, WEIGHTS).trashed = True
    drive.holding(folder, METADATA).content = b"{}"

    trashed = f"model/model.onnx is in the remote's trash (model.dvc, object {MD5[WEIGHTS]})"
    altered = f"model/metadata.json was altered at the remote (model.dvc, object {MD5[METADATA]})"
    assert here.store("status").count("in sync") == 4, "DVC noticed it"
    assert here.store("push", code=1) == (
        f"DVC reported the push as done, but {altered}; {trashed}. Run `python -m training "
        "store audit --repair` in a checkout that has it."
    )

    output = here.store("audit", "--repair")

    assert output.startswith(f"repaired {altered} repaired {trashed} Verified: 6 objects")
    clone = here.fresh(tmp_path / "clone")
    clone.store("pull", "model.dvc")
    assert clone.outputs()["model"] == OUTPUTS["model"]


def test_a_repair_waits_until_drive_shows_what_it_changed(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)
    drive.holding(folder, METADATA).content = b"{}"
    drive.api.listing_lag = 8

    output = here.store("audit", "--repair", "model.dvc", DRIVE_SETTLE_SECONDS="60")

    assert "Verified: 3 objects" in output
    assert sum("/upload/" in each.path and each.method == "POST" for each in drive.requests) == 2


def test_a_repair_says_that_drive_still_shows_what_it_discarded(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)
    drive.holding(folder, METADATA).content = b"{}"
    drive.api.listing_lag = 90

    output = here.store("audit", "--repair", "model.dvc", code=1)

    assert output == (
        "Drive still shows what the repair moved to its trash. Run `python -m training store "
        "audit --repair` again in ten minutes."
    )


def test_a_repair_that_drive_shows_late_does_not_ask_for_another(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    here = checkout(drive.shared_drive(account))
    drive.api.listing_lag = 90

    pushed = here.store("push", "model.dvc", code=1)
    assert pushed.endswith(
        "Drive may show it later: run `python -m training store audit` in ten minutes, and with "
        "--repair if it still says so."
    )
    output = here.store("audit", "--repair", "model.dvc", code=1)
    assert output.endswith("the remote does not show them yet: look again in ten minutes.")


def test_an_audit_downloads_nothing_and_changes_nothing(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)

    assert "Verified: 6 objects" in here.store("audit")

    assert not any(request.is_change or request.is_download for request in drive.requests)


def test_an_audit_retries_transient_errors(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)
    drive.strike(lambda request: request.is_token, reports.HTML_ERROR)
    drive.strike(lambda request: not request.is_token, reports.TOO_MANY)
    drive.strike(lambda request: not request.is_token, Drop())

    assert "Verified: 3 objects" in here.store("audit", "model.dvc")


def test_a_remote_larger_than_one_page_is_listed_completely(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    for number in range(300):
        (here.path / "data" / f"{number}.csv").write_text(f"plot {number}\n", encoding="utf-8")
    here.dvc("add", "--quiet", "data")
    drive.fill(folder, here.cache)
    drive.holding(folder, b"plot 299\n").trashed = True
    drive.api.page = 7
    try:
        output = here.store("audit", "data.dvc", code=1)
    finally:
        drive.api.page = 1000

    assert output.startswith("trashed data/299.csv is in the remote's trash")
    assert any("x-http-method-override" in request.headers for request in drive.requests)


def test_a_duplicated_file_is_a_warning(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)
    drive.duplicate(drive.holding(folder, WEIGHTS))

    output = here.store("audit", "model.dvc")

    assert output.startswith("duplicated model/model.onnx is at the remote more than once")
    assert "Verified: 3 objects" in output


def test_a_repair_without_a_local_copy_changes_nothing(
    drive: Emulator, account: ServiceAccount, checkout: Make, tmp_path: Path
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)
    drive.holding(folder, WEIGHTS).content = b"something else"

    output = here.fresh(tmp_path / "clone").store("audit", "--repair", code=1)

    assert output == (
        "model/ (its list of files), model/model.onnx: missing or damaged in this checkout's cache "
        "too. Repair from a checkout that has it, or track the output again (`dvc add`)."
    )
    assert not any(request.is_change for request in drive.requests)


def test_a_contributor_cannot_repair(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account, role="writer")
    here = checkout(folder)
    drive.fill(folder, here.cache)
    drive.holding(folder, WEIGHTS).content = b"something else"

    output = here.store("audit", "--repair", code=1)

    assert output.startswith("The service account lacks the right to change the Drive folder.")


def test_an_empty_remote_lacks_directories_and_files(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    here = checkout(drive.shared_drive(account))
    assert here.store("audit", "model.dvc", code=1).count("is not at the remote") == 3
    shutil.rmtree(here.cache)
    assert here.store("audit", "model.dvc", code=1).count("is not at the remote") == 1
