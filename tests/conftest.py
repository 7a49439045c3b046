"""What tests of every folder share: throwaway servers, Chromium, marks and their order."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import hypothesis
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from dev import servers

ROOT = Path(__file__).resolve().parent.parent
FAILURES = ROOT / "var" / "test-failures"
BROWSER_FIXTURES = {"browser", "new_page", "page"}
# They start one of their own, whatever the tests run on.
MARIADB_FIXTURES = {"mariadb_database", "own_mariadb"}
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    # Whatever a page asks for, no test leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
PAGE_TIMEOUT_MS = 10_000
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  window.reportViolation(`${event.effectiveDirective} forbids ${event.blockedURI}`);
});
"""

# How long an example takes says more about the machine than about StreamWatch. What `CI=true`
# chooses besides (the same examples each time) stays.
hypothesis.settings.register_profile(
    "streamwatch", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("streamwatch")

failed_key = pytest.StashKey[bool]()

NewPage = Callable[..., Page]
AllowErrors = Callable[[str], None]


# --- Marks and order


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by where it lies and what it uses, and put those with a browser last.

    Playwright keeps an event loop running in this thread, in which Django's ORM and
    `asyncio.run` refuse to work: once the first browser test has run, no other may follow.
    Those that wait long for killed processes come first, so that others run meanwhile.
    """
    for item in items:
        folder = item.path.relative_to(ROOT / "tests").parts[0]
        names = set(getattr(item, "fixturenames", ()))
        if folder == "browser" or names & BROWSER_FIXTURES:
            item.add_marker(pytest.mark.browser)
        if (ROOT / folder / "models.py").is_file() and not _is_elsewhere(item, names):
            item.add_marker(pytest.mark.sqlite)
    items.sort(key=_turn)


def _is_elsewhere(item: pytest.Item, fixtures: set[str]) -> bool:
    """Whether an app's test has nothing to say on SQLite that it does not say on MariaDB."""
    # What Twitch answers on a bad day does not depend on the database.
    is_about_twitch = item.path.name.startswith("test_bad_")
    # Nor does what follows from many histories; each of them is a hundred tests.
    is_reckoning = item.path.name.endswith("_properties.py")
    marked = any(item.get_closest_marker(name) for name in ("browser", "mariadb"))
    return is_about_twitch or is_reckoning or marked or bool(fixtures & MARIADB_FIXTURES)


def _turn(item: pytest.Item) -> int:
    if item.path.parent.name == "crashes":
        return 0
    return 2 if item.get_closest_marker("browser") else 1


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what says something about MariaDB when the tests run on SQLite."""
    if item.get_closest_marker("mariadb") and not on_mariadb():
        pytest.skip("DATABASE_URL names no MariaDB; `make test` starts one")


def on_mariadb() -> bool:
    """True when the tests' own database is in MariaDB."""
    return os.environ.get("DATABASE_URL", "").startswith("mysql:")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure, so that the page's fixture takes a picture."""
    report = yield
    if report.failed:
        item.stash[failed_key] = True
    return report


# --- Databases and caches


@pytest.fixture(autouse=True, scope="session")
def _like_mysql() -> Iterator[None]:
    """Make MariaDB behave as MySQL 8, which returns no ids of rows inserted in bulk."""
    if not on_mariadb():
        yield
        return
    from django.db.backends.mysql.features import DatabaseFeatures

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseFeatures, "can_return_columns_from_insert", False)
        patch.setattr(DatabaseFeatures, "can_return_rows_from_bulk_insert", False)
        yield


@pytest.fixture(autouse=True, scope="session")
def _plain_static_files() -> Iterator[None]:
    """Static files under their own names, so that nothing has to be collected before."""
    from django.conf import settings
    from django.test import override_settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture(autouse=True, scope="session")
def _without_static_files() -> Iterator[None]:
    """No test client asks for static files, and finding them all costs each one 0.2 s."""
    from django.conf import settings

    kept = [one for one in settings.MIDDLEWARE if not one.startswith("servestatic.")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "MIDDLEWARE", kept)
        yield


