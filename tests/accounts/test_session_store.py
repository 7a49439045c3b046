"""A logout is never undone, whatever becomes of Redis: a real one, killed and started again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client, override_settings
from django_redis import get_redis_connection
from django_redis.cache import RedisCache

from accounts.models import User
from accounts.session_store import SessionStore
from accounts.sessions import viewer_of_session
from dev.servers import Redis
from tests.accounts.dance import Dancer, local_twitch
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_sessions_in_redis")]


@pytest.fixture
def _sessions_in_redis(own_redis: Redis) -> Iterator[None]:
    options = {
        "IGNORE_EXCEPTIONS": True,
        "SOCKET_CONNECT_TIMEOUT": 0.2,
        "SOCKET_TIMEOUT": 0.2,
    }
    caches = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": own_redis.url,
            "OPTIONS": options,
        }
    }
    with override_settings(CACHES=caches, SESSION_ENGINE="accounts.session_store"):
        yield


@contextmanager
def away(redis: Redis) -> Iterator[None]:
    """Redis is gone for the block, and comes back with what it knew before."""
    get_redis_connection().save()
    redis.kill()
    try:
        yield
    finally:
        redis.start()


def log_in(user: User) -> str:
    """The key of a new session, which is in the database and in Redis."""
    client = Client()
    client.force_login(user)
    key = client.cookies["sessionid"].value
    assert is_in(key)
    return key


def log_out(key: str, url: str = "/accounts/logout/") -> None:
    assert with_cookie(key).post(url).status_code < 400


def with_cookie(key: str) -> Client:
    client = Client()
    client.cookies["sessionid"] = key
    return client


def is_in(key: str) -> bool:
    """Whether a browser that shows this key is let in; Django and the live paths agree."""
    is_viewer = viewer_of_session(key) is not None
    assert (with_cookie(key).get("/home/").status_code == 200) is is_viewer
    return is_viewer


def test_a_logout_ends_one_session() -> None:
    user = make_user()
    here, there = log_in(user), log_in(user)
    log_out(here)
    assert not is_in(here)
    assert is_in(there)
    user.refresh_from_db()
    assert user.session_epoch == 0


def test_a_session_is_read_from_redis_alone(django_assert_num_queries: Any) -> None:
    key = log_in(make_user())
    with django_assert_num_queries(1):  # user
        viewer_of_session(key)


@pytest.mark.parametrize("url", ["/accounts/logout/", "/admin/logout/"])
def test_a_logout_while_redis_is_away_holds_when_it_is_back(own_redis: Redis, url: str) -> None:
    user = make_user(is_staff=True)
    key = log_in(user)
    with away(own_redis):
        log_out(key, url)
        assert not is_in(key)
    # Redis has brought back the copy, which would count again but for the epoch.
    assert SessionStore(key).get("_auth_user_id") == str(user.pk)
    assert not is_in(key)
    user.refresh_from_db()
    assert user.session_epoch == 1


def test_pages_go_on_while_redis_is_away(own_redis: Redis) -> None:
    key = log_in(make_user())
    with away(own_redis):
        assert is_in(key)
    assert is_in(key)


def test_a_session_that_had_ended_does_not_end_the_next_one(own_redis: Redis) -> None:
    user = make_user()
    first, second = log_in(user), log_in(user)
    with away(own_redis):
        log_out(first)
        user.refresh_from_db()
        third = log_in(user)
        # The epoch has ended it too; that Redis cannot be told of this matters to nobody.
        assert not is_in(second)
        assert is_in(third)
    assert is_in(third)
    assert not is_in(first)
    assert not is_in(second)


def test_redis_that_comes_back_empty_logs_nobody_out(own_redis: Redis) -> None:
    key = log_in(make_user())
    own_redis.kill()
    own_redis.start()
    assert is_in(key)


def test_logging_in_again_while_redis_is_away_works(own_redis: Redis) -> None:
    """allauth ends the session of before, which raises the epoch, and begins the next."""
    with local_twitch():
        browser = Dancer()
        browser.log_in_as("ada_streams")
        own_redis.kill()
        browser.log_in_as("ada_streams")
    assert browser.get("/home/").status_code == 200


def test_a_page_read_during_the_logout_does_not_bring_it_back() -> None:
    key = log_in(make_user())
    cache.clear()
    read = SessionStore._get_session_from_db
    interruptions = iter([True])

    def interrupted(store: SessionStore) -> Any:
        row = read(store)
        if next(interruptions, False):
            log_out(key)
        return row

    with patch.object(SessionStore, "_get_session_from_db", interrupted):
        viewer_of_session(key)
    assert next(interruptions, None) is None
    assert not is_in(key)


def test_a_page_written_during_the_logout_does_not_bring_it_back() -> None:
    key = log_in(make_user())
    store = SessionStore(key)
    store["seen"] = "something"
    copy = cache.set

    def interrupted(*args: Any, **options: Any) -> Any:
        Session.objects.all().delete()
        cache.delete(store.cache_key)
        return copy(*args, **options)

    with patch.object(RedisCache, "set", side_effect=interrupted):
        store.save()
    assert not is_in(key)
