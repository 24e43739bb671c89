"""A server with a story in it, a real browser, and a watch on what the browser complains about."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import Struct
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from tests.server.cast import open_here
from tests.server.pages.story import PASSWORD, people, tell
from tests.server.served import Served, serving

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SESSION = "pilotage_session"
WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="session")
def told(tmp_path_factory) -> Path:
    """The folder of a demonstration whose story has been told."""
    home = tmp_path_factory.mktemp("story") / "home"
    workspace = open_here(home, demonstration=True)
    tell(workspace, people(workspace))
    workspace.close()
    return home


@pytest.fixture(scope="session")
def served(told) -> Iterator[Served]:
    """A server on the story, for tests that only read."""
    with serving(told, demonstration=True) as server:
        yield server


@pytest.fixture(scope="module")
def changed(told, tmp_path_factory) -> Iterator[Served]:
    """A server on a copy of the story, for tests that write."""
    home = tmp_path_factory.mktemp("copy") / "home"
    shutil.copytree(told, home)
    with serving(home, demonstration=True) as server:
        yield server


@pytest.fixture(scope="session")
def plain(tmp_path_factory) -> Iterator[Served]:
    """A server on a workspace that is no demonstration and holds nothing yet."""
    with serving(tmp_path_factory.mktemp("plain") / "home") as server:
        yield server


def session_of(url: str, username: str, password: str = PASSWORD) -> str:
    """The cookie of somebody who signs in."""
    answer = httpx.post(f"{url}/api/v1/sign-in", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return answer.cookies[SESSION]


class Reader(Struct, frozen=True):
    """Somebody who is signed in and reads pages without a browser."""

    http: httpx.Client

    def get(self, path: str, **options) -> httpx.Response:
        """A page."""
        return self.http.get(path, **options)

    def page(self, path: str) -> str:
        """A page's text, which must have been answered well."""
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}\n{answer.text[:2000]}"
        return answer.text


@pytest.fixture(scope="session")
def reading(served) -> Iterator[Callable[[str], Reader]]:
    """Readers of the story, by username; each signs in once."""
    known: dict[str, Reader] = {}

    def reader(username: str) -> Reader:
        if username not in known:
            cookies = {SESSION: session_of(served.url, username)}
            known[username] = Reader(httpx.Client(base_url=served.url, cookies=cookies, timeout=30.0))
        return known[username]

    yield reader
    for one in known.values():
        one.http.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One real Chromium for all tests."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


class Complaints:
    """What a browser complains about while pages are open: errors, and requests that leave the server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.found: list[str] = []
        self.expected: tuple[str, ...] = ()

    def watch(self, page: Page) -> None:
        """Listen to a page."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"script: {error}"))
        page.on("request", self._request)

    def unexpected(self) -> list[str]:
        """Complaints that no test announced."""
        return [one for one in self.found if not any(part in one for part in self.expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.found.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "about:", "blob:")):
            self.found.append(f"leaves the server: {request.url}")


class Opened(Struct, frozen=True):
    """A page of a signed-in browser, with where the server is and what was complained about."""

    page: Page
    url: str
    complaints: Complaints

    def goto(self, path: str) -> Page:
        """Go to an address of the server."""
        self.page.goto(self.url + path)
        return self.page


@pytest.fixture
def opening(browser) -> Iterator[Callable[..., Opened]]:
    """Opens browser windows; when the test ends, nothing unexpected may have been complained about."""
    contexts: list[BrowserContext] = []
    watched: list[Complaints] = []

    def open_window(server: Served, username: str | None = None, *, password: str = PASSWORD, **options) -> Opened:
        context = browser.new_context(**{"viewport": WIDE, "timezone_id": "UTC", "locale": "en-GB", **options})
        context.set_default_timeout(10_000)
        contexts.append(context)
        if username is not None:
            cookie = session_of(server.url, username, password)
            context.add_cookies([{"name": SESSION, "value": cookie, "url": server.url}])
        page = context.new_page()
        complaints = Complaints(server.url)
        complaints.watch(page)
        watched.append(complaints)
        return Opened(page, server.url, complaints)

    yield open_window
    for context in contexts:
        context.close()
    assert [one for complaints in watched for one in complaints.unexpected()] == []
