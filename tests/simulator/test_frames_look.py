"""Player and chat in Chromium, in the frames of a page of another port."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from simulator.testing import Simulator

NewPage = Callable[..., Page]
AllowErrors = Callable[[str], None]
OpenWatch = Callable[..., None]


@pytest.fixture(scope="module")
def framing() -> Iterator[int]:
    """The port of a server whose page frames each address that its query names."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """A page with a frame for each `frame`."""
            frames = "".join(
                f'<iframe title="frame {number}" src="{escape(address)}" height="320"></iframe>'
                for number, address in enumerate(parse_qs(urlsplit(self.path).query)["frame"])
            )
            head = '<!doctype html><html lang="en"><link rel="icon" href="data:,">'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"{head}<title>Watch</title><h1>Watch</h1>{frames}".encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_watch(framing: int) -> OpenWatch:
    """Open a page of StreamWatch's kind that frames some addresses."""

    def go(page: Page, *addresses: str, host: str = "localhost") -> None:
        query = urlencode([("frame", address) for address in addresses])
        page.goto(f"http://{host}:{framing}/watch?{query}", wait_until="load")

    return go


@pytest.mark.parametrize(("scheme", "dark"), [("dark", "&darkpopout"), ("light", "")])
def test_pages_fit_and_are_accessible(
    simulator: Simulator,
    new_page: NewPage,
    allow_errors: AllowErrors,
    scheme: str,
    dark: str,
) -> None:
    allow_errors("status of 400")
    simulator.control.event("channel.chat.message", "ada_streams", user="grace_mods", text="hello")
    simulator.control.event("stream.online", "ada_streams")
    page = new_page(viewport={"width": 390, "height": 320}, color_scheme=scheme)
    for address in (
        "/player/?channel=ada_streams&muted=true&parent=localhost",
        "/player/?channel=bob_watches&parent=localhost",
        "/player/?channel=ada_streams",
        f"/embed/ada_streams/chat?parent=localhost{dark}",
    ):
        page.goto(simulator.url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        report = Axe().run(page)
        assert report.violations_count == 0, report.generate_report()


def test_a_chat_is_written_and_read_in_several_windows(
    simulator: Simulator, new_page: NewPage, open_watch: OpenWatch
) -> None:
    address = f"{simulator.url}/embed/ada_streams/chat?parent=localhost"
    reader, writer = new_page(), new_page()
    open_watch(reader, address, address)
    open_watch(writer, address)
    chat = writer.frame_locator("iframe")
    chat.get_by_label("Log in to write, as").select_option("bob_watches")
    chat.get_by_role("button", name="Log in").click()
    chat.get_by_label("Write as Bob_Watches").fill("<i>hi</i> all")
    chat.get_by_role("button", name="Chat").click()
    expect(chat.get_by_role("log")).to_contain_text("Bob_Watches: <i>hi</i> all")
    expect(chat.get_by_label("Write as Bob_Watches")).to_have_value("")
    for number in range(2):
        log = reader.frame_locator(f'iframe[title="frame {number}"]').get_by_role("log")
        expect(log.get_by_text("<i>hi</i> all")).to_have_count(1)


def test_a_player_moves_and_can_be_stopped(
    simulator: Simulator, new_page: NewPage, open_watch: OpenWatch
) -> None:
    simulator.control.event("stream.online", "ada_streams")
    page = new_page()
    open_watch(page, f"{simulator.url}/player/?channel=ada_streams&parent=localhost&muted=true")
    player = page.frame_locator("iframe")
    time = player.get_by_role("timer")
    expect(time).to_have_text("0:00:01")
    player.get_by_role("button", name="Pause").click()
    expect(player.get_by_role("button", name="Play")).to_be_visible()
    muted = player.get_by_role("button", name="Muted")
    expect(muted).to_have_attribute("aria-pressed", "true")
    muted.click()
    expect(muted).to_have_attribute("aria-pressed", "false")
    simulator.control.event("stream.offline", "ada_streams")
    expect(player.get_by_text("is offline.")).to_be_visible()


def test_a_page_of_another_host_is_told_so(
    simulator: Simulator, new_page: NewPage, open_watch: OpenWatch, allow_errors: AllowErrors
) -> None:
    allow_errors("status of 400")
    page = new_page()
    address = f"{simulator.url}/player/?channel=ada_streams&parent=watch.example.org"
    open_watch(page, address)
    sentence = "This page is shown by localhost, but parent names watch.example.org."
    expect(page.frame_locator("iframe").get_by_role("alert")).to_have_text(sentence)
