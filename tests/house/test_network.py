"""Every network call names how long it waits."""

from __future__ import annotations

import ast

import pytest

from tests.house.reading import assert_nothing, calls, findings, name, nodes, python

VERBS = {"get", "post", "put", "patch", "delete", "head", "options", "request", "stream"}
MODULES = {"httpx", "requests"}
CLIENTS = {
    *("httpx.Client", "httpx.AsyncClient", "requests.Session", "urllib.request.urlopen"),
    *("http.client.HTTPConnection", "http.client.HTTPSConnection", "smtplib.SMTP"),
    *("socket.create_connection", "redis.Redis", "redis.asyncio.Redis", "MySQLdb.connect"),
}


def full_names(text: str) -> dict[str, str]:
    """What the imported names stand for: `Client` for `httpx.Client`."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in nodes(text, ast.ImportFrom)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def is_network(called: str) -> bool:
    """True for what opens a connection, by its full name."""
    module, _, verb = called.rpartition(".")
    return (module in MODULES and verb in VERBS) or called in CLIENTS or verb == "from_url"


def without_timeout(text: str) -> list[str]:
    known = full_names(text)

    def full(called: str) -> str:
        first, dot, rest = called.partition(".")
        return f"{known.get(first, first)}{dot}{rest}"

    return [
        f"{call.lineno}: {name(call.func)}"
        for call in calls(text)
        if is_network(full(name(call.func)))
        and not any("timeout" in (word.arg or "") for word in call.keywords)
    ]


def test_every_network_call_names_a_timeout() -> None:
    assert_nothing(findings(python(tests=False), without_timeout))


@pytest.mark.parametrize(
    "bad",
    [
        "httpx.Client()",
        "httpx.AsyncClient(base_url=url)",
        "httpx.post(url, json={})",
        "requests.get(url)",
        "urllib.request.urlopen(url)",
        "http.client.HTTPConnection('localhost', 80)",
        "socket.create_connection(('localhost', 80))",
        "redis.Redis.from_url(url)",
        "MySQLdb.connect(host=host)",
        "from httpx import AsyncClient as Client\nClient()",
        "from urllib.request import urlopen\nurlopen(url)",
        "from urllib import request\nrequest.urlopen(url)",
        "from redis import asyncio as redis\nredis.Redis()",
    ],
)
def test_a_call_without_timeout_is_found(bad: str) -> None:
    assert len(without_timeout(bad)) == 1


@pytest.mark.parametrize(
    "good",
    [
        "httpx.Client(timeout=5)",
        "redis.asyncio.Redis.from_url(url, socket_timeout=0.5)",
        "self.client.get('/home/')",
        "given.get('name')",
        "class Redis: pass\nRedis(held)",
    ],
)
def test_a_call_with_timeout_is_let_be(good: str) -> None:
    assert without_timeout(good) == []
