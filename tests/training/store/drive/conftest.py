"""One Drive for each worker; each test takes an account and a folder of its own there."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.training.store.drive.checkout import Checkout
from tests.training.store.drive.emulator import Emulator, ServiceAccount

Make = Callable[..., Checkout]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    # Without PySocks httplib2 passes the proxy by, and says nothing.
    importlib.import_module("socks")
    with Emulator(tmp_path_factory.mktemp("drive")) as running:
        yield running
    assert running.foreign == [], "a host other than Google's was requested"


@pytest.fixture
def drive(emulator: Emulator) -> Iterator[Emulator]:
    """The emulator with no fault in it."""
    yield emulator
    emulator.heal()


@pytest.fixture
def account(drive: Emulator) -> ServiceAccount:
    return drive.service_account()


@pytest.fixture(scope="session")
def template(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    path = tmp_path_factory.mktemp("template")
    return Checkout.make(path, emulator.environment())


@pytest.fixture
def checkout(template: Checkout, drive: Emulator, account: ServiceAccount, tmp_path: Path) -> Make:
    """Makes checkouts: of a Drive address, as this account or another."""

    def make(
        address: str, who: ServiceAccount | None = account, name: str = "checkout"
    ) -> Checkout:
        environment = drive.environment(who) | {"DVC_SITE_CACHE_DIR": str(tmp_path / "site" / name)}
        made = template.copy(tmp_path / name, environment, who.secrets if who else ())
        made.lead_to(f"gdrive://{address}")
        return made

    return make
