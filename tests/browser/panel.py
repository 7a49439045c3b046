"""Steps on the topics panel, as a viewer takes them."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, WebSocket, expect

from tests.browser.people import Person
from tests.browser.starting import Running

TOPICS = "/livestream/topics/"
SOON_MS = 5_000


def open_panel(page: Page, running: Running, login: str) -> list[WebSocket]:
    """As that viewer, on the panel's own page; the sockets to Twitch that the page opens."""
    sockets: list[WebSocket] = []

    def note(socket: WebSocket) -> None:
        sockets.append(socket)

    page.context.on("page", lambda tab: tab.on("websocket", note))
    page.on("websocket", note)
    log_in_quickly(page, running, login)
    page.goto(running.url + TOPICS)
    return sockets


def log_in_quickly(page: Page, running: Running, login: str) -> None:
    """Without the pages on the way, which other tests look at."""
    with Person(running) as person:
        person.log_in(login)
        for cookie in person.http.cookies.jar:
            if cookie.name in ("sessionid", "csrftoken") and cookie.value:
                page.context.add_cookies(
                    [{"name": cookie.name, "value": cookie.value, "url": running.url}]
                )


def submit(page: Page, topic: str) -> None:
    page.get_by_role("combobox", name="Topic").fill(topic)
    page.keyboard.press("Enter")


def listened(page: Page, topic: str) -> Locator:
    """The row of a topic that is listened to."""
    row = page.locator("[data-listening] [data-state=listening]")
    return row.filter(has_text=topic)


def listen(page: Page, topic: str) -> None:
    submit(page, topic)
    expect(listened(page, topic)).to_be_visible()


def entries(page: Page, kind: str, text: str = "") -> Locator:
    """The rows of the console of one kind."""
    return page.locator(f"[data-console-rows] [data-kind={kind}]").filter(has_text=text)


def expect_state(page: Page, name: str) -> None:
    state = page.locator("[data-topics-state]")
    expect(state).to_have_attribute("data-state", name, timeout=SOON_MS)


def allow_whispers(page: Page, login: str) -> None:
    submit(page, f"whispers.{login}")
    allow_at_twitch(page, login)
    expect(listened(page, f"whispers.{login}")).to_be_visible()


def allow_at_twitch(page: Page, login: str) -> None:
    """What was refused."""
    page.get_by_role("link", name="Allow at Twitch").click()
    page.get_by_role("button", name=f"Authorize as {login}", exact=True).click()
