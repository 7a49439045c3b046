"""/livestream/ in Chromium: switching, several at once, an end, and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import FloatRect, Locator, Page, Route, expect

from tests.browser.people import Person
from tests.browser.starting import Running, wait_for
from tests.browser.steps import log_in
from tests.conftest import NewPage

# Strangers of the local Twitch's: no other test watches them.
STREAMERS = ("zesty_ravenhd", "goldengecko", "ambercoyotehd", "frostyferret")
ANN, BEN, CAT, DAN = STREAMERS
VIEWER = "dan_plays"


@pytest.fixture(scope="module", autouse=True)
def watched(quick_start: Running) -> Iterator[Person]:
    """A viewer whose four streamers are on the air."""
    with Person(quick_start) as person:
        person.log_in(VIEWER)
        for login in STREAMERS:
            person.subscribe(login)
        states = dict.fromkeys(STREAMERS, "watching")
        wait_for(lambda: states.items() <= person.states().items(), quick_start, 60)
        for login in STREAMERS:
            quick_start.event("stream.online", login)
        wait_for(lambda: all(is_live(person, quick_start, x) for x in STREAMERS), quick_start, 20)
        yield person
        # Other tests want the viewer without anybody to watch.
        for login in STREAMERS:
            person.unsubscribe(login)


def is_live(person: Person, running: Running, login: str) -> bool:
    facts = person.http.get(f"{running.url}/livestream/facts/?login={login}").text
    return 'data-live="true"' in facts


def frame(page: Page, login: str) -> Locator:
    return page.locator(f"[data-slot][data-login={login}] iframe")


def playing(page: Page) -> list[str]:
    return [str(one.get_attribute("data-login")) for one in page.locator("[data-slot]").all()]


def card(page: Page, login: str) -> Locator:
    return page.locator(f"[data-strip] [data-streamer={login}] a.card-main")


def look_again(page: Page) -> None:
    """As when the viewer comes back to the page: it asks at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_the_strip_switches_without_reload_and_back_goes_back(
    page: Page, quick_start: Running
) -> None:
    log_in(page, quick_start, VIEWER)
    page.get_by_role("link", name="Watch", exact=True).first.click()
    page.wait_for_url(f"{quick_start.url}/livestream/")
    expect(page.locator("[data-slot]")).to_have_count(1)
    page.goto(f"{quick_start.url}/livestream/{ANN}/")
    page.evaluate("window.isSamePage = true")
    source = str(frame(page, ANN).get_attribute("src"))
    assert f"?channel={ANN}&parent=localhost&muted=true&autoplay=true" in source
    card(page, BEN).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{quick_start.url}/livestream/{BEN}/")
    expect(frame(page, BEN)).to_be_visible()
    expect(frame(page, ANN)).to_have_count(0)
    expect(card(page, BEN)).to_be_focused()
    expect(card(page, BEN)).to_have_attribute("aria-current", "true")
    expect(page.locator("[data-chat] iframe")).to_have_count(1)
    assert f"/{BEN}/chat?" in str(page.locator("[data-chat] iframe").get_attribute("src"))
    page.go_back()
    expect(frame(page, ANN)).to_be_visible()
    page.go_forward()
    expect(frame(page, BEN)).to_be_visible()
    assert page.url == f"{quick_start.url}/livestream/{BEN}/"
    assert page.evaluate("window.isSamePage")


def test_two_and_four_at_once_with_one_audible(page: Page, quick_start: Running) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    log_in(page, quick_start, VIEWER)
    page.goto(f"{quick_start.url}/livestream/{ANN}/")
    frame(page, ANN).evaluate("one => { one.isKept = true; }")
    player, chat = boxes_of(page, 1280)
    assert player["x"] + player["width"] <= chat["x"]
    assert chat["y"] < player["y"] + player["height"]
    player, chat = boxes_of(page, 390)
    assert [player["x"], player["width"]] == [0, 390]
    assert player["height"] >= 300
    assert chat["y"] >= player["y"] + player["height"]
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("link", name=f"Watch {name_of(page, BEN)} beside the others").click()
    page.wait_for_url(f"{quick_start.url}/livestream/{ANN}/?with={BEN}")
    expect(page.locator("[data-slot]")).to_have_count(2)
    # What plays goes on playing.
    assert frame(page, ANN).evaluate("one => one.isKept")
    page.locator(f"[data-slot][data-login={BEN}] [data-hear=false]").click()
    page.wait_for_url(f"**/livestream/{ANN}/?with={BEN}&sound={BEN}&chat={BEN}")
    expect(page.locator("iframe[src*='muted=false']")).to_have_count(1)
    assert "muted=false" in str(frame(page, BEN).get_attribute("src"))
    assert frame(page, ANN).evaluate("one => one.isKept")
    page.reload()
    expect(page.locator("iframe[src*='muted=false']")).to_have_count(1)
    page.goto(f"{quick_start.url}/livestream/{ANN}/?with={BEN},{CAT},{DAN}")
    assert playing(page) == [ANN, BEN, CAT, DAN]
    boxes = [one.bounding_box() for one in page.locator("[data-slot] iframe").all()]
    assert all(box and box["width"] >= 400 and box["height"] >= 300 for box in boxes)
    expect(page.locator("[data-strip] .card-add")).to_have_count(0)
    page.get_by_role("link", name="First one large").click()
    page.wait_for_url(f"**/livestream/{ANN}/?with={BEN},{CAT},{DAN}&layout=first")
    page.locator(f"[data-slot][data-login={ANN}]").get_by_role("link", name="Close").click()
    page.wait_for_url(f"**/livestream/{BEN}/?with={CAT},{DAN}&layout=first")
    assert playing(page) == [BEN, CAT, DAN]
    page.go_back()
    expect(page.locator("[data-slot]")).to_have_count(4)


