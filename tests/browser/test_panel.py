"""The topics panel beside what plays, beside other viewers, and after a logout."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.panel import (
    SOON_MS,
    TOPICS,
    allow_at_twitch,
    allow_whispers,
    entries,
    expect_state,
    listen,
    listened,
    log_in_quickly,
    open_panel,
    submit,
)
from tests.browser.starting import Running
from tests.conftest import AllowErrors, NewPage

# As the panel gives them to its console; one by one over a socket it takes half a minute.
MANY_EVENTS = """(many) => {
  const shown = StreamWatch.topics.console(document.querySelector("[data-topics]"));
  for (let number = 0; number < many; number += 1) {
    const data = { data: { message: { number } } };
    shown.add({ way: "in", kind: "MESSAGE", topics: ["raid.1"], at: Date.now(), data });
  }
}"""


@pytest.fixture(scope="module")
def nobodies(quick_start: Running) -> list[dict[str, str]]:
    """Who cannot log in, so that nobody watches them."""
    people = httpx.get(f"{quick_start.simulator_url}/control/people", timeout=10).json()["people"]
    return [one for one in people if not one["can_log_in"]]


@pytest.mark.parametrize(
    ("transport", "login", "kind"),
    [("EventSub", "grace_mods", "answer"), ("PubSub", "emoji_emil", "RESPONSE")],
)
def test_consent_on_the_page_of_a_stream_leads_back_to_what_plays_then(
    page: Page,
    quick_start: Running,
    nobodies: list[dict[str, str]],
    allow_errors: AllowErrors,
    transport: str,
    login: str,
    kind: str,
) -> None:
    allow_errors("status of 403")
    first, second = [one["login"] for one in nobodies if one["live"]][:2]
    quiet = next(one["login"] for one in nobodies if not one["live"])
    log_in_quickly(page, quick_start, login)
    page.goto(f"{quick_start.url}/livestream/{first}/?with={second}")
    page.get_by_role("radio", name=transport).check()
    listen(page, f"raid.{quiet}")
    submit(page, f"whispers.{login}")
    expect(page.get_by_role("alert")).to_contain_text("only when you allow it")
    card = page.locator("[data-strip] a.card-main:not([aria-current])").first
    card.click()
    expect(page.locator(f"[data-slot][data-login={first}]")).to_have_count(0)
    address = page.url
    assert first not in address
    # The panel is where it was, and its connection too.
    expect(listened(page, f"raid.{quiet}")).to_be_visible()
    expect(entries(page, kind)).to_have_count(1)
    expect(entries(page, "closed")).to_have_count(0)
    allow_at_twitch(page, login)
    page.wait_for_url(address)
    expect(listened(page, f"whispers.{login}")).to_be_visible()
    expect(listened(page, f"raid.{quiet}")).to_be_visible()
    expect_state(page, "open")


@pytest.mark.parametrize("comes", [None, "hana_games"])
def test_after_a_logout_in_another_tab_nothing_more_is_heard(
    page: Page,
    quick_start: Running,
    nobodies: list[dict[str, str]],
    allow_errors: AllowErrors,
    comes: str | None,
) -> None:
    allow_errors("status of 403")
    sockets = open_panel(page, quick_start, "eve_no_mail")
    quiet = nobodies[-1]["login"]
    listen(page, f"stream.online.{quiet}")
    page.context.clear_cookies(name="sessionid")
    if comes:
        log_in_quickly(page, quick_start, comes)
    # As when the viewer comes back to the tab: it asks at once.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    who = "Somebody else is logged in" if comes else "You are logged out."
    expect(page.get_by_role("alert")).to_contain_text(who)
    expect(page.locator("[data-listening] li")).to_have_count(0)
    expect_state(page, "idle")
    (socket,) = sockets
    if not socket.is_closed():
        socket.wait_for_event("close", timeout=SOON_MS)
    # Nor is anything begun in the name of the other.
    page.get_by_role("combobox", name="Topic").fill(f"stream.online.{quiet}")
    page.keyboard.press("Enter")
    again = page.get_by_role("alert").get_by_role("link", name="Log in again")
    expect(again).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text(f"stream.online.{quiet}")
    expect(page.locator("[data-listening] li")).to_have_count(0)


def test_an_open_page_asks_once_a_minute_whose_it_is(
    page: Page, quick_start: Running, nobodies: list[dict[str, str]]
) -> None:
    page.clock.install()
    open_panel(page, quick_start, "eve_no_mail")
    listen(page, f"stream.online.{nobodies[-1]['login']}")
    page.context.clear_cookies(name="sessionid")
    page.clock.fast_forward(60_000)
    expect(page.get_by_role("alert")).to_contain_text("You are logged out.")
    expect_state(page, "idle")


def test_two_viewers_hear_only_their_own(
    new_page: NewPage, quick_start: Running, allow_errors: AllowErrors
) -> None:
    allow_errors("status of 403")
    logins = ("rami_rtl", "ada_streams")
    pages = [new_page() for _ in logins]
    for page, login in zip(pages, logins, strict=True):
        log_in_quickly(page, quick_start, login)
        page.goto(quick_start.url + TOPICS)
        allow_whispers(page, login)
    for login in logins:
        quick_start.event("user.whisper.message", "frank_follows", to=login, text=f"to {login}")
    for page, login in zip(pages, logins, strict=True):
        expect(entries(page, "notification")).to_contain_text([f"to {login}"])


def test_the_console_keeps_the_newest_five_hundred(page: Page, quick_start: Running) -> None:
    open_panel(page, quick_start, "eve_no_mail")
    page.evaluate(MANY_EVENTS, 501)
    seen = entries(page, "MESSAGE")
    expect(seen).to_have_count(500)
    expect(seen.first).to_contain_text("number: 500")
    expect(seen.last).to_contain_text("number: 1")
    expect(page.get_by_text("500, older ones are dropped")).to_be_visible()
