"""The journey StreamWatch exists for, over HTTP alone: no patching, no direct database write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.starting import Running
from tests.browser.steps import activities, log_in, subscribe

WITHIN_MS = 1000  # a new row, from the simulator's answer on


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
        row = activities(page, "carla_plays", row_kind).first
        expect(row).to_contain_text(words, timeout=WITHIN_MS)
    streamwatch.control(
        "events",
        type="channel.raid",
        broadcaster="dan_plays",
        to="carla_plays",
        viewers=7,
    )
    row = activities(page, "carla_plays", "raid_in").first
    expect(row).to_contain_text("DanPlays", timeout=WITHIN_MS)
    streamwatch.event("user.update", "carla_plays", name="Carla_Plays")
    row = activities(page, "carla_plays", "renamed").first
    expect(row).to_contain_text("Carla_Plays", timeout=WITHIN_MS)
    assert page.evaluate("window.wasNotReloaded") is True
    streamwatch.event("user.update", "carla_plays", name="CarlaPlays")
