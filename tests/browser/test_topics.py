"""The topics panel in Chromium: events, consent in the middle, lost connections, whispers."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.panel import (
    SOON_MS,
    TOPICS,
    allow_whispers,
    entries,
    expect_state,
    listen,
    listened,
    log_in_quickly,
    open_panel,
    submit,
)
from tests.browser.starting import Running, wait_for
from tests.conftest import AllowErrors, NewPage


def test_a_topic_is_chosen_by_keyboard_and_its_event_is_seen(
    page: Page, quick_start: Running, strangers: list[str]
) -> None:
    busy = strangers[0]
    sockets = open_panel(page, quick_start, "frank_follows")
    expect_state(page, "idle")
    field = page.get_by_role("combobox", name="Topic")
    field.fill("stream.onl")
    expect(page.get_by_role("option")).to_contain_text(["stream.online.<channel>"])
    assert sockets == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("stream.online.")
    expect(page.get_by_role("option").first).to_contain_text("frank_follows")
    page.keyboard.type(busy)
    page.keyboard.press("Enter")
    row = listened(page, f"stream.online.{busy}")
    expect(row).to_contain_text("cost 1")
    assert len(sockets) == 1
    expect(page.locator("[data-meters] [data-name=Cost]")).to_contain_text("1 of 10")
    quick_start.event("stream.online", busy)
    expect(entries(page, "notification").locator("pre").first).to_contain_text(busy)
    expect(row).to_contain_text("1 event")
    expect_state(page, "open")
    row.get_by_role("button", name="Stop").click()
    expect_state(page, "idle")


def test_the_console_filters_pauses_clears_and_gives_away(
    page: Page, quick_start: Running, strangers: list[str], tmp_path: Path
) -> None:
    busy = strangers[0]
    open_panel(page, quick_start, "emoji_emil")
    listen(page, f"channel.update.{busy}")
    quick_start.event("channel.update", busy, title="First title")
    expect(entries(page, "notification", "First title")).to_be_visible()
    page.get_by_label("Events only").check()
    expect(entries(page, "session_welcome")).to_be_hidden()
    page.get_by_label("Filter the console").fill("nothing like it")
    expect(page.get_by_text("Nothing matches.")).to_be_visible()
    page.get_by_label("Filter the console").fill("first")
    page.get_by_role("button", name="Pause").click()
    quick_start.event("channel.update", busy, title="First of all")
    expect(page.get_by_role("button", name="1 waiting")).to_be_visible()
    page.get_by_role("button", name="1 waiting").click()
    expect(entries(page, "notification").first).to_contain_text("First of all")
    with page.expect_download() as found:
        page.get_by_role("button", name="Download").click()
    found.value.save_as(tmp_path / "saved.jsonl")
    lines = (tmp_path / "saved.jsonl").read_text().splitlines()
    assert ["First title" in lines[0], "First of all" in lines[1], len(lines)] == [True, True, 2]
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_text("Copied as JSON lines")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").splitlines() == lines
    page.get_by_role("button", name="Clear").click()
    expect(entries(page, "notification")).to_have_count(0)


def test_consent_in_the_middle_and_on_where_it_was(
    page: Page, quick_start: Running, strangers: list[str], allow_errors: AllowErrors
) -> None:
    busy = strangers[0]
    allow_errors("status of 403")
    open_panel(page, quick_start, "tag_tina")
    listen(page, f"stream.online.{busy}")
    submit(page, "whispers.tag_tina")
    expect(page.get_by_role("alert")).to_contain_text("user:read:whispers")
    page.get_by_role("link", name="Allow at Twitch").click()
    page.get_by_role("button", name="Authorize as tag_tina", exact=True).click()
    page.wait_for_url(quick_start.url + TOPICS)
    expect(listened(page, "whispers.tag_tina")).to_be_visible()
    expect(listened(page, f"stream.online.{busy}")).to_be_visible()
    quick_start.event("user.whisper.message", "grace_mods", to="tag_tina", text="psst")
    expect(entries(page, "notification").first).to_contain_text("psst")
    quick_start.event("user.authorization.revoke", "tag_tina")
    expect(page.get_by_role("alert")).to_contain_text("The consent at Twitch was withdrawn.")
    expect(listened(page, "whispers.tag_tina")).to_have_count(0)


def test_lost_connections_are_taken_up_again(
    page: Page, quick_start: Running, strangers: list[str]
) -> None:
    other_one = strangers[1]
    page.clock.install()
    sockets = open_panel(page, quick_start, "rami_rtl")
    listen(page, f"channel.update.{other_one}")
    asked = entries(page, "POST")
    quick_start.control("faults", fault="ws_reconnect")
    expect(entries(page, "session_welcome")).to_have_count(2)
    # Moved, with what it had.
    expect(asked).to_have_count(1)
    quick_start.event("channel.update", other_one, title="After the move")
    expect(entries(page, "notification", "After the move")).to_have_count(1)
    for number, fault in enumerate(("ws_drop", "ws_close_4000", "ws_silent"), 1):
        quick_start.control("faults", fault=fault)
        if fault == "ws_silent":
            page.clock.fast_forward(16_000)
        expect(entries(page, "closed")).to_have_count(number)
        # Longer than any pause until now.
        page.clock.fast_forward(5_000)
        expect(entries(page, "session_welcome")).to_have_count(2 + number)
        expect(entries(page, "answer")).to_have_count(1 + number)
    expect(entries(page, "closed").first).to_contain_text("Nothing was heard")
    quick_start.event("channel.update", other_one, title="After all")
    expect(entries(page, "notification", "After all")).to_have_count(1)
    assert len(sockets) == 5


def test_two_tabs_share_one_socket_and_the_other_goes_on(
    page: Page, quick_start: Running, strangers: list[str]
) -> None:
    busy, other_one = strangers[:2]
    sockets = open_panel(page, quick_start, "hana_games")
    listen(page, f"stream.online.{busy}")
    other = page.context.new_page()
    other.goto(quick_start.url + TOPICS)
    listen(other, f"channel.update.{other_one}")
    assert len(sockets) == 1
    quick_start.event("channel.update", other_one, title="Shared")
    expect(entries(other, "notification", "Shared")).to_have_count(1)
    page.close()
    expect(entries(other, "session_welcome")).to_have_count(1, timeout=SOON_MS)
    expect(entries(other, "answer")).to_have_count(2)
    quick_start.event("channel.update", other_one, title="Taken over")
    expect(entries(other, "notification", "Taken over")).to_have_count(1)
    assert len(sockets) == 2
    other.close()


def test_every_refusal_is_a_sentence(
    page: Page, quick_start: Running, allow_errors: AllowErrors
) -> None:
    allow_errors("status of 4(03|22)")
    sockets = open_panel(page, quick_start, "max_long_name_of_25_chars")
    for topic, sentence in (
        ("", "Type a topic first."),
        ("stream.onlin.1", "The nearest is stream.online.<channel>."),
        ("presence.1", "not tell presence to anybody any more"),
        ("whispers.ada_streams", "somebody else's"),
        ("stream.online.no_such_name", "nobody with the login"),
    ):
        submit(page, topic)
        expect(page.get_by_role("alert")).to_contain_text(sentence)
        expect(page.locator("[data-listening] li")).to_have_count(0)
    expect_state(page, "idle")
    assert sockets == []
    for number in range(10):
        listen(page, f"stream.online.{10_000 + number}")
    allow_errors("status of 429")
    submit(page, "stream.online.10010")
    expect(page.get_by_role("alert")).to_contain_text("cost 10 together")
    expect(page.locator("[data-meters] [data-name=Cost]")).to_contain_text("10 of 10")


@pytest.mark.parametrize(
    ("transport", "login", "kind", "text"),
    [
        ("EventSub", "carla_plays", "notification", '"text": "<b>hi</b> you"'),
        ("PubSub", "bob_watches", "MESSAGE", '"body": "<b>hi</b> you"'),
    ],
)
def test_whispers_reach_the_panel_of_who_they_are_for(
    page: Page,
    quick_start: Running,
    allow_errors: AllowErrors,
    transport: str,
    login: str,
    kind: str,
    text: str,
) -> None:
    allow_errors("status of 403")
    open_panel(page, quick_start, login)
    page.get_by_role("radio", name=transport).check()
    allow_whispers(page, login)
    said = {"broadcaster": "dan_plays", "to": login, "text": "<b>hi</b> you"}

    def is_sent() -> bool:
        sent = quick_start.control("events", type="user.whisper.message", **said)
        return bool(sent["message_ids"])

    # Over PubSub a worker has Twitch promise it first; until then it is sent to nobody.
    wait_for(is_sent, quick_start, 30)
    whisper = entries(page, kind, text).first
    expect(whisper).to_contain_text('"dan_plays"')
    expect_state(page, "open")
    expect(page.get_by_role("radio", name=transport)).to_be_checked()


def test_the_page_listens_on_when_its_server_is_killed(
    page: Page, as_in_production: Running, allow_errors: AllowErrors
) -> None:
    # Chromium writes of each try that fails.
    allow_errors("WebSocket connection to")
    running = as_in_production
    open_panel(page, running, "dan_plays")
    page.get_by_role("radio", name="PubSub").check()
    listen(page, "channel.update.zoe_quiet")

    def is_heard(title: str) -> bool:
        running.event("channel.update", "zoe_quiet", title=f"{title} {time.monotonic()}")
        found = entries(page, "MESSAGE", title)
        with suppress(PlaywrightTimeout):
            found.first.wait_for(timeout=1_000)
        return found.count() > 0

    wait_for(lambda: is_heard("Before"), running, 30)
    running.restart("live")
    wait_for(lambda: is_heard("After"), running, 60)
    expect_state(page, "open")


def test_the_state_stays_in_sight(
    new_page: NewPage, quick_start: Running, strangers: list[str]
) -> None:
    page = new_page(viewport={"width": 390, "height": 844})
    open_panel(page, quick_start, "dan_plays")
    listen(page, f"stream.online.{strangers[0]}")
    page.locator("[data-console-count]").scroll_into_view_if_needed()
    expect(page.locator("[data-console-count]")).to_be_in_viewport(ratio=1)
    expect(page.locator("[data-topics-state]")).to_be_in_viewport(ratio=1)


def test_without_javascript_it_says_so(new_page: NewPage, quick_start: Running) -> None:
    page = new_page(java_script_enabled=False)
    log_in_quickly(page, quick_start, "bob_watches")
    page.goto(quick_start.url + TOPICS)
    expect(page.get_by_text("needs JavaScript")).to_be_visible()
    expect(page.get_by_role("button", name="Listen")).to_be_hidden()
