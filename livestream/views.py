"""The page of watching, and the parts of it that are read anew or after it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from accounts.requests import ViewerRequest
from accounts.twitch import helix
from livestream.addresses import Embedding, Wish, quoted
from livestream.asking import NoAnswer
from livestream.biggest import biggest
from livestream.channels import find
from livestream.facts import facts_of
from livestream.recent import PARTS, recent
from livestream.watching import cards, live_of, strip, watching
from subscriptions.forms import is_login


def _is_ajax(request: ViewerRequest) -> bool:
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


@require_GET
@login_required
@never_cache
@vary_on_headers("X-Requested-With")
def watch(request: ViewerRequest, login: str = "") -> HttpResponse:
    """What plays and what else is live; 404 for somebody whom Twitch does not know.

    422 with the page for an address of which a part cannot be.
    """
    wish = Wish.read(login, request.GET)
    if login and not wish.logins:
        return _unknown(request, login)
    embedding = Embedding.of(request)
    page = watching(user=request.user, wish=wish, embedding=embedding, twitch=helix())
    if login in page.unknown and not page.slots:
        return _unknown(request, login)
    context = {
        "page": page,
        "parts": PARTS.values(),
        "embedding_trouble": embedding.trouble,
        "is_fragment": _is_ajax(request),
    }
    name = "_watch" if _is_ajax(request) else "watch"
    status = 422 if page.problems else 200
    return render(request, f"livestream/{name}.html", context, status=status)


@require_GET
@login_required
@never_cache
@vary_on_headers("X-Requested-With")
def facts(request: ViewerRequest) -> HttpResponse:
    """What is said of the streams `?login=<login>&with=...` now, and the strip beside them.

    422 for an address of which a part cannot be.
    """
    wish = Wish.read(request.GET.get("login", "").lower(), request.GET)
    found = find(wish.logins, helix())
    wish = wish.of([one.login for one in found.channels])
    now = facts_of(found.channels, helix())
    # After them, so that it knows their viewers.
    beside = strip(live_of(request.user), wish)
    context = {
        "found": beside.now(now, wish),
        "strip": beside,
        "problems": [*wish.problems, *(f"Twitch knows no {quoted(x)}." for x in found.unknown)],
    }
    status = 422 if context["problems"] else 200
    return _part(request, "_facts_of_all", "Live now", context, status=status)


@require_GET
@login_required
@never_cache
@vary_on_headers("X-Requested-With")
def biggest_streams(request: ViewerRequest) -> HttpResponse:
    """The biggest streams, with links for the page that `?login=&with=...` tells of."""
    wish = Wish.read(request.GET.get("login", "").lower(), request.GET)
    try:
        context = {"cards": cards(biggest(helix()), wish)}
    except NoAnswer as error:
        return _no_answer(request, "Biggest streams", str(error))
    return _part(request, "_biggest", "Biggest streams", context)


@require_GET
@login_required
@never_cache
@vary_on_headers("X-Requested-With")
def recent_part(request: ViewerRequest, word: str, login: str) -> HttpResponse:
    """Recordings, clips or the schedule of a channel; 404 for what is unknown."""
    part = PARTS.get(word)
    if part is None or not is_login(login):
        return _unknown(request, login)
    channel = next(iter(find([login], helix()).channels), None)
    if channel is None:
        return _unknown(request, login)
    heading = f"{channel.name}: {part.heading.lower()}"
    if not channel.twitch_id:
        return _no_answer(request, heading, "Twitch gives no answer. Try again in a moment.")
    try:
        context = {"found": recent(part, channel.twitch_id, helix()), "channel": channel}
    except NoAnswer as error:
        return _no_answer(request, heading, str(error))
    return _part(request, f"_{part.word}", heading, context)


def _part(
    request: ViewerRequest, name: str, heading: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The fragment for a script, a page around it for a browser without one."""
    template = f"livestream/{name}.html"
    if not _is_ajax(request):
        context = {**context, "fragment": template, "heading": heading}
        template = "livestream/part.html"
    return render(request, template, context, status=status)


def _no_answer(request: ViewerRequest, heading: str, problem: str) -> HttpResponse:
    return _part(request, "_no_answer", heading, {"problem": problem}, status=503)


def _unknown(request: ViewerRequest, login: str) -> HttpResponse:
    context = {"login": login, "is_login": is_login(login)}
    return render(request, "livestream/unknown.html", context, status=404)
