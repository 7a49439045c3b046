"""Viewers, what they allowed at Twitch, and who of them are operators.

A viewer is found by Twitch id; login, name and picture are refreshed at each login.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.crypto import salted_hmac

from streamwatch.encryption import EncryptedTextField

# What lets us hear who follows a channel, for its streamer and its moderators alone.
FOLLOWERS: Final = "moderator:read:followers"
# What lets us see whom a viewer follows. Every login asks for it, so it alone publishes nothing.
FOLLOWED: Final = "user:read:follows"
# Whom a streamer follows is shown where both are allowed: only /consent/ asks for that.
TO_SHOW_FOLLOWS: Final = frozenset({FOLLOWERS, FOLLOWED})

# JSON's own lookups differ between the databases; as a text, quotes keep a search to whole words.
SCOPES: Final = Cast("scopes", models.TextField())


class UserManager(BaseUserManager["User"]):
    def create_user(self, twitch_id: str, **fields: Any) -> User:
        """A viewer; nobody has a password, Twitch is the only way in."""
        user = self.model(twitch_id=twitch_id, **fields)
        user.set_unusable_password()
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A viewer."""

    twitch_id = models.CharField(max_length=32, unique=True)
    # Not unique: logins are recycled, and the row of the one before keeps his until he returns.
    login = models.CharField(max_length=100, db_index=True)  # make_operator looks here
    display_name = models.CharField(max_length=100)
    picture_url = models.CharField(max_length=500, blank=True)
    # Two viewers may have the same one, and one may have none.
    email = models.EmailField(blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    # Raised to end every session of the viewer; part of the session's hash.
    session_epoch = models.PositiveIntegerField(default=0)
    joined_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "twitch_id"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["login", "display_name"]

    def __str__(self) -> str:
        return self.display_name or self.login

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """Django's hash, of the epoch instead of the password that nobody has."""
        value = f"{self.twitch_id}:{self.session_epoch}"
        return salted_hmac("accounts.session", value, secret=secret, algorithm="sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class GrantNumbers:
    """What the overview says of Grants; `overdue` should have been validated before `before`."""

    active: int
    dead: int
    overdue: int


class GrantQuerySet(models.QuerySet["Grant"]):
    def active(self) -> Self:
        """Those that Twitch has not ended, as far as we know."""
        return self.filter(state=Grant.State.ACTIVE)

    def allowing(self, scope: str) -> Self:
        """Active ones with `scope`. Reads every row that earlier filters leave, by no index."""
        return self.active().alias(_scopes=SCOPES).filter(_scopes__contains=json.dumps(scope))

    def showing_followers(self) -> Self:
        """Active ones by which we may hear who follows a channel."""
        return self.allowing(FOLLOWERS)

    def showing_follows(self) -> Self:
        """Active ones by which we may show whom the viewer follows: both scopes, no mere login."""
        return self.allowing(FOLLOWERS).allowing(FOLLOWED)

    def no_longer_showing_followers(self) -> Self:
        """Dead or narrower now, by which we once might hear who follows a channel."""
        once = self.filter(showed_followers=True).alias(_scopes=SCOPES)
        return once.exclude(state=Grant.State.ACTIVE, _scopes__contains=json.dumps(FOLLOWERS))

    def due(self, now: datetime) -> Self:
        """Those to be validated, the longest due first."""
        return self.filter(due_at__lte=now).order_by("due_at")

    def without_tokens(self) -> Self:
        """For pages: the tokens are not read, and their key may be gone."""
        return self.defer("access_token", "refresh_token")

    def for_overview(self, *, before: datetime) -> GrantNumbers:
        """2 queries: one over all rows, a viewer each, one by the index of `due_at`."""
        counts = {
            state: models.Count("pk", filter=models.Q(state=state)) for state in Grant.State.values
        }
        overdue = self.active().filter(due_at__lt=before).count()
        return GrantNumbers(**self.aggregate(**counts), overdue=overdue)


class Grant(models.Model):
    """A viewer's consent at Twitch: tokens and what they are good for."""

    class State(models.TextChoices):
        ACTIVE = "active", "active"
        DEAD = "dead", "dead"

    class Ending(models.TextChoices):
        NONE = "", "not ended"
        REFUSED = "refused", "Twitch refused the tokens"
        REVOKED = "revoked", "taken back at Twitch"
        WITHDRAWN = "withdrawn", "withdrawn in the settings"

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="grant")
    access_token = EncryptedTextField(blank=True)
    refresh_token = EncryptedTextField(blank=True)
    scopes = models.JSONField(default=list)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    # How it died; "" while it lives.
    ending = models.CharField(max_length=16, choices=Ending.choices, blank=True, default="")
    # Whether it ever had FOLLOWERS; a later login with less does not undo that.
    showed_followers = models.BooleanField(default=False)
    granted_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    validated_at = models.DateTimeField(null=True)
    # When Twitch is to be asked again whether it lives; null for a dead one.
    due_at = models.DateTimeField(null=True, db_index=True)  # GrantQuerySet.due looks here
    # Whose refresh is under way or was never heard of again; "" when none is.
    refresh_claim = models.CharField(max_length=32, blank=True, default="")
    # Nobody else begins a refresh before.
    refresh_until = models.DateTimeField(null=True)
    # Refreshes in a row whose process was never heard of again.
    refresh_doubts = models.PositiveSmallIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["active", "dead"]), name="grant_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(ending__in=["", "refused", "revoked", "withdrawn"]),
                name="grant_ending_known",
            ),
        ]

    def __str__(self) -> str:
        return f"grant of {self.user_id} ({self.state})"


class ModerationQuerySet(models.QuerySet["Moderation"]):
    def showing_followers(self) -> Self:
        """Those whose viewer has a Grant by which we may hear who follows a channel."""
        grants = Grant.objects.showing_followers().filter(user=models.OuterRef("user"))
        return self.filter(models.Exists(grants))


class Moderation(models.Model):
    """A viewer allowed it by a link that names another's channel: probably a moderator there.

    Whether it is so only Twitch knows: it tells the followers of a channel to nobody else.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    # Twitch's id of the channel, for logins are recycled.
    channel_id = models.CharField(max_length=32, db_index=True)  # subscribe() looks here
    named_at = models.DateTimeField()

    objects = ModerationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "channel_id"], name="moderation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} for {self.channel_id}"


class OperatorBinding(models.Model):
    """Which Twitch id an operator's login was bound to, since logins are recycled."""

    class Source(models.TextChoices):
        SETTING = "setting", "OPERATOR_TWITCH_LOGINS"
        COMMAND = "command", "manage.py make_operator"

    login = models.CharField(max_length=100, unique=True)
    twitch_id = models.CharField(max_length=32)
    source = models.CharField(max_length=16, choices=Source.choices)
    bound_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source__in=["setting", "command"]), name="binding_source_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.login} is {self.twitch_id}"


class AppToken(models.Model):
    """The application's token at Twitch, one for all processes."""

    client_id = models.CharField(max_length=100, unique=True)
    token = EncryptedTextField()
    expires_at = models.DateTimeField()
    renewed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"token of {self.client_id} until {self.expires_at}"
