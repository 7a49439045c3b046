"""What id.twitch.tv could answer on a bad day: no half state, and one line in the log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AppToken, Grant, User
from accounts.refreshing import GrantTokens
from accounts.twitch import helix, oauth
from accounts.validating import validate_due
from accounts.withdrawing import withdraw
from simulator.testing import Simulator
from streamwatch.models import Lease
from streamwatch.twitch.errors import TwitchError
from tests.accounts.bad_day import (
    BAD_HELIX,
    BAD_OAUTH,
    ODD,
    SLOW_SECONDS,
    bad_answer,
    begin_anew,
    count,
    lines,
)
from tests.accounts.dance import Dancer, local_twitch
from tests.accounts.grants import assert_ended, grant_of, granted

pytestmark = pytest.mark.django_db
TOKEN, VALIDATE, REVOKE = "/oauth2/token", "/oauth2/validate", "/oauth2/revoke"
USERS = "/helix/users"


@pytest.fixture(scope="module")
def used_again() -> Iterator[Simulator]:
    with local_twitch(slow_seconds=SLOW_SECONDS) as started:
        yield started
        helix().close()
        oauth().close()


@pytest.fixture
def simulator(used_again: Simulator) -> Simulator:
    begin_anew(used_again)
    return used_again


def free_leases() -> bool:
    """Whether whoever comes next need not wait."""
    return not Lease.objects.filter(until__gt=timezone.now()).exists()


@pytest.mark.parametrize("fault", BAD_OAUTH)
def test_a_first_application_token(simulator: Simulator, fault: str) -> None:
    with bad_answer(simulator, fault, TOKEN) as found, pytest.raises(TwitchError):
        helix().profiles(logins=["ada_streams"])
    # It is raised: whoever wanted to ask says what could not be asked.
    assert found == []
    assert not AppToken.objects.exists()
    assert free_leases()
    assert helix().profiles(logins=["ada_streams"])


@pytest.mark.parametrize("fault", BAD_OAUTH)
def test_an_application_token_near_its_end(simulator: Simulator, fault: str) -> None:
    helix().profiles(logins=["ada_streams"])
    before = AppToken.objects.get().token
    now = timezone.now()
    AppToken.objects.update(
        renewed_at=now - timedelta(days=1), expires_at=now + timedelta(minutes=5)
    )
    with bad_answer(simulator, fault, TOKEN) as found:
        assert helix().profiles(logins=["ada_streams"])
    (line,) = found
    assert "app token could not be renewed" in line
    assert AppToken.objects.get().token == before
    assert free_leases()


@pytest.mark.parametrize("fault", BAD_OAUTH)
def test_a_refresh(simulator: Simulator, fault: str) -> None:
    user = granted(simulator)
    before = grant_of(user)
    tokens = GrantTokens(user_id=user.pk, oauth=oauth())
    with bad_answer(simulator, fault, TOKEN) as found, pytest.raises(TwitchError):
        tokens.renew(before.access_token)
    assert found == []
    after = grant_of(user)
    assert (after.state, after.refresh_claim) == (Grant.State.ACTIVE, "")
    assert (after.access_token, after.refresh_token) == (before.access_token, before.refresh_token)


@pytest.mark.parametrize("path", [VALIDATE, TOKEN])
@pytest.mark.parametrize("fault", BAD_OAUTH)
def test_a_validation_and_the_refresh_in_it(simulator: Simulator, fault: str, path: str) -> None:
    user = granted(simulator)
    before = grant_of(user)
    Grant.objects.update(due_at=timezone.now())
    if path == TOKEN:
        simulator.control.fault("expire_tokens")
    with bad_answer(simulator, fault, path) as found:
        validate_due(oauth=oauth())
    (line,) = found
    assert "put off" in line
    after = grant_of(user)
    assert (after.state, after.refresh_claim) == (Grant.State.ACTIVE, "")
    assert (after.access_token, after.refresh_token) == (before.access_token, before.refresh_token)
    assert after.due_at is not None
    assert timedelta(0) < after.due_at - timezone.now() < timedelta(minutes=5)


@pytest.mark.parametrize("fault", BAD_OAUTH)
def test_a_withdrawal(simulator: Simulator, fault: str) -> None:
    user = granted(simulator)
    with bad_answer(simulator, fault, REVOKE) as found:
        is_told = withdraw(user=user, oauth=oauth())
    assert_ended(user, Grant.Ending.WITHDRAWN)
    # Of this answer the body says nothing: what came of it is known by its status.
    if fault in ("oauth_garbage", "half_body"):
        assert (is_told, found) == (True, [])
        return
    assert not is_told
    (line,) = found
    assert "Twitch could not be told" in line


@pytest.mark.parametrize(
    ("path", "fault"),
    [(TOKEN, fault) for fault in BAD_OAUTH] + [(USERS, fault) for fault in BAD_HELIX],
)
def test_a_login(simulator: Simulator, path: str, fault: str) -> None:
    browser = Dancer()
    back = browser.consent(browser.set_out(), "ada_streams")
    with bad_answer(simulator, fault, path) as found:
        assert browser.get(back).status_code == 503
    (line,) = found
    assert line.startswith("accounts.adapters: login: Twitch is down")
    assert count(User, Grant) == [0, 0]
    # A bucket that was emptied fills within a minute.
    simulator.inside(lambda twitch: twitch.buckets.fill())
    assert browser.log_in_as("ada_streams").status_code == 302


@pytest.mark.parametrize("path", [TOKEN, USERS])
@pytest.mark.parametrize("fault", ODD)
def test_a_login_with_odd_answers(simulator: Simulator, path: str, fault: str) -> None:
    browser = Dancer()
    back = browser.consent(browser.set_out(), "ada_streams")
    with bad_answer(simulator, fault, path) as found:
        assert browser.get(back).status_code == 302
    assert found == []
    viewer = browser.viewer()
    assert viewer is not None
    assert viewer.display_name in ("Ada_Streams", "ada_streams")
    assert grant_of(viewer).access_token


@pytest.mark.parametrize("path", [VALIDATE, TOKEN])
@pytest.mark.parametrize("fault", ODD)
def test_a_validation_with_odd_answers(simulator: Simulator, path: str, fault: str) -> None:
    user = granted(simulator)
    Grant.objects.update(due_at=timezone.now())
    if path == TOKEN:
        simulator.control.fault("expire_tokens")
    with bad_answer(simulator, fault, path) as found:
        validate_due(oauth=oauth())
    assert found == []
    after = grant_of(user)
    assert after.state == Grant.State.ACTIVE
    assert after.due_at is not None
    assert after.due_at - timezone.now() > timedelta(minutes=30)


def test_a_good_answer_leaves_no_line(simulator: Simulator) -> None:
    with lines() as found:
        assert Dancer().log_in_as("ada_streams").status_code == 302
    assert (found, count(User, Grant)) == ([], [1, 1])
