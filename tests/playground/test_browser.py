"""GraphiQL in a real browser: it runs, completes, explains, and asks no other host."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests import canaries
from tests.playground.conftest import Playground

CHROMIUM = shutil.which("chromium")
BUILD = Path(__file__).parents[2] / "server" / "static" / "graphiql" / "graphiql.html"
STEP_MILLISECONDS = 20_000
# Chromium's own errands would fail on a machine without the internet, and a name that is looked up is a leak.
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH: apt-get install chromium"),
    pytest.mark.skipif(not BUILD.is_file(), reason="GraphiQL is not built: make playground"),
]


QUERY = ".graphiql-query-editor"
TOOLS = ".graphiql-editor-tool .graphiql-editor:not(.hidden)"
RESPONSE = ".graphiql-response"


@dataclass
class Visit:
    """An open page and all that must not have happened on it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._on_console)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def shows(self, part: str, text: str) -> None:
        """Waits for an editor to draw a text, blanks and line breaks aside."""
        expect(self.page.locator(f"{part} .view-lines")).to_contain_text(text)

    def write(self, part: str, text: str) -> None:
        self.page.locator(f"{part} .view-lines").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.insert_text(text)

    def run(self, operation: str) -> None:
        self.page.get_by_role("button", name="Execute query").click()
        self.page.get_by_role("menuitem", name=operation).click()

    def stored(self) -> str:
        text: str = self.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        return text


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # No longer than this module: while it is open, its thread counts as running an event loop.
    expect.set_options(timeout=STEP_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, timeout=STEP_MILLISECONDS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, playground_url: str) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1360, "height": 860})
    page.set_default_timeout(STEP_MILLISECONDS)
    visit = Visit(page)
    visit.watch()
    page.goto(playground_url)
    page.locator(f"{QUERY} .view-line").first.wait_for()
    yield visit
    page.close()
    assert visit.complaints == []
    assert {urlsplit(url).netloc for url in visit.requests if not url.startswith("data:")} == {
        urlsplit(playground_url).netloc
    }


def test_graphiql_runs_completes_and_explains(visit: Visit, pytestconfig: pytest.Config) -> None:
    page = visit.page
    expect(page).to_have_title("AppletQL")
    visit.shows(TOOLS, '"code": "paste the code here"')
    page.get_by_role("button", name="Headers", exact=True).click()
    visit.shows(TOOLS, '"Authorization": "Bearer paste the token here"')

    visit.run("Me")
    visit.shows(RESPONSE, "UNAUTHENTICATED")

    visit.write(TOOLS, "")
    visit.run("Me")
    visit.shows(RESPONSE, '"me": null')

    visit.write(QUERY, "query Me { session { expiresAt } me { id ")
    page.keyboard.type("nick", delay=30)
    page.locator(".suggest-widget.visible").get_by_role("option", name="nickname").wait_for()
    page.keyboard.press("Enter")
    page.keyboard.insert_text(" } }")
    page.get_by_role("button", name="Prettify query").click()
    expect(page.locator(f"{QUERY} .view-line")).to_have_count(10)
    visit.shows(QUERY, "nickname")

    page.get_by_role("button", name="Show Documentation Explorer").click()
    explorer = page.get_by_role("region", name="Documentation Explorer")
    explorer.get_by_role("link", name="Query", exact=True).click()
    expect(explorer.get_by_role("link", name="session", exact=True)).to_be_visible()

    page.get_by_role("button", name="Execute query").click()
    visit.shows(RESPONSE, '"me": null')
    page.screenshot(path=pytestconfig.rootpath / "test-results" / "graphiql.png")


def test_the_first_tab_signs_in_and_asks_who_that_is(visit: Visit, playground: Playground) -> None:
    page = visit.page
    code = httpx.post(f"{playground.sandbox}/_sandbox/wx/login").json()["code"]
    visit.shows(TOOLS, '"code": "paste the code here"')
    visit.write(TOOLS, f'{{"code": "{code}"}}')

    visit.run("SignIn")
    visit.shows(RESPONSE, '"isNewUser": true')
    answer = page.locator(f"{RESPONSE} .view-lines").inner_text().replace("\xa0", " ")
    token = json.loads(answer)["data"]["login"]["token"]
    canaries.add(code, token)
    page.get_by_role("button", name="Headers", exact=True).click()
    visit.write(TOOLS, f'{{"Authorization": "Bearer {token}"}}')
    visit.run("Me")

    visit.shows(RESPONSE, '"expiresAt"')
    assert token not in visit.stored()


def test_the_page_fills_the_window_and_does_not_scroll(visit: Visit, pytestconfig: pytest.Config) -> None:
    page = visit.page
    page.mouse.move(10, 400)
    page.mouse.wheel(0, 500)
    page.wait_for_timeout(500)

    assert page.evaluate("[scrollY, document.body.clientHeight, document.body.clientWidth]") == [0, 860, 1360]
    page.screenshot(path=pytestconfig.rootpath / "test-results" / "graphiql-window.png")


def test_a_token_is_forgotten_and_a_query_kept(visit: Visit) -> None:
    page = visit.page
    page.get_by_role("button", name="Headers", exact=True).click()
    visit.write(TOOLS, '{"Authorization": "Bearer tok_of_this_page"}')
    visit.run("Me")
    visit.shows(RESPONSE, "UNAUTHENTICATED")
    visit.write(QUERY, "query Mine { session { expiresAt } }")
    page.wait_for_function("() => localStorage.getItem('graphiql:tabState').includes('Mine')")

    assert "tok_of_this_page" not in visit.stored()
    page.reload()

    visit.shows(QUERY, "query Mine { session { expiresAt } }")
    visit.shows(TOOLS, "paste the code here")
    page.get_by_role("button", name="Headers", exact=True).click()
    visit.shows(TOOLS, "paste the token here")


def test_a_sandbox_that_moved_is_shown_where_it_is(visit: Visit) -> None:
    page = visit.page
    address = page.locator('meta[name="appletql-sandbox"]').get_attribute("content")
    command = f"curl -sX POST {address}/_sandbox/wx/login"
    visit.shows(QUERY, command)
    page.wait_for_function("() => localStorage.getItem('graphiql:tabState') !== null")
    page.evaluate(
        "([now, before]) => Object.entries({...localStorage})"
        ".forEach(([key, value]) => localStorage.setItem(key, value.replaceAll(now, before)))",
        [address, "http://127.0.0.1:9"],
    )

    page.reload()

    visit.shows(QUERY, command)
    visit.shows(TOOLS, "paste the code here")
    assert "http://127.0.0.1:9/" not in visit.stored()
    expect(page.get_by_role("tab")).to_have_count(1)
