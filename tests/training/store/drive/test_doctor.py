"""`store doctor`: one line per check, stopping at the first failure; nothing is left in Drive."""

from __future__ import annotations

import json

import pytest

from tests.training.store.drive import reports
from tests.training.store.drive.conftest import Make
from tests.training.store.drive.emulator import Emulator, ServiceAccount
from training.store.remotes import Remote

CHECKS = (
    "configuration",
    "libraries",
    "proxy",
    "address",
    "credentials",
    "signature",
    "token",
    "API",
    "folder",
    "storage",
    "path",
    "upload",
    "duplicates",
    "volume",
)


def test_a_healthy_shared_drive_passes_and_is_unchanged(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    before = {*drive.drive.files, *drive.drive.uploads}

    output = checkout(folder).store("doctor")

    assert [name for name in CHECKS if f"ok {name} " not in output] == []
    assert f"GDRIVE_CREDENTIALS_DATA: {account.email}" in output
    assert {*drive.drive.files, *drive.drive.uploads} == before


def test_my_drive_fails_with_the_alternatives(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    output = checkout(drive.my_drive_folder(account)).store("doctor", code=2)

    assert output.endswith(
        "failed storage A service account cannot push into a personal (My Drive) folder: it has "
        "no storage of its own, so Google refuses every upload. Use a folder of a shared drive, "
        'or one of the other ways under "Without a shared drive" in docs/google-drive.md. '
        "Pulling works as it is."
    )


@pytest.mark.parametrize("role", ["reader", "commenter"])
def test_a_viewer_or_commenter_fails(
    drive: Emulator, account: ServiceAccount, checkout: Make, role: str
) -> None:
    output = checkout(drive.shared_drive(account, role=role)).store("doctor", code=2)

    assert output.endswith(
        f'failed folder {account.email} may read "Seedlings" but not write: pulling works, '
        "pushing will fail. Make it a content manager of the shared drive."
    )


def test_a_contributor_gets_a_warning_that_names_the_missing_right(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    output = checkout(drive.shared_drive(account, role="writer")).store("doctor", code=1)

    assert (
        f'warning storage in the shared drive "Seedlings", where {account.email} may add but not '
        "delete: `store audit --repair` needs a content manager."
    ) in output


def test_two_folders_with_one_name_are_a_warning(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    for title in ("FILES", "files"):  # Drive finds both by either
        drive.subfolder(folder, title)
    here = checkout(folder)
    assert "ok duplicates none" in here.store("doctor")
    drive.subfolder(folder, "files")

    output = here.store("doctor", code=1)

    assert 'warning duplicates 2 folders named "files": two first pushes ran at once.' in output


def test_a_folder_that_held_the_model_and_is_empty_is_a_warning(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    here = checkout(folder)
    assert "ok duplicates none; the folder holds no objects yet" in here.store("doctor")
    digest = Remote("drive", f"gdrive://{folder}").digest
    with (here.path / "model.dvc").open("a", encoding="utf-8") as pointer:
        pointer.write(f"meta:\n  remote: {digest}\n")

    output = here.store("doctor", code=1)

    assert "warning duplicates the folder is empty, though the model that serves was" in output


def test_a_folder_that_is_not_shared_fails(drive: Emulator, checkout: Make) -> None:
    folder = drive.shared_drive()

    output = checkout(folder).store("doctor", code=2)

    assert f"failed folder The Drive folder {folder} is not visible" in output


def test_a_folder_of_a_shared_drive_that_admits_no_member_fails(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.subfolder(drive.shared_drive(), "ours")
    drive.share(folder, account, "fileOrganizer")
    here = checkout(folder)

    sentence = "The Drive folder is in a shared drive of which the service account is not a member."
    assert f"failed storage {sentence} Add" in here.store("doctor", code=2)
    assert here.store("pull", "model.dvc", code=1).startswith(sentence)


def test_a_delegation_that_nobody_granted_fails_at_the_token(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    drive.strike(lambda request: request.is_token, reports.NO_DELEGATION, times=100)
    output = checkout(drive.shared_drive(account)).store("doctor", code=2)

    assert "failed token The service account may not act for the person named by" in output


def test_a_folder_in_the_trash_fails(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.subfolder(drive.shared_drive(account), "old")
    drive.drive.files[folder].trashed = True

    output = checkout(folder).store("doctor", code=2)

    assert 'failed folder The folder "old" is in the trash.' in output


def test_a_missing_or_trashed_subfolder_fails(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    folder = drive.shared_drive(account)
    drive.drive.files[drive.subfolder(folder, "models")].trashed = True

    output = checkout(f"{folder}/models").store("doctor", code=2)

    assert f'failed path The folder "models" of gdrive://{folder}/models does not exist' in output


@pytest.mark.parametrize("where", ["token", "about", "files", "upload"])
def test_each_call_is_retried_after_a_rate_limit(
    drive: Emulator, account: ServiceAccount, checkout: Make, where: str
) -> None:
    # The server closes the connection in the pauses, and a POST is not repeated by itself.
    times = 3 if where == "upload" else 1
    drive.strike(
        lambda request: where in request.path, reports.RATE_LIMITS["429, exhausted"], times
    )

    output = checkout(drive.shared_drive(account)).store("doctor")

    assert "Google is limiting the rate of calls. Retrying in 2 s." in output


def test_a_disabled_api_fails_with_how_to_enable_it(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    drive.strike(lambda request: not request.is_token, reports.API_OFF, times=100)

    output = checkout(drive.shared_drive(account)).store("doctor", code=2)

    assert output.endswith(
        "failed API The Google Drive API is not enabled in the service account's project. "
        "Enable it (docs/google-drive.md, step 2) and wait a few minutes."
    )


def test_a_revoked_key_fails_at_the_token(
    drive: Emulator, account: ServiceAccount, checkout: Make
) -> None:
    drive.revoke_key(account)

    output = checkout(drive.shared_drive(account)).store("doctor", code=2)

    assert "failed token Google rejects the key: it was revoked or replaced." in output


def _escaped_twice(credentials: str) -> str:
    fields = json.loads(credentials)
    return json.dumps(fields | {"private_key": fields["private_key"].replace("\n", "\\n")})


def _without_address(credentials: str) -> str:
    return json.dumps(json.loads(credentials) | {"client_email": ""})


def _cut(credentials: str) -> str:
    fields = json.loads(credentials)
    return json.dumps(fields | {"private_key": fields["private_key"][:400]})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda _: "", "failed configuration GDRIVE_CREDENTIALS_DATA is empty"),
        (lambda _: "eyJ0eXBlIjog", "failed credentials GDRIVE_CREDENTIALS_DATA is not JSON."),
        (
            lambda _: '{"type": "authorized_user"}',
            "failed credentials GDRIVE_CREDENTIALS_DATA is not the key of a service account.",
        ),
        (_without_address, "failed credentials GDRIVE_CREDENTIALS_DATA lacks client_email."),
        (_escaped_twice, "failed credentials The private key in GDRIVE_CREDENTIALS_DATA contains"),
        (_cut, "failed signature GDRIVE_CREDENTIALS_DATA is not the JSON key of a service"),
    ],
    ids=["empty", "base64", "a person's", "no address", "escaped twice", "cut"],
)
def test_an_invalid_key_is_described_and_not_shown(
    drive: Emulator, account: ServiceAccount, checkout: Make, spoil: object, sentence: str
) -> None:
    assert callable(spoil)
    here = checkout(drive.shared_drive(account))

    output = here.store("doctor", code=2, GDRIVE_CREDENTIALS_DATA=spoil(account.credentials))

    assert sentence in output
    assert drive.requests == []


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("SET-YOUR-FOLDER-ID", "failed configuration The remote drive still has SET-YOUR-FOLDER"),
        (
            "drive.google.com/drive/folders/0AB",
            "failed address gdrive://drive.google.com/drive/folders/0AB does not begin with the id",
        ),
    ],
    ids=["placeholder", "browser address"],
)
def test_a_url_without_a_folder_id_fails(checkout: Make, address: str, sentence: str) -> None:
    assert sentence in checkout(address).store("doctor", code=2)
