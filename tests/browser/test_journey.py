"""The journey StreamWatch exists for, over HTTP alone: no patching, no direct database write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.starting import Running

WITHIN_MS = 1000  # a new row, from the simulator's answer on
WATCHING_MS = 30_000


def log_in(page: Page, running: Running, login: str) -> None:
    """From the landing page through the simulator's consent to /home/."""
    page.goto(running.url)
    page.get_by_role("button", name="Log in with Twitch").click()
    page.get_by_role("button", name=f"Authorize as {login}", exact=True).click()
    page.wait_for_url(f"{running.url}/home/")


def subscribe(page: Page, login: str) -> Locator:
    """Search, verify and subscribe; the row of the subscription, watching."""
    page.get_by_role("searchbox").fill(login[:-1])
    page.locator(f"[data-candidate][data-streamer={login}]").click()
    expect(page.get_by_role("heading", name="Is this the one?")).to_be_visible()
    page.get_by_role("button", name="Subscribe", exact=True).click()
    row = page.locator(f"#subscriptions [data-streamer={login}]")
    expect(row.locator("[data-state-of]")).to_have_attribute(
        "data-state", "watching", timeout=WATCHING_MS
    )
    return row


# What is done at the simulator, and what the row must say.
Deed = tuple[str, Mapping[str, Any], str, str]
DEEDS: tuple[Deed, ...] = (
    ("stream.online", {}, "online", "went live"),
    ("channel.update", {"title": "A <b>new</b> title 🎉"}, "changed", "A <b>new</b> title 🎉"),
    ("channel.raid", {"to": "hana_games", "viewers": 1234}, "raid_out", "1,234 viewers"),
    ("stream.offline", {}, "offline", "went offline"),
)


def test_log_in_search_verify_subscribe_and_see_what_happens(
    page: Page, streamwatch: Running
) -> None:
    log_in(page, streamwatch, "bob_watches")
    subscribe(page, "carla_plays")
    page.evaluate("window.wasNotReloaded = true")
    for kind, said, row_kind, words in DEEDS:
        streamwatch.event(kind, "carla_plays", **said)
        row = page.locator(f"#activity [data-streamer=carla_plays][data-kind={row_kind}]").first
        expect(row).to_contain_text(words, timeout=WITHIN_MS)
    streamwatch.control(
        "events",
        type="channel.raid",
        broadcaster="dan_plays",
        to="carla_plays",
        viewers=7,
    )
    row = page.locator("#activity [data-streamer=carla_plays][data-kind=raid_in]").first
    expect(row).to_contain_text("DanPlays", timeout=WITHIN_MS)
    streamwatch.event("user.update", "carla_plays", name="Carla_Plays")
    row = page.locator("#activity [data-kind=renamed]").first
    expect(row).to_contain_text("Carla_Plays", timeout=WITHIN_MS)
    assert page.evaluate("window.wasNotReloaded") is True
    streamwatch.event("user.update", "carla_plays", name="CarlaPlays")
