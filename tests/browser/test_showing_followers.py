"""A streamer allows it by the link, and takes it back: what those who watch are shown."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.starting import Running
from tests.browser.steps import WATCHING_MS, log_in, subscribe
from tests.conftest import NewPage

# Nobody else subscribes to it; tests share StreamWatch and come in any order.
LOGIN = "max_long_name_of_25_chars"


def test_a_consent_comes_and_goes(new_page: NewPage, streamwatch: Running) -> None:
    viewer = new_page()
    log_in(viewer, streamwatch, "carla_plays")
    row = subscribe(viewer, LOGIN)
    expect(row.locator("[data-consent-ended]")).to_have_count(0)
    page = f"{streamwatch.url}/streamers/{LOGIN}/"
    viewer.goto(page)
    followers = viewer.locator("[data-coverage=follower]")
    expect(followers).to_have_attribute("data-code", "needs_consent")
    link = viewer.get_by_label("Send this link").input_value()
    viewer.goto(f"{streamwatch.url}/home/")

    streamer = new_page(java_script_enabled=False)
    streamer.goto(link)
    streamer.get_by_role("button", name="Allow at Twitch").click()
    streamer.get_by_role("button", name=f"Authorize as {LOGIN}", exact=True).click()
    streamer.wait_for_url(f"{streamwatch.url}/consent/thanks/")

    other = viewer.context.new_page()
    for _ in range(WATCHING_MS // 1_000):
        other.goto(page)
        if other.locator("[data-coverage=follower][data-code=pushed]").count():
            break
        other.wait_for_timeout(1_000)
    expect(other.locator("[data-coverage=follower]")).to_contain_text("Twitch tells it at once")

    streamer.goto(f"{streamwatch.url}/settings/consent/")
    streamer.get_by_role("button", name="Withdraw").click()
    streamer.wait_for_url(f"{streamwatch.url}/")
    # Pushed to the page that is open.
    mark = row.locator("[data-consent-ended]")
    expect(mark).to_have_text("Consent ended", timeout=WATCHING_MS)
    other.goto(page)
    followers = other.locator("[data-coverage=follower]")
    expect(followers).to_have_attribute("data-code", "needs_consent")
    expect(followers).to_contain_text("The streamer's consent at Twitch has ended")
