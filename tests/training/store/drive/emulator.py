"""Google Drive on the loopback, for the unmodified `dvc` command.

    with Emulator(tmp_path) as drive:
        account = drive.service_account()
        folder = drive.shared_drive(account, role="fileOrganizer")
        subprocess.run(["dvc", "push"], env=os.environ | drive.environment(account))

or, from a shell, `python -m tests.training.store.drive.emulator --env-file build/drive.env`.
It holds the host names, the TLS, the tokens and the rights as the real service does; whatever
else a client asks its proxy for is refused and listed in `foreign`.
"""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.training.store.drive.api import API, TOKEN_ADDRESS, TOKENS, Api
from tests.training.store.drive.certificates import serve_as
from tests.training.store.drive.checkout import isolated
from tests.training.store.drive.faults import Drop, Fault, Hang, Reply, Request
from tests.training.store.drive.server import Proxy
from tests.training.store.drive.state import BINARY, Account, Drive, File


@dataclass(frozen=True)
class ServiceAccount:
    """What its owner holds: the address, and the JSON that Google let them download once."""

    email: str
    credentials: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """Lines of the key, as they stand in the PEM."""
        pem = json.loads(self.credentials)["private_key"]
        return tuple(line for line in pem.splitlines() if "PRIVATE KEY" not in line)


