"""What all processes share that belongs to no app: leases, and whose Twitch the data is of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import IntegrityError, models, transaction
from django.utils import timezone


class LeaseQuerySet(models.QuerySet["Lease"]):
    def take(self, name: str, *, lifetime: timedelta) -> str:
        """Take the lease `name` for `lifetime`; its token, or "" while somebody else has it.

        One or two queries, no lock is held afterwards. Harmless to lose: it ends by itself.
        """
        now, token = timezone.now(), uuid4().hex
        values = {"holder": token, "until": now + lifetime}
        if self.filter(name=name, until__lte=now).update(**values):
            return token
        if self.filter(name=name).exists():
            return ""
        try:
            with transaction.atomic():
                self.create(name=name, **values)
        except IntegrityError:  # Another process was faster.
            return ""
        return token

    def give_back(self, name: str, token: str) -> None:
        """End the lease early, if it is still ours."""
        self.filter(name=name, holder=token).update(until=timezone.now())

    def for_overview(self, names: Collection[str]) -> dict[str, datetime]:
        """Until when each of these was last held; one that was given back ended then (1 query)."""
        return dict(self.filter(name__in=names).values_list("name", "until"))


class Lease(models.Model):
    """Who may do something that only one process at a time should do, and until when."""

    name = models.CharField(max_length=100, unique=True)
    holder = models.CharField(max_length=32)
    until = models.DateTimeField()

    objects = LeaseQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} until {self.until}"


class Origin(models.Model):
    """Which Twitch the data is of; one row. Ids of the local Twitch may be a real one's."""

    twitch_api_url = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.twitch_api_url
