"""A streamer allows followers to be seen, and takes it back, in Chromium."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.starting import Running


def test_a_streamer_allows_it_and_takes_it_back(page: Page, quick_start: Running) -> None:
    url = quick_start.url
    page.goto(f"{url}/consent/")
    page.get_by_role("button", name="Allow at Twitch").click()
    expect(page.get_by_text("see who follows your channel")).to_be_visible()
    page.get_by_role("button", name="Authorize as dan_plays", exact=True).click()
    page.wait_for_url(f"{url}/consent/thanks/")
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()

    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_text("see who follows your channel")).to_be_visible()
    page.get_by_role("link", name="Withdraw it").click()
    page.get_by_role("button", name="Withdraw").click()
    page.wait_for_url(f"{url}/")
    expect(page.locator("[data-toasts]")).to_contain_text("You withdrew what you had allowed")
    page.goto(f"{url}/settings/")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_no_at_twitch_is_said(page: Page, quick_start: Running) -> None:
    page.goto(f"{quick_start.url}/consent/")
    page.get_by_role("button", name="Allow at Twitch").click()
    page.locator("button[name=deny]").click()
    page.wait_for_url(f"{quick_start.url}/consent/denied/")
    expect(page.get_by_text("You said no at Twitch")).to_be_visible()
