"""Viewers with Grants that the simulator gave, and what it is asked about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from unittest.mock import patch

from django.utils import timezone

from accounts.granting import Consent, keep_grant
from accounts.models import Grant, User
from simulator.local_twitch import LocalTwitch
from simulator.testing import Simulator
from tests.factories import make_user

ADA, BOB = "700000001", "700000002"
IDS = {"ada_streams": ADA, "bob_watches": BOB}
SCOPES = ("user:read:email", "user:read:follows")


def granted(simulator: Simulator, login: str = "ada_streams", *scopes: str) -> User:
    """A viewer who has logged in, with the tokens that the simulator gave."""
    given = simulator.log_in(login, *(scopes or SCOPES))
    user = User.objects.filter(twitch_id=IDS[login]).first()
    user = user or make_user(twitch_id=IDS[login], login=login)
    keep_grant(user=user, consent=consent_of(given))
    return user


def consent_of(given: dict[str, object]) -> Consent:
    """What a login would keep of the token endpoint's answer."""
    scopes = given["scope"]
    assert isinstance(scopes, list)
    return Consent(
        access_token=str(given["access_token"]),
        refresh_token=str(given["refresh_token"]),
        scopes=scopes,
        expires_at=timezone.now() + timedelta(hours=4),
    )


def grant_of(user: User) -> Grant:
    """As the database has it now."""
    return Grant.objects.get(user=user)


def assert_ended(user: User, ending: Grant.Ending) -> None:
    """The Grant is dead of `ending`, no token is left, and the viewer's sessions are over."""
    grant = grant_of(user)
    assert (grant.state, grant.ending) == (Grant.State.DEAD, ending)
    assert (grant.access_token, grant.refresh_token) == ("", "")
    assert (grant.due_at, grant.refresh_claim) == (None, "")
    epoch = User.objects.get(pk=user.pk).session_epoch
    assert epoch == user.session_epoch + 1


@contextmanager
def refreshes(simulator: Simulator) -> Iterator[list[str]]:
    """The refresh tokens that reach the simulator in the block, in their order."""
    sent: list[str] = []

    def watched(twitch: LocalTwitch) -> None:
        really = twitch.tokens.refresh

        def refresh(refresh_token: str) -> dict[str, object]:
            sent.append(refresh_token)
            return really(refresh_token)

        stack.enter_context(patch.object(twitch.tokens, "refresh", refresh))

    with ExitStack() as stack:
        simulator.inside(watched)
        yield sent