def boxes_of(page: Page, width: int) -> tuple[FloatRect, FloatRect]:
    """Where the player and the chat of the one stream are, on a screen of this width."""
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_function("width => window.innerWidth === width", arg=width)
    player = frame(page, ANN).bounding_box()
    chat = page.locator("[data-chat] iframe").bounding_box()
    assert player
    assert chat
    return player, chat


def name_of(page: Page, login: str) -> str:
    return card(page, login).locator("bdi.who").inner_text()


def test_news_and_the_end_are_told_on_the_open_page(
    page: Page, quick_start: Running, watched: Person
) -> None:
    log_in(page, quick_start, VIEWER)
    page.goto(f"{quick_start.url}/livestream/{CAT}/")
    slot = page.locator(f"[data-slot][data-login={CAT}]")
    expect(slot.locator("[data-now-viewers]")).to_be_visible()
    expect(slot.locator("[data-now-category]")).not_to_have_text("Chess")
    quick_start.event("channel.update", CAT, title="Only ladders today", category="Chess")
    wait_for(lambda: "Only ladders today" in facts_of(watched, quick_start, CAT), quick_start, 20)
    # Twitch's number changes with the minute, which is long to wait for.
    page.route("**/livestream/facts/*", with_viewers_4321)
    look_again(page)
    expect(slot.locator("[data-now-title]")).to_have_text("Only ladders today")
    expect(slot.locator("[data-now-category]")).to_have_text("Chess")
    expect(slot.locator("[data-now-viewers]")).to_have_text("4321 viewers")
    # Its own ticking: nothing is asked for another 20 s.
    uptime = slot.locator("[data-uptime]").inner_text()
    expect(slot.locator("[data-uptime]")).not_to_have_text(uptime)
    page.unroute("**/livestream/facts/*")
    quick_start.event("stream.offline", CAT)
    wait_for(lambda: not is_live(watched, quick_start, CAT), quick_start, 20)
    look_again(page)
    expect(slot.locator("[data-ended]")).to_contain_text("Ended just now; these are live:")
    expect(page.locator("[data-announcer]")).to_contain_text("stream has ended")
    first = slot.locator("[data-instead]").first
    href = str(first.get_attribute("href"))
    first.click()
    page.wait_for_url(f"{quick_start.url}{href}")
    expect(page.locator("[data-slot] [data-live=true]")).to_have_count(1)
    quick_start.event("stream.online", CAT)


def with_viewers_4321(route: Route) -> None:
    answer = route.fetch()
    shown = r'(data-now-viewers="\d+">.*?</i>)[^<]*'
    text = re.sub(shown, r"\1 4321 viewers", answer.text(), flags=re.DOTALL)
    route.fulfill(response=answer, body=text)


def facts_of(person: Person, running: Running, login: str) -> str:
    return person.http.get(f"{running.url}/livestream/facts/?login={login}").text


def test_the_chat_is_shared_and_has_the_theme_of_the_page(
    page: Page, new_page: NewPage, quick_start: Running
) -> None:
    log_in(page, quick_start, VIEWER)
    page.goto(f"{quick_start.url}/livestream/{ANN}/")
    chat = page.locator("[data-chat] iframe")
    expect(chat).to_have_count(1)
    assert "darkpopout" not in str(chat.get_attribute("src"))
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("[data-chat] iframe[src$=darkpopout]")).to_have_count(1)
    expect(chat).to_have_count(1)
    other = new_page()
    log_in(other, quick_start, "zoe_quiet")
    other.goto(f"{quick_start.url}/livestream/{ANN}/")
    theirs = other.frame_locator("[data-chat] iframe").get_by_role("log")
    expect(theirs).to_be_visible()
    mine = page.frame_locator("[data-chat] iframe")
    mine.get_by_label("Write as").fill("Hello from the frame")
    mine.get_by_role("button", name="Chat", exact=True).click()
    expect(theirs).to_contain_text("DanPlays: Hello from the frame")


def test_whose_streamers_are_off_the_air_sees_the_biggest(page: Page, quick_start: Running) -> None:
    log_in(page, quick_start, "zoe_quiet")
    page.goto(f"{quick_start.url}/livestream/")
    expect(page.locator("[data-slot] [data-live=true]")).to_have_count(1)
    (login,) = playing(page)
    # The first who asks Twitch is led on to the stream's own address.
    addresses = [f"{quick_start.url}/livestream/{path}" for path in ("", f"{login}/")]
    assert page.url in addresses
    player = page.frame_locator("[data-slot] iframe")
    expect(player.get_by_text("viewers")).to_be_visible()
    page.go_back()
    page.wait_for_url(f"{quick_start.url}/home/")


def test_everything_works_without_javascript(new_page: NewPage, quick_start: Running) -> None:
    page = new_page(java_script_enabled=False)
    log_in(page, quick_start, VIEWER)
    page.goto(f"{quick_start.url}/livestream/{ANN}/")
    expect(frame(page, ANN)).to_be_visible()
    expect(page.locator("[data-chat] iframe")).to_be_visible()
    card(page, BEN).click()
    page.wait_for_url(f"{quick_start.url}/livestream/{BEN}/")
    expect(frame(page, BEN)).to_be_visible()
    page.get_by_role("link", name="Show them").first.click()
    expect(page.get_by_role("heading", name="last recordings")).to_be_visible()