class Emulator:
    """A Drive of its own; start it with `with`. `folder` takes its files and an empty home."""

    def __init__(self, folder: Path, *, page: int = 1000, idle: float = 2.0) -> None:
        self.folder = folder
        self.drive = Drive()
        self.api = Api(self.drive, page=page)
        self.requests: list[Request] = []
        self.faults: list[Fault] = []
        self._lock = threading.Lock()
        context, self._authority = serve_as([API, TOKENS], folder)
        self._proxy = Proxy([API, TOKENS], context, self._answer, idle=idle)
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def __enter__(self) -> Self:
        threading.Thread(target=self._proxy.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._proxy.closing.set()
        self._proxy.shutdown()
        self._proxy.server_close()

    @property
    def foreign(self) -> list[str]:
        """Hosts beside Google's that a client wanted to reach."""
        return self._proxy.foreign

    def _answer(self, request: Request) -> Reply | Hang | Drop:
        with self._lock:
            self.requests.append(request)
            for fault in self.faults:
                if fault.times and fault.strikes(request):
                    fault.times -= 1
                    return fault.answer
            return self.api.answer(request)

    # Accounts

    def service_account(self, name: str = "trainer") -> ServiceAccount:
        """A new account with a working key."""
        number = len(self.drive.accounts) + 1
        email = f"{name}-{number}@seedlings.iam.gserviceaccount.com"
        self.drive.accounts[email] = Account(email, self._key.public_key())
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        fields = {
            "type": "service_account",
            "project_id": "seedlings",
            "private_key_id": f"{number:040x}",
            "private_key": pem.decode(),
            "client_email": email,
            "client_id": str(10**20 + number),
            "token_uri": TOKEN_ADDRESS,
        }
        return ServiceAccount(email, json.dumps(fields))

    def revoke_key(self, account: ServiceAccount) -> None:
        """Google keeps the account and forgets this key."""
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.drive.accounts[account.email].public_key = other.public_key()

    def delete_account(self, account: ServiceAccount) -> None:
        del self.drive.accounts[account.email]

    # Folders and rights

    def shared_drive(
        self, account: ServiceAccount | None = None, role: str = "fileOrganizer"
    ) -> str:
        """Id of a new shared drive, shared with `account` in a role of `state.ROLES`."""
        return self._top("Seedlings", account, role, shared=True)

    def my_drive_folder(self, account: ServiceAccount | None = None, role: str = "writer") -> str:
        """Id of a new folder in a person's own Drive, shared with `account`."""
        return self._top("Seedlings", account, role, shared=False)

    def _top(self, title: str, account: ServiceAccount | None, role: str, *, shared: bool) -> str:
        with self._lock:
            folder = self.drive.add(title, None, shared=shared)
        if account:
            self.share(folder.id, account, role)
        return folder.id

    def share(self, id_: str, account: ServiceAccount, role: str) -> None:
        self.drive.files[id_].roles[account.email] = role

    def subfolder(self, id_: str, title: str) -> str:
        """Id of a new folder in the folder `id_`."""
        with self._lock:
            return self.drive.add(title, self.drive.files[id_]).id

    # Looking and meddling

    def find(self, id_: str) -> list[File]:
        """The files, not the folders, below the folder `id_`."""
        with self._lock:
            return list(self._below(self.drive.files[id_]))

    def _below(self, folder: File) -> Iterator[File]:
        for child in self.drive.children(folder):
            if child.is_folder:
                yield from self._below(child)
            else:
                yield child

    def holding(self, id_: str, content: bytes) -> File:
        """The one file below the folder `id_` with that content."""
        (file,) = [file for file in self.find(id_) if file.content == content]
        return file

    def fill(self, id_: str, cache: Path) -> None:
        """Put the objects of a local DVC cache into the folder `id_`, as a push would."""
        with self._lock:
            files = self.drive.add("files", self.drive.files[id_])
            md5 = self.drive.add("md5", files)
            for prefix in cache.iterdir():
                folder = self.drive.add(prefix.name, md5)
                for path in prefix.iterdir():
                    content = path.read_bytes()
                    self.drive.add(path.name, folder, mime_type=BINARY, content=content)

    def duplicate(self, file: File) -> File:
        """A second file of the same title beside it, as Drive allows."""
        with self._lock:
            return self.drive.add(
                file.title, file.above, mime_type=file.mime_type, content=file.content
            )

    def strike(
        self, strikes: Callable[[Request], bool], answer: Reply | Hang | Drop, times: int = 1
    ) -> None:
        """Give `answer` to the next `times` requests for which `strikes` holds."""
        self.faults.append(Fault(strikes, answer, times))

    def heal(self) -> None:
        """Forget the faults and the requests so far."""
        with self._lock:
            self.faults.clear()
            self.requests.clear()
            self.api.listing_lag = self.api.checksum_lag = 0.0

    # What a client needs to know

    def environment(self, account: ServiceAccount | None = None) -> dict[str, str]:
        """Variables that lead `dvc` here and away from this machine's own settings."""
        address = f"http://127.0.0.1:{self._proxy.server_address[1]}"
        return isolated(self.folder / "home") | {
            "HTTPS_PROXY": address,
            "https_proxy": address,
            "NO_PROXY": "",
            "no_proxy": "",
            "HTTPLIB2_CA_CERTS": str(self._authority),
            # A lag is emulated where a test wants one; elsewhere nothing is worth waiting for.
            "DRIVE_SETTLE_SECONDS": "0",
            "GDRIVE_CREDENTIALS_DATA": account.credentials if account else "",
        }


def _main() -> None:
    parser = argparse.ArgumentParser(description="Google Drive on the loopback, until Ctrl-C.")
    parser.add_argument("--env-file", type=Path, required=True, help="file to `source`")
    target = parser.parse_args().env_file
    with TemporaryDirectory() as folder, Emulator(Path(folder)) as drive:
        account = drive.service_account()
        values = drive.environment(account) | {"DRIVE_FOLDER_ID": drive.shared_drive(account)}
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in values.items()]
        target.touch(mode=0o600)
        target.write_text("".join(lines), encoding="utf-8")
        # A shell starts what runs in the background deaf to Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            print(f"source {target}, then: dvc remote modify drive url gdrive://$DRIVE_FOLDER_ID")
            threading.Event().wait()
        except KeyboardInterrupt:
            target.unlink()


if __name__ == "__main__":
    _main()
