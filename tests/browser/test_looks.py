"""Every page at 390 and 1280 px, light and dark: axe finds nothing, nothing overflows.

With SCREENSHOTS_TO=<folder> (`make screenshots`) the pictures are kept there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.people import Person
from tests.browser.starting import Running, wait_for

WIDTHS = {390: 844, 1280: 800}
STREAMERS = ("carla_plays", "hana_games", "emoji_emil", "tag_tina", "rami_rtl", "grace_mods")
KEPT = os.environ.get("SCREENSHOTS_TO")


@pytest.fixture(scope="module")
def viewer(quick_start: Running) -> Iterator[Person]:
    """An operator with six streamers to whom things have happened."""
    with Person(quick_start) as person:
        person.log_in("ada_streams")
        for login in STREAMERS:
            person.subscribe(login)
        wait_for(lambda: set(person.states().values()) == {"watching"}, quick_start, 60)
        let_things_happen(quick_start)
        rows = f"{quick_start.url}/activity/rows/"
        wait_for(lambda: person.http.get(rows).text.count("data-activity-id") >= 9, quick_start, 20)
        yield person


def let_things_happen(running: Running) -> None:
    """Something of every kind."""
    for login in STREAMERS[:4]:
        running.event("stream.online", login)
    running.event("channel.update", "carla_plays", title="Finally: the last boss, no armour")
    running.event("channel.update", "hana_games", title="")
    running.event("channel.raid", "grace_mods", to="rami_rtl", viewers=1240)
    running.event("stream.offline", "emoji_emil")
    running.event("user.update", "tag_tina", name="TAG_Tina")


@pytest.fixture(params=[(w, t) for w in WIDTHS for t in ("light", "dark")], ids=str)
def look(
    request: pytest.FixtureRequest, browser: Browser, viewer: Person, quick_start: Running
) -> Iterator[tuple[BrowserContext, str]]:
    """A browser of one width and theme, logged in; and the ending of its pictures' names."""
    width, theme = request.param
    url = quick_start.url
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS[width]},
        color_scheme=theme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    for cookie in viewer.http.cookies.jar:
        # localhost's cookies are the simulator's too; only the app's matter.
        if cookie.name in ("sessionid", "csrftoken") and cookie.value:
            context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": url}])
    yield context, f"{width}-{theme}"
    context.close()


def judge(page: Page, name: str) -> None:
    """Keep the picture if asked to, and hold the page against axe and its own width."""
    if KEPT:
        Path(KEPT).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(KEPT) / f"{name}.png")
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    problems = [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
    assert problems == [], name
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0, f"{name} overflows by {wider} px"


def test_pages_of_a_viewer(look: tuple[BrowserContext, str], quick_start: Running) -> None:
    context, ending = look
    page = context.new_page()
    page.goto(f"{quick_start.url}/home/")
    expect(page.locator("#activity [data-activity-id]").first).to_be_visible()
    expect(page.locator("[data-live-note]")).to_have_text("Updates by itself")
    judge(page, f"home-{ending}")
    page.get_by_role("searchbox").fill("s")
    expect(page.locator("[data-candidate]").first).to_be_visible()
    judge(page, f"search-{ending}")
    page.locator("[data-candidate]").first.click()
    expect(page.get_by_role("heading", name="Is this the one?")).to_be_visible()
    judge(page, f"verify-{ending}")
    page.goto(f"{quick_start.url}/home/")
    page.locator("[data-unsubscribe]").first.click()
    expect(page.get_by_role("button", name="Keep")).to_be_visible()
    judge(page, f"unsubscribe-{ending}")
    for name, path in (
        ("search-page", "/streamers/search/?q=s"),
        ("verify-page", "/streamers/dan_plays/verify/"),
        ("nobody", "/streamers/no_such_name_here/verify/"),
        ("streamer-live", "/streamers/carla_plays/"),
        ("streamer-raided", "/streamers/rami_rtl/"),
        ("streamer-offline", "/streamers/emoji_emil/"),
        ("streamer-unknown", "/streamers/no_such_name_here/"),
        ("settings", "/settings/"),
        ("withdrawal", "/settings/consent/"),
        ("allow-more", "/livestream/allow/?scopes=moderator:read:followers&next=/home/"),
        ("allow-topic", "/livestream/allow/?scopes=bits:read+user:read:whispers&next=/home/"),
        ("logout", "/accounts/logout/"),
        ("missing", "/no-such-page/"),
        ("operator", "/admin/"),
        ("overview", "/admin/overview/"),
        ("inbox", "/admin/webhooks/inboxmessage/"),
        ("promises", "/admin/subscriptions/eventsubsubscription/"),
        ("grants", "/admin/accounts/grant/"),
    ):
        page.goto(quick_start.url + path)
        judge(page, f"{name}-{ending}")
    page.goto(f"{quick_start.url}/settings/tokens/")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("Give it a name")).to_be_visible()
    judge(page, f"tokens-unnamed-{ending}")
    page.get_by_label("Name").fill("my alert box")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_label("Token", exact=True)).to_have_value(re.compile("^swt_"))
    judge(page, f"tokens-{ending}")


def test_pages_of_watching(
    look: tuple[BrowserContext, str], quick_start: Running, strangers: list[str]
) -> None:
    context, ending = look
    page = context.new_page()
    for name, path in (
        ("watch", "/livestream/carla_plays/"),
        ("watch-four", "/livestream/carla_plays/?with=hana_games,tag_tina,emoji_emil"),
    ):
        page.goto(quick_start.url + path)
        expect(page.locator("[data-bit=more] [data-loaded]")).to_have_count(3)
        expect(page.locator("[data-chat] iframe")).to_have_count(1)
        judge(page, f"{name}-{ending}")
    page.goto(f"{quick_start.url}/livestream/topics/")
    topic = page.get_by_role("combobox", name="Topic")
    topic.fill(f"channel.update.{strangers[0]}")
    page.keyboard.press("Enter")
    expect(page.locator("[data-listening] [data-state=listening]")).to_be_visible()
    quick_start.event("channel.update", strangers[0], title=f"Seen at {ending}")
    event = page.locator("[data-console-rows] [data-kind=notification]")
    expect(event).to_be_visible()
    event.scroll_into_view_if_needed()
    judge(page, f"topics-{ending}")
    topic.fill("channel")
    expect(page.get_by_role("option").first).to_be_visible()
    judge(page, f"topics-completed-{ending}")


def test_pages_of_a_visitor(look: tuple[BrowserContext, str], quick_start: Running) -> None:
    context, ending = look
    context.clear_cookies()
    page = context.new_page()
    for name, url in (
        ("landing", quick_start.url),
        ("login", f"{quick_start.url}/accounts/login/"),
        ("allow", f"{quick_start.url}/consent/"),
        ("denied", f"{quick_start.url}/consent/denied/"),
        ("simulator", quick_start.simulator_url),
    ):
        page.goto(url)
        judge(page, f"{name}-{ending}")


def test_the_home_page_of_somebody_new(
    look: tuple[BrowserContext, str], quick_start: Running
) -> None:
    context, ending = look
    context.clear_cookies()
    page = context.new_page()
    page.goto(quick_start.url)
    page.get_by_role("button", name="Log in with Twitch").click()
    expect(page.get_by_role("button", name="Authorize as zoe_quiet", exact=True)).to_be_visible()
    judge(page, f"consent-{ending}")
    page.get_by_role("button", name="Authorize as zoe_quiet", exact=True).click()
    page.wait_for_url(f"{quick_start.url}/home/")
    expect(page.get_by_text("Nobody is watched yet")).to_be_visible()
    judge(page, f"home-empty-{ending}")
