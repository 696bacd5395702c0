"""The pages as people use them, in headless Chromium; skipped where there is none.

The browser's requests are answered by the app in process, so no port is needed.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from functions.api.app import create_app
from functions.artefact import read_artefact
from functions.scoring import Scorer
from tests.browser.orchard import write_orchard
from tests.functions.conftest import Client, Listener

if TYPE_CHECKING:
    from playwright import sync_api

CHROMIUM = shutil.which("chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
HERE = "http://here/"


class Visit:
    """One person's tab: its page, the requests it sent, and what went wrong on it."""

    def __init__(
        self, context: sync_api.BrowserContext, client: Client, pool: ThreadPoolExecutor
    ) -> None:
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.refuse: Callable[[sync_api.Request], dict[str, Any] | None] = lambda _: None
        self._client, self._pool = client, pool
        self.page = context.new_page()
        self.page.on("console", lambda message: self.faults.append(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.route("**/*", self._answer)

    def open(self, address: str = "") -> sync_api.Page:
        """The tab at an address below the root."""
        self.page.goto(HERE + address)
        return self.page

    def send(self, method: str, path: str, content: bytes | None = None) -> httpx.Response:
        """The app's response to a request, without the browser."""
        # Playwright runs a loop in this thread, and the client its own.
        headers = {"content-type": "application/json"}
        request = self._client.request
        return self._pool.submit(request, method, path, content=content, headers=headers).result()

    def _answer(self, route: sync_api.Route) -> None:
        request = route.request
        path = request.url.removeprefix(HERE.rstrip("/"))
        if path.startswith("/v1/"):
            self.requests.append(path)
            if refusal := self.refuse(request):
                route.fulfill(**refusal)
                return
        response = self.send(request.method, path, request.post_data_buffer)
        route.fulfill(
            status=response.status_code, headers=dict(response.headers), body=response.content
        )


OpenTab = Callable[..., Visit]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all of them: two browsers at once would only wait for each other."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


# Not for the session: its loop runs in this thread, where tests of other files run their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (on Debian: apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Client:
    """The API over the orchard's model."""
    return client_of(write_orchard(tmp_path_factory.mktemp("orchard") / "model"))


def client_of(folder: Path) -> Client:
    """The API over a model's folder."""
    return Client(create_app(Scorer(read_artefact(folder)), Listener()))


@pytest.fixture
def open_tab(browser: sync_api.Browser, client: Client) -> Iterator[OpenTab]:
    """Makes tabs of their own context; takes an app's client and Playwright's options."""
    contexts = []
    with ThreadPoolExecutor(1) as pool:

        def made(answering: Client = client, **options: Any) -> Visit:
            options = {"locale": "en-GB", "viewport": {"width": 390, "height": 800}} | options
            contexts.append(browser.new_context(**options))
            return Visit(contexts[-1], answering, pool)

        yield made
        for context in contexts:
            context.close()


@pytest.fixture
def visit(open_tab: OpenTab) -> Visit:
    """A British reader's phone."""
    return open_tab()


def expect(page: sync_api.Page, selector: str) -> Any:
    """Assertions that wait for what a selector finds."""
    from playwright.sync_api import expect as expected

    return expected(page.locator(selector))
