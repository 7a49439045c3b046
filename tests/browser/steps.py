"""Steps of journeys, as a person with a browser takes them."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.starting import Running

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


def activities(page: Page, login: str, kind: str) -> Locator:
    """The rows of one streamer and kind in the panel of activities."""
    return page.locator(f"#activity [data-streamer={login}][data-kind={kind}]")
