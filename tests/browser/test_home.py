"""/home/ in Chromium: without JavaScript, by keyboard, in two tabs, and when things go wrong."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, Request, Route, expect

from tests.browser.starting import Running
from tests.browser.steps import activities, log_in, subscribe
from tests.conftest import AllowErrors, NewPage

STREAM = "**/activity/stream/**"
POLLED_MS = 9_000  # read every 5 s, on a busy machine
QUICK_MS = 1_000


def test_everything_works_without_javascript(new_page: NewPage, quick_start: Running) -> None:
    page = new_page(java_script_enabled=False)
    log_in(page, quick_start, "dan_plays")
    page.get_by_role("searchbox").fill("grace_m")
    page.get_by_role("button", name="Search", exact=True).click()
    page.locator("[data-candidate][data-streamer=grace_mods]").click()
    expect(page.get_by_role("heading", name="Is this the one?")).to_be_visible()
    page.get_by_role("button", name="Subscribe", exact=True).click()
    page.wait_for_url(f"{quick_start.url}/home/")
    row = page.locator("#subscriptions [data-streamer=grace_mods]")
    expect(row).to_be_visible()
    row.get_by_role("link", name="Unsubscribe from GraceMods").click()
    expect(page.get_by_role("heading", name="Are you sure?")).to_be_visible()
    page.get_by_role("button", name="Unsubscribe", exact=True).click()
    page.wait_for_url(f"{quick_start.url}/home/")
    expect(row).to_have_count(0)
    expect(page.get_by_text("Nobody is watched yet")).to_be_visible()


def test_the_journey_by_keyboard_alone(page: Page, quick_start: Running) -> None:
    log_in(page, quick_start, "max_long_name_of_25_chars")
    page.keyboard.press("/")
    page.keyboard.type("emoji_em")
    page.keyboard.press("Enter")
    candidate = page.locator("[data-candidate][data-streamer=emoji_emil]")
    expect(candidate).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Is this the one?")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Subscribe", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#subscriptions [data-streamer=emoji_emil]")).to_be_visible()
    expect(page.get_by_role("heading", name="Subscriptions", exact=True)).to_be_focused()


def test_unsubscribing_asks_in_the_row_and_can_be_thought_over(
    page: Page, quick_start: Running
) -> None:
    log_in(page, quick_start, "frank_follows")
    row = subscribe(page, "hana_games")
    leave = row.get_by_role("link", name="Unsubscribe from")
    leave.click()
    expect(row.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(leave).to_be_focused()
    leave.click()
    row.get_by_role("button", name="Unsubscribe", exact=True).click()
    expect(row).to_have_count(0)


def test_without_the_stream_the_page_reads_anew(
    page: Page, quick_start: Running, allow_errors: AllowErrors
) -> None:
    allow_errors("net::ERR_FAILED")
    page.route(STREAM, lambda route: route.abort())
    log_in(page, quick_start, "eve_no_mail")
    subscribe(page, "rami_rtl")
    expect(page.locator("[data-live-note]")).to_have_text("Checks every 5 s", timeout=POLLED_MS)
    quick_start.event("stream.online", "rami_rtl")
    expect(activities(page, "rami_rtl", "online").first).to_be_visible(timeout=POLLED_MS)


def test_two_tabs_share_one_stream_and_the_other_goes_on(page: Page, quick_start: Running) -> None:
    opened: list[str] = []

    def note(request: Request) -> None:
        if "/activity/stream/" in request.url:
            opened.append(request.url)

    page.context.on("request", note)
    log_in(page, quick_start, "grace_mods")
    subscribe(page, "carla_plays")
    expect(page.locator("[data-live-note]")).to_have_text("Updates by itself")
    other = page.context.new_page()
    before = len(opened)
    other.goto(f"{quick_start.url}/home/")
    expect(other.locator("[data-live-note]")).to_have_text("Updates by itself")
    assert len(opened) == before
    quick_start.event("stream.online", "carla_plays")
    for tab in (page, other):
        expect(activities(tab, "carla_plays", "online").first).to_be_visible(timeout=QUICK_MS)
    page.close()
    expect(other.locator("[data-live-note]")).to_have_text("Updates by itself")
    quick_start.event("stream.offline", "carla_plays")
    expect(activities(other, "carla_plays", "offline").first).to_be_visible(timeout=POLLED_MS)
    assert len(opened) == before + 1
    other.close()


def test_a_failed_verification_says_trouble_and_why(page: Page, quick_start: Running) -> None:
    log_in(page, quick_start, "hana_games")
    quick_start.control("faults", fault="webhook_callback_verification_failed", count=20)
    page.get_by_role("searchbox").fill("zoe_quie")
    page.locator("[data-candidate][data-streamer=zoe_quiet]").click()
    page.get_by_role("button", name="Subscribe", exact=True).click()
    state = page.locator("#subscriptions [data-streamer=zoe_quiet] [data-state-of]")
    expect(state).to_have_attribute("data-state", "trouble", timeout=30_000)
    expect(state).to_contain_text("Twitch could not reach StreamWatch")
    expect(page.locator("[data-tile=trouble] [data-tile-number]")).to_have_text("1")
    quick_start.control("faults", fault="webhook_callback_verification_failed", count=0)
    # It is asked again by itself, after a while that grows.
    expect(state).to_have_attribute("data-state", "watching", timeout=90_000)


def test_a_twitch_that_is_down_is_said_beside_the_search(
    page: Page, quick_start: Running, allow_errors: AllowErrors
) -> None:
    allow_errors("status of 503")
    log_in(page, quick_start, "rami_rtl")
    # For the search alone: polling asks Helix too.
    quick_start.control("faults", fault="helix_down", count=1, path="/helix/search")
    page.get_by_role("searchbox").fill("carl")
    expect(page.get_by_role("alert")).to_contain_text("Twitch")
    quick_start.control("faults", fault="none", count=1)
    page.get_by_role("searchbox").fill("carla")
    expect(page.locator("[data-candidate][data-streamer=carla_plays]")).to_be_visible()


def test_the_latest_search_wins(page: Page, quick_start: Running) -> None:
    log_in(page, quick_start, "tag_tina")
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if route.request.url.endswith("q=carla"):
            held.append(route)
        else:
            route.continue_()

    page.route("**/streamers/search/**", hold_the_first)
    box = page.get_by_role("searchbox")
    with page.expect_request("**/streamers/search/?q=carla"):
        box.fill("carla")
    box.fill("dan_pl")
    expect(page.locator("[data-candidate][data-streamer=dan_plays]")).to_be_visible()
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_timeout(300)
    expect(page.locator("[data-candidate][data-streamer=carla_plays]")).to_have_count(0)


def test_a_new_row_is_announced(page: Page, quick_start: Running) -> None:
    log_in(page, quick_start, "emoji_emil")
    subscribe(page, "dan_plays")
    quick_start.event("stream.online", "dan_plays")
    announcer = page.locator("[data-announcer]")
    expect(announcer).to_have_attribute("aria-live", "polite")
    expect(announcer).to_contain_text("DanPlays went live")


def test_who_is_logged_out_elsewhere_is_told(
    page: Page, quick_start: Running, allow_errors: AllowErrors
) -> None:
    allow_errors("status of 40[13]|net::ERR")
    log_in(page, quick_start, "bob_watches")
    other = page.context.new_page()
    other.goto(f"{quick_start.url}/accounts/logout/")
    other.get_by_role("button", name="Log out").click()
    other.wait_for_url(f"{quick_start.url}/")
    page.get_by_role("searchbox").fill("carla")
    expect(page.locator("[data-banner]")).to_contain_text("logged out")
    expect(page.get_by_role("link", name="Log in again")).to_be_visible()


def test_the_stream_is_for_viewers_on_our_own_pages(quick_start: Running) -> None:
    stream = f"{quick_start.url}/activity/stream/"
    assert httpx.get(stream, timeout=5).status_code == httpx.codes.FORBIDDEN
    foreign = {"Origin": "https://elsewhere.example"}
    assert httpx.get(stream, headers=foreign, timeout=5).status_code == httpx.codes.FORBIDDEN
