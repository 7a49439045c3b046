"""Followers on an open page: a burst of them is one row, which grows without a reload."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
from playwright.sync_api import Page, expect

from tests.browser.starting import Running
from tests.browser.steps import activities, log_in, subscribe
from tests.webhooks.sending import body_of, rfc3339, signed

# Nobody else subscribes to her.
LOGIN = "tag_tina"


def tell_follow(running: Running, follower: tuple[str, str], followed: dict[str, str]) -> None:
    """Signed as Twitch would: the local one sends it with a consent only."""
    twitch_id, name = follower
    event = {
        **followed,
        "user_id": twitch_id,
        "user_login": f"user{twitch_id}",
        "user_name": name,
        "followed_at": rfc3339(datetime.now(UTC)),
    }
    body = body_of("channel.follow", event, version="2")
    secret = running.environment["TWITCH_EVENTSUB_SECRET"]
    headers = dict(signed(body, secret=secret, type_name="channel.follow"))
    del headers[b"host"], headers[b"content-length"]
    answer = httpx.post(
        f"{running.url}/webhooks/twitch/",
        content=body,
        headers={name.decode(): value.decode() for name, value in headers.items()},
        timeout=10,
    )
    assert answer.status_code == 204


def test_row_of_a_burst_grows_on_an_open_page(page: Page, as_in_production: Running) -> None:
    log_in(page, as_in_production, "bob_watches")
    subscribe(page, LOGIN)
    tina = {
        "broadcaster_user_id": "700000008",
        "broadcaster_user_login": LOGIN,
        "broadcaster_user_name": "Tag_Tina",
    }
    page.evaluate("window.wasNotReloaded = true")
    rows = activities(page, LOGIN, "follower")
    sentence = rows.locator("[data-sentence]")
    tell_follow(as_in_production, ("9901", "<b>Ann</b>"), tina)
    expect(sentence).to_have_text("<b>Ann</b> followed Tag_Tina")
    tell_follow(as_in_production, ("9902", "غرفة"), tina)
    expect(sentence).to_have_text("<b>Ann</b> and غرفة followed Tag_Tina")
    tell_follow(as_in_production, ("9903", "Cid 🎮"), tina)
    for number in range(9904, 9908):
        tell_follow(as_in_production, (f"{number}", "Bot"), tina)
    # Those who follow, go and follow again are no news.
    tell_follow(as_in_production, ("9901", "<b>Ann</b>"), tina)
    expect(sentence).to_have_text("<b>Ann</b>, غرفة, Cid 🎮 and 4 more followed Tag_Tina")
    expect(rows).to_have_count(1)
    # Read aloud as one thing, not as many new ones.
    expect(page.locator("[data-announcer]")).to_contain_text("and 4 more followed Tag_Tina")
    assert page.evaluate("window.wasNotReloaded") is True
