"""`store push`, `pull` and `read_back` by the real `dvc`, on the Drive of the loopback."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.training.store.drive import reports
from tests.training.store.drive.checkout import OUTPUTS
from tests.training.store.drive.conftest import Make
from tests.training.store.drive.emulator import Emulator, ServiceAccount
from tests.training.store.drive.faults import Drop, Hang, Reply

AT_ONCE = ("--pause", "0.1")


def test_a_push_is_verified_without_downloads_and_a_new_clone_pulls_it(
    drive: Emulator, account: ServiceAccount, checkout: Make, tmp_path: Path
) -> None:
    here = checkout(drive.shared_drive(account))

    output = here.store("push")

    assert "Pushed and verified: 6 objects" in output
    assert not any(request.is_download for request in drive.requests)
    clone = here.fresh(tmp_path / "clone")
    assert "model.dvc: pulled; every file matches its checksum." in clone.store("pull")
    assert clone.outputs() == OUTPUTS


def test_a_second_push_uploads_nothing(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)

    here.store("push")

    assert not any(request.is_change for request in drive.requests)


def test_a_service_account_cannot_push_into_my_drive(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    output = checkout(drive.my_drive_folder(account)).store("push", code=1)

    assert output == (
        "A service account cannot push into a personal (My Drive) folder: it has no storage of "
        "its own, so Google refuses every upload. Use a folder of a shared drive, or one of the "
        'other ways under "Without a shared drive" in docs/google-drive.md. Pulling works as it '
        "is."
    )


def test_a_viewer_cannot_push(drive: Emulator, account: ServiceAccount, checkout: Make) -> None:
    output = checkout(drive.shared_drive(account, role="reader")).store("push", code=1)

    assert output == (
        "The service account lacks the right to change the Drive folder. Make it a content "
        "manager of the shared drive (a contributor can push but not repair). Pulling works as "
        "it is."
    )


def test_a_full_shared_drive_is_not_taken_for_a_personal_folder(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    here = checkout(drive.shared_drive(account))
    drive.strike(lambda request: "/upload/" in request.path, reports.NO_STORAGE, times=100)
    output = here.store("push", "model.dvc", code=1)

    assert output.startswith("Google says that the storage behind the Drive folder is full. Free")
    assert "failed upload Google says that the storage behind" in here.store("doctor", code=2)


@pytest.mark.parametrize(("listing", "checksum"), [(5.0, 0.0), (0.0, 5.0)])
def test_a_push_waits_until_drive_shows_what_it_sent(
    drive: Emulator, account: ServiceAccount, checkout: Make, listing: float, checksum: float
) -> None:
    here = checkout(drive.shared_drive(account))
    drive.api.listing_lag, drive.api.checksum_lag = listing, checksum
    output = here.store("push", "model.dvc", DRIVE_SETTLE_SECONDS="60")

    assert "Drive does not show model/" in output
    assert "yet: waiting up to 60 s for it." in output
    assert "Pushed and verified: 3 objects" in output
    assert sum("/upload/" in each.path and each.method == "POST" for each in drive.requests) == 3


@pytest.mark.parametrize("where", ["shared drive", "My Drive"])
def test_a_viewer_can_pull(
    drive: Emulator, account: ServiceAccount, checkout: Make, tmp_path: Path, where: str
) -> None:
    shared = where == "shared drive"
    folder = (drive.shared_drive if shared else drive.my_drive_folder)(account, role="reader")
    here = checkout(folder)
    drive.fill(folder, here.cache)
    clone = here.fresh(tmp_path / "clone")

    clone.store("pull", "model.dvc")

    assert clone.outputs()["model"] == OUTPUTS["model"]


def test_a_folder_that_is_not_shared_is_named(drive: Emulator, checkout: Make) -> None:
    folder = drive.shared_drive()

    output = checkout(folder).store("push", code=1)

    assert output == (
        f"The Drive folder {folder} is not visible to the service account. Share it with the "
        "account's e-mail address, and check the id (the last part of the folder's address in "
        "the browser)."
    )


def test_a_missing_subfolder_is_named(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)

    output = checkout(f"{folder}/models").store("push", code=1)

    assert output == (
        f"The folder {folder}/models does not exist in Drive, and DVC does not create it. "
        "Create it once in the browser, or use the id of an existing folder."
    )


def test_a_subfolder_can_be_pushed_to(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    below = drive.subfolder(folder, "Nele's models")

    checkout(f"{folder}/Nele's models").store("push", "model.dvc")

    assert len(drive.find(below)) == 3


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        pytest.param(reports.RATE_LIMITS["with a stop"], 2, id="rate limit"),
        pytest.param(reports.RATE_LIMITS["429, exhausted"], 1, id="too many requests"),
        pytest.param(reports.HTML_ERROR, 1, id="HTML error page"),
        pytest.param(Drop(), 1, id="dropped connection"),
    ],
)
def test_an_upload_is_retried_after_a_transient_error(
    drive: Emulator, account: ServiceAccount, checkout: Make, answer: Reply | Drop, times: int
) -> None:
    here = checkout(drive.shared_drive(account))
    drive.strike(lambda request: request.is_upload, answer, times)

    output = here.store("push", "model.dvc", *AT_ONCE)

    assert "Pushed and verified: 3 objects" in output


def test_rate_limiting_is_reported_after_four_attempts(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    here = checkout(drive.shared_drive(account))
    drive.strike(lambda request: not request.is_token, reports.TOO_MANY, times=100)

    output = here.store("push", "model.dvc", *AT_ONCE, code=1)

    assert output.endswith(
        "Google is limiting the rate of calls. Wait a minute and try again; after 750 GB of "
        "uploads in one day, try again tomorrow."
    )
    assert sum(not request.is_token for request in drive.requests) == 4


def test_a_push_to_an_unresponsive_server_times_out(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    here = checkout(drive.shared_drive(account))
    drive.strike(lambda request: request.is_upload, Hang(), times=100)

    output = here.store("push", "model.dvc", "--timeout", "8", "--pause", "5", code=1)

    assert output == (
        "`dvc push` did not finish within 4 s and was stopped. The remote may be unreachable, "
        "or the transfer needs a longer --timeout."
    )


def test_a_hanging_attempt_leaves_time_for_a_successful_one(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    here = checkout(drive.shared_drive(account))
    drive.strike(lambda request: request.is_upload, Hang())

    output = here.store("push", "model.dvc", "--timeout", "60", *AT_ONCE)

    assert "Pushed and verified: 3 objects" in output


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ("revoked", "Google rejects the key: it was revoked or replaced."),
        ("deleted", "The service account no longer exists."),
    ],
)
def test_a_refused_key_is_reported_as_revoked_or_replaced(
    drive: Emulator, account: ServiceAccount, checkout: Make, state: str, cause: str
) -> None:
    here = checkout(drive.shared_drive(account))
    (drive.revoke_key if state == "revoked" else drive.delete_account)(account)

    output = here.store("push", "model.dvc", code=1)

    assert output == (
        f"{cause} Make a new key for the service account and replace the secret "
        "(docs/google-drive.md, step 4)."
    )


def test_two_concurrent_pushes_both_succeed(
    drive: Emulator, account: ServiceAccount, checkout: Make, tmp_path: Path
) -> None:
    folder = drive.shared_drive(account)
    both = [checkout(folder, account, name) for name in ("one", "two")]

    with ThreadPoolExecutor() as pool:
        output = list(pool.map(lambda each: each.store("push"), both))

    assert all("Pushed and verified: 6 objects" in each for each in output)
    clone = both[0].fresh(tmp_path / "clone")
    clone.store("pull", "model.dvc")
    assert clone.outputs()["model"] == OUTPUTS["model"]


def test_pulling_an_altered_object_is_refused(
    drive: Emulator, account: ServiceAccount, checkout: Make, tmp_path: Path
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    drive.fill(folder, here.cache)
    drive.holding(folder, b"weights" * 40).content = b"something else"
    clone = here.fresh(tmp_path / "clone")

    output = clone.store("pull", "model.dvc", code=1)

    assert output.startswith("model/model.onnx is missing or damaged at the remote drive (object ")
    assert not (clone.path / "model").exists()


def test_missing_credentials_are_reported_before_any_attempt(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    output = checkout(drive.shared_drive(account), None).store("push", code=1)

    assert output.startswith("GDRIVE_CREDENTIALS_DATA is empty: no key for Google Drive.")
    assert drive.requests == []