@pytest.fixture(autouse=True)
def _empty_cache(request: pytest.FixtureRequest) -> None:
    """No test finds what another one left in the process's cache."""
    if not request.node.get_closest_marker("browser"):
        from django.core.cache import cache

        cache.clear()


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """A MariaDB for processes that tests start: the one of `make test`, else one of its own."""
    given = os.environ.get("TEST_MARIADB_URL")
    with ExitStack() as stack:
        yield given or stack.enter_context(servers.mariadb()).url


@pytest.fixture
def mariadb_database(mariadb_url: str) -> Iterator[str]:
    """The URL of an empty database, dropped after the test."""
    import MySQLdb

    name = f"test_{secrets.token_hex(6)}"
    parts = urlsplit(mariadb_url)
    connection = MySQLdb.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        connect_timeout=5,
        autocommit=True,
    )
    try:
        connection.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        yield parts._replace(path=f"/{name}").geturl()
        connection.query(f"DROP DATABASE {name}")
    finally:
        connection.close()


@pytest.fixture
def own_mariadb() -> Iterator[servers.MariaDB]:
    """A MariaDB of this test alone, to be stopped, killed and started again."""
    with servers.mariadb() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis for processes that tests start: the one of `make test`, else one of its own."""
    given = os.environ.get("TEST_REDIS_URL")
    with ExitStack() as stack:
        yield given or stack.enter_context(servers.redis()).url


@pytest.fixture
def own_redis() -> Iterator[servers.Redis]:
    """A Redis of this test alone, to be stopped, killed and started again."""
    with servers.redis() as server:
        yield server


# --- Chromium; browser tests speak HTTP only


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver, from the first browser test to the end."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium; Playwright brings none."""
    with playwright.chromium.launch(
        executable_path=servers.found("chromium"), args=CHROMIUM_OPTIONS
    ) as chromium:
        yield chromium


class Watch:
    """What went wrong in the pages of one test."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.allowed: list[str] = []

    def follow(self, page: Page) -> None:
        """Note errors in the page's console, uncaught exceptions and violations of the CSP."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"{page.url}: {error}"))
        page.expose_binding(
            "reportViolation",
            lambda source, text: self.errors.append(f"{source['page'].url}: CSP: {text}"),
        )
        page.add_init_script(REPORT_VIOLATIONS)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.location['url']}: {message.text}")

    def unexpected(self) -> list[str]:
        """The errors that match no allowed pattern."""
        return [
            error
            for error in self.errors
            if not any(re.search(pattern, error) for pattern in self.allowed)
        ]


@pytest.fixture
def watch() -> Watch:
    """The watch over this test's pages, for tests that look at the errors themselves."""
    return Watch()


@pytest.fixture
def allow_errors(watch: Watch) -> AllowErrors:
    """`allow_errors("status of 404")`: errors that match this pattern do not fail the test."""
    return watch.allowed.append


@pytest.fixture
def new_page(browser: Browser, watch: Watch, request: pytest.FixtureRequest) -> Iterator[NewPage]:
    """`new_page(**options)`: a page in a fresh context, as of another person's browser.

    The options are those of Playwright's `new_context`. At the end errors in any page fail the
    test; pictures of a failed test's pages lie in var/test-failures.
    """
    pages: list[Page] = []

    def make(**options: Any) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(PAGE_TIMEOUT_MS)
        page = context.new_page()
        watch.follow(page)
        pages.append(page)
        return page

    yield make
    for page in pages:
        if not page.is_closed():
            # An answer from the page comes after the errors it had before.
            page.title()
    unexpected = watch.unexpected()
    if unexpected or request.node.stash.get(failed_key, False):
        take_pictures(request.node.nodeid, pages)
    for page in pages:
        page.context.close()
    assert not unexpected, "Errors in the browser:\n" + "\n".join(unexpected)


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A fresh page; see `new_page`."""
    return new_page()


def take_pictures(test: str, pages: list[Page]) -> None:
    """Save what a failed test's pages show, named after the test."""
    FAILURES.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9]+", "-", test.removeprefix("tests/"))[:150]
    for number, page in enumerate(pages, 1):
        if not page.is_closed():
            page.screenshot(path=FAILURES / f"{name}-{number}.png", full_page=True)
