"""What is looked at before a process starts: that the database is ours and fits."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError, OperationalError, connection

from streamwatch.environment import refusal
from streamwatch.models import Origin

logger = logging.getLogger(__name__)
COLLATION = "utf8mb4_bin"


def refuse_wrong_database() -> None:
    """End the start with a sentence when the data cannot be ours (at most 3 queries).

    A database that is away is no reason: the process serves what it can until it is back.
    """
    try:
        _refuse_collation()
        _refuse_origin()
    except OperationalError as error:
        if "no such table" in str(error):
            raise refusal("the database has no tables: run `manage.py migrate`.") from None
        logger.warning("database away at the start: %s", error)
    except DatabaseError:
        raise refusal("the database has no tables: run `manage.py migrate`.") from None
    finally:
        connection.close()


def _refuse_collation() -> None:
    if connection.vendor != "mysql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@collation_database")
        collation = cursor.fetchone()[0]
    if collation != COLLATION:
        raise refusal(
            f"the database's collation is {collation}, which takes different names for the same:"
            f" ALTER DATABASE ... CHARACTER SET utf8mb4 COLLATE {COLLATION} before migrating."
        )


def _refuse_origin() -> None:
    stored = Origin.objects.order_by("pk").first()
    if stored is None:
        Origin.objects.create(twitch_api_url=settings.TWITCH_API_URL)
    elif _kind(stored.twitch_api_url) != _kind(settings.TWITCH_API_URL):
        raise refusal(
            f"the database holds data of {stored.twitch_api_url}, and TWITCH_API_URL is"
            f" {settings.TWITCH_API_URL}: the same id may be another person there. Use another"
            " DATABASE_URL."
        )


def _kind(url: str) -> str:
    """The local Twitch is the same world whatever its port."""
    return "local" if url.startswith(("http://localhost:", "http://127.0.0.1:")) else url
