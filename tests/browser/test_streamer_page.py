"""/streamers/<login>/ in Chromium: reached by a name, and without JavaScript."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.starting import Running
from tests.browser.steps import activities, log_in, subscribe
from tests.conftest import AllowErrors, NewPage

# Nobody else subscribes to these two; tests share StreamWatch and come in any order.
LOGIN = "eve_no_mail"
UNWATCHED = "frank_follows"


def test_a_name_leads_to_the_streamers_page(page: Page, streamwatch: Running) -> None:
    log_in(page, streamwatch, "frank_follows")
    row = subscribe(page, LOGIN)
    streamwatch.event("stream.online", LOGIN)
    streamwatch.event("channel.update", LOGIN, title="Only ladders today")
    streamwatch.control("events", type="channel.raid", broadcaster="dan_plays", to=LOGIN, viewers=9)
    # A row that was pushed leads there as one of the page does.
    activities(page, LOGIN, "raid_in").first.locator("[data-streamer-link]").click()
    page.wait_for_url(f"{streamwatch.url}/streamers/{LOGIN}/")
    expect(page.locator("[data-live=true]")).to_contain_text("On the air for")
    expect(page.locator("[data-state]")).to_have_attribute("data-state", "watching")
    broadcast = page.locator("[data-broadcast-id]").first
    expect(broadcast).to_contain_text("LIVE")
    expect(broadcast.locator("[data-chapter]").last).to_contain_text("Only ladders today")
    expect(broadcast.locator("[data-raid=raid_in]")).to_contain_text("DanPlays with 9 viewers")
    expect(page.locator("#activity [data-kind=changed]")).to_contain_text("Only ladders today")
    page.get_by_role("link", name="Home").click()
    streamwatch.event("stream.offline", LOGIN)
    expect(activities(page, LOGIN, "offline").first).to_be_visible()
    row.locator("[data-streamer-link]").click()
    expect(page.locator("[data-live=false]")).to_have_text("Offline")
    expect(broadcast).to_contain_text("may go on")
    # Back within the grace: the same broadcast, with a gap. Beginnings are told in whole seconds.
    page.wait_for_timeout(1_100)
    streamwatch.event("stream.online", LOGIN)
    page.goto(f"{streamwatch.url}/home/")
    expect(row.locator("[data-live=true]")).to_be_visible()
    row.locator("[data-streamer-link]").click()
    expect(page.locator("[data-broadcast-id]")).to_have_count(1)
    expect(broadcast.locator("[data-gap]")).to_contain_text("Off the air for")
    streamwatch.event("stream.offline", LOGIN)


def test_everything_works_without_javascript(
    new_page: NewPage, streamwatch: Running, allow_errors: AllowErrors
) -> None:
    allow_errors("status of 404")
    page = new_page(java_script_enabled=False)
    log_in(page, streamwatch, "max_long_name_of_25_chars")
    page.goto(f"{streamwatch.url}/streamers/{UNWATCHED}/")
    expect(page.get_by_role("heading", name="Nobody here watches this streamer")).to_be_visible()
    page.get_by_role("link", name="Look at Twitch").click()
    page.get_by_role("button", name="Subscribe", exact=True).click()
    page.wait_for_url(f"{streamwatch.url}/home/")
    page.locator(f"#subscriptions [data-streamer={UNWATCHED}] [data-streamer-link]").click()
    page.wait_for_url(f"{streamwatch.url}/streamers/{UNWATCHED}/")
    page.get_by_role("link", name="Unsubscribe").click()
    page.get_by_role("button", name="Unsubscribe", exact=True).click()
    page.goto(f"{streamwatch.url}/streamers/{UNWATCHED}/")
    expect(page.locator("[data-state=unwatched]")).to_be_visible()
    expect(page.get_by_role("link", name="Subscribe", exact=True)).to_be_visible()
