"""Who is an operator.

A login named in OPERATOR_TWITCH_LOGINS is bound to the Twitch id of the first who logs in with
it, for Twitch gives logins of closed or renamed accounts to others. `manage.py make_operator`
binds too, and lasts whatever the setting says.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from accounts.models import OperatorBinding, User

logger = logging.getLogger(__name__)


class NoSuchViewer(Exception):
    """Nobody with this login has logged in yet."""


def follow_bindings(user: User) -> None:
    """Make `user` an operator, or none any more, as the bindings and the setting say.

    To be called at each login, with the user's row locked. Two or three queries.
    """
    names = settings.OPERATOR_TWITCH_LOGINS
    if user.login in names:
        binding, is_new = OperatorBinding.objects.get_or_create(
            login=user.login,
            defaults={"twitch_id": user.twitch_id, "source": OperatorBinding.Source.SETTING},
        )
        if is_new:
            logger.warning("operator: %s is bound to Twitch id %s", user.login, user.twitch_id)
        elif binding.twitch_id != user.twitch_id:
            logger.warning(
                "no operator: %s has Twitch id %s now, but is bound to %s;"
                " `manage.py make_operator %s` binds it anew",
                *(user.login, user.twitch_id, binding.twitch_id, user.login),
            )
    counts = Q(source=OperatorBinding.Source.COMMAND) | Q(login__in=names)
    is_operator = OperatorBinding.objects.filter(counts, twitch_id=user.twitch_id).exists()
    _set(user, is_operator=is_operator)


def make_operator(*, login: str) -> tuple[User, bool]:
    """Make the viewer with this login an operator for good; and whether anything changed.

    Of two viewers with one login (it was recycled) the one who logged in last is meant.

    Raises:
        NoSuchViewer: nobody with this login has logged in yet.
    """
    login = login.strip().removeprefix("@").lower()
    with transaction.atomic():
        viewers = User.objects.select_for_update().filter(login=login)
        user = viewers.order_by(F("last_login").desc(nulls_last=True), "-pk").first()
        if user is None:
            raise NoSuchViewer(login)
        wanted = {"twitch_id": user.twitch_id, "source": OperatorBinding.Source.COMMAND}
        is_bound = OperatorBinding.objects.filter(login=login, **wanted).exists()
        was_operator = user.is_staff and user.is_superuser
        OperatorBinding.objects.update_or_create(login=login, defaults=wanted)
        _set(user, is_operator=True)
    return user, not (is_bound and was_operator)


def _set(user: User, *, is_operator: bool) -> None:
    if (user.is_staff, user.is_superuser) != (is_operator, is_operator):
        user.is_staff = user.is_superuser = is_operator
        user.save(update_fields=["is_staff", "is_superuser"])
