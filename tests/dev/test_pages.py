"""The `page` fixture itself: errors in a page do fail a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page

from tests.conftest import AllowErrors, Watch

PAGES = {
    "/good": "<title>good</title><p>Nothing to see</p>",
    "/inline": "<title>inline</title><script>window.ran = true</script>",
    "/broken": '<title>broken</title><script src="/broken.js"></script>',
    "/broken.js": "nowhere.to.be.found()",
    "/console": '<title>console</title><script src="/console.js"></script>',
    "/console.js": "console.error('something is wrong')",
}


class Pages(BaseHTTPRequestHandler):
    """Answers with the texts above, under a strict CSP."""

    def do_GET(self) -> None:
        text = PAGES.get(self.path)
        self.send_response(200 if text else 404)
        kind = "text/javascript" if self.path.endswith(".js") else "text/html"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", "default-src 'self'; img-src data:")
        self.end_headers()
        self.wfile.write((text or "nothing here").encode())

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_good_page_has_no_errors(page: Page, watch: Watch, site: str) -> None:
    page.goto(f"{site}/good")
    assert page.title() == "good"
    assert watch.errors == []


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/inline", "CSP: script-src-elem forbids inline"),
        ("/broken", "nowhere is not defined"),
        ("/console", "something is wrong"),
        ("/missing", "404"),
    ],
)
def test_errors_are_noticed(
    page: Page, watch: Watch, allow_errors: AllowErrors, site: str, path: str, error: str
) -> None:
    page.goto(f"{site}{path}")
    page.wait_for_timeout(100)
    assert any(error in one for one in watch.unexpected()), watch.errors
    allow_errors(".")
    assert watch.unexpected() == []


def test_no_page_leaves_the_machine(page: Page, allow_errors: AllowErrors, site: str) -> None:
    allow_errors("ERR_NAME_NOT_RESOLVED")
    page.goto(f"{site}/good")
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.org/")
