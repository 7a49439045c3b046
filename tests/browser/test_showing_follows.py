"""A streamer who consents: who follows, whom they follow and a new title on an open page."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.databases import execute
from tests.browser.starting import Running
from tests.browser.steps import WATCHING_MS, activities, log_in, subscribe
from tests.conftest import NewPage

# Nobody else subscribes to her; tests share StreamWatch and come in any order.
LOGIN = "zoe_quiet"
A_MINUTE_LATER = "UPDATE activity_ring SET due_at = UTC_TIMESTAMP(6) WHERE name = 'followed'"
# Whom a streamer follows is read every minute.
POLLED_MS = 90_000


def test_three_rows_without_reload_and_the_end_of_a_consent(
    new_page: NewPage, as_in_production: Running
) -> None:
    url = as_in_production.url
    streamer = new_page()
    streamer.goto(f"{url}/consent/")
    streamer.get_by_role("button", name="Allow at Twitch").click()
    streamer.get_by_role("button", name=f"Authorize as {LOGIN}", exact=True).click()
    streamer.wait_for_url(f"{url}/consent/thanks/")

    viewer = new_page()
    log_in(viewer, as_in_production, "grace_mods")
    row = subscribe(viewer, LOGIN)
    other = viewer.context.new_page()
    other.goto(f"{url}/streamers/{LOGIN}/")
    followers = other.locator("[data-coverage=follower]")
    for _ in range(WATCHING_MS // 1_000):
        if followers.get_attribute("data-code") == "pushed":
            break
        other.wait_for_timeout(1_000)
        other.reload()
    expect(followers).to_contain_text("Twitch tells it at once")
    expect(other.locator("[data-coverage=follows]")).to_have_attribute("data-code", "polled")

    viewer.evaluate("window.wasNotReloaded = true")
    as_in_production.event("channel.follow", LOGIN, user="eve_no_mail")
    as_in_production.event("channel.follow", "rami_rtl", user=LOGIN)
    as_in_production.event("channel.update", LOGIN, title="Quiet no more")
    expect(activities(viewer, LOGIN, "follower")).to_contain_text("Eve_No_Mail followed zoe_quiet")
    expect(activities(viewer, LOGIN, "changed")).to_contain_text("Quiet no more")
    # Whom somebody follows is read once a minute, which is over now.
    execute(as_in_production.environment["DATABASE_URL"], A_MINUTE_LATER)
    expect(activities(viewer, LOGIN, "follows")).to_contain_text(
        "zoe_quiet followed رامي_يلعب", timeout=POLLED_MS
    )
    assert viewer.evaluate("window.wasNotReloaded") is True

    streamer.goto(f"{url}/settings/consent/")
    streamer.get_by_role("button", name="Withdraw").click()
    streamer.wait_for_url(f"{url}/")
    expect(row.locator("[data-consent-ended]")).to_have_text("Consent ended", timeout=WATCHING_MS)
    other.reload()
    for kind in ("follower", "follows"):
        coverage = other.locator(f"[data-coverage={kind}]")
        expect(coverage).to_have_attribute("data-code", "needs_consent")
