"""What a login at Twitch writes."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.granting import Consent, keep_grant, note_moderation
from accounts.models import User
from accounts.operators import follow_bindings
from streamwatch.twitch.payloads import Profile

LONGEST_ADDRESS = 254  # EmailField's column


def log_in(
    *, profile: Profile, consent: Consent, channel_id: str = "", is_last: bool = True
) -> User:
    """The viewer with the profile's Twitch id, new or refreshed, with Grant and rights.

    `channel_id` is whose channel the link to the consent named. Somebody who is switched off is
    refreshed, but gets neither. About eight queries, in one transaction.

    Raises:
        accounts.granting.Lacking: unless `is_last`, see `keep_grant()`. Nothing is written.
    """
    with transaction.atomic():
        user = _refreshed(profile)
        if user.is_active:
            follow_bindings(user)
            keep_grant(user=user, consent=consent, is_last=is_last)
            note_moderation(user=user, channel_id=channel_id)
    return user


def _refreshed(profile: Profile) -> User:
    values = {
        "login": _fitting(profile.login, 100).lower(),
        "display_name": _fitting(profile.display_name or profile.login, 100),
        "picture_url": _web_address(profile.picture_url),
        "email": _address(profile.email),
    }
    user, is_new = User.objects.get_or_create(
        twitch_id=profile.twitch_id, defaults={**values, "password": "!"}
    )
    user = User.objects.select_for_update().get(pk=user.pk)
    if is_new:
        user.set_unusable_password()
    for name, value in values.items():
        setattr(user, name, value)
    user.save(update_fields=[*values, "password"])
    return user


def _fitting(text: str, length: int) -> str:
    """Cut to the column; half of a surrogate pair, which no database keeps, is dropped."""
    return text.encode("utf-8", "ignore").decode()[:length]


def _web_address(text: str) -> str:
    """An address of a picture, or "": one that is cut leads nowhere."""
    try:
        is_one = urlsplit(text).scheme in ("http", "https") and len(text) <= 500 and text.isascii()
    except ValueError:
        return ""
    return text if is_one else ""


def _address(text: str) -> str:
    text = _fitting(text, LONGEST_ADDRESS + 1)
    try:
        validate_email(text)
    except ValidationError:
        return ""
    return text if len(text) <= LONGEST_ADDRESS else ""
