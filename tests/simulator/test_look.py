"""The simulator's pages in Chromium: on a phone, in light and dark, by keyboard, for all."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from simulator.testing import Simulator
from tests.simulator.callbacks import Callback, subscribe

ADA = "700000001"
NewPage = Callable[..., Page]


def consent(simulator: Simulator) -> str:
    """The address of the consent page."""
    wish = {
        "client_id": simulator.client_id,
        "redirect_uri": simulator.redirect_uri,
        "response_type": "code",
        "scope": "user:read:email user:read:follows",
        "state": "x",
    }
    return f"{simulator.url}/oauth2/authorize?{urlencode(wish)}"


@pytest.mark.parametrize(("scheme", "width"), [("dark", 390), ("light", 1280)])
def test_pages_fit_and_are_accessible(
    simulator: Simulator, callback: Callback, new_page: NewPage, scheme: str, width: int
) -> None:
    subscribe(simulator, callback, "channel.raid", to_broadcaster_user_id=ADA)
    simulator.control.event("channel.raid", "tag_tina", to="ada_streams", viewers=3)
    page = new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    for address in (simulator.url, f"{simulator.url}/?q=nobody", consent(simulator)):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        report = Axe().run(page)
        assert report.violations_count == 0, report.generate_report()


def test_a_person_makes_something_happen_without_javascript(
    simulator: Simulator, new_page: NewPage
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(simulator.url)
    page.get_by_label("Login or name").fill("hana")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="hana_games").click()
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_role("status")).to_contain_text("Done.")
    expect(page.get_by_role("button", name="Go offline")).to_be_visible()
    expect(page.get_by_role("heading", name="hana_games")).to_be_visible()
    page.get_by_label("Title").fill("<b>new</b>")
    page.get_by_label("Category").select_option("Chess")
    page.get_by_role("button", name="Change the channel").click()
    expect(page.get_by_text("streams Chess now: “<b>new</b>”")).to_be_visible()
    page.get_by_label("Raid whom (login)").fill("nobody_at_all")
    page.get_by_role("button", name="Raid", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("to: nobody is called 'nobody_at_all'")
