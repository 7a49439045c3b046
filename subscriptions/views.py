"""Search, verification, and the panel of subscriptions. Each page has a fragment for AJAX."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from accounts.requests import ViewerRequest
from accounts.twitch import helix
from streamwatch.twitch.errors import TwitchError
from subscriptions.forms import SearchForm, SubscribeForm
from subscriptions.models import Subscription
from subscriptions.panel import panel_for
from subscriptions.searching import find_channels
from subscriptions.subscribing import (
    AnotherAccount,
    StreamerNotFound,
    SubscriptionNotFound,
    subscribe,
)
from subscriptions.subscribing import unsubscribe as end_subscription
from subscriptions.troubles import beside_field
from subscriptions.verifying import look_up

logger = logging.getLogger(__name__)

CHECK_AGAIN = "Check that this is the right one, then subscribe."


def _is_ajax(request: ViewerRequest) -> bool:
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


@require_GET
@login_required
@never_cache
@vary_on_headers("X-Requested-With")
def search(request: ViewerRequest) -> HttpResponse:
    """Channels that match `?q=`; 422 for words that cannot be searched, 503 without Twitch."""
    form = SearchForm(request.GET)
    context: dict[str, Any] = {"form": form, "candidates": [], "problem": "", "query": ""}
    status = 200
    if not form.is_valid():
        status = 422
    elif query := form.cleaned_data["q"]:
        context["query"] = query
        try:
            context["candidates"] = find_channels(user=request.user, query=query, twitch=helix())
        except TwitchError as error:
            logger.warning("search failed: %s", error)
            context["problem"], status = beside_field(error), 503
    name = "_search_results" if _is_ajax(request) else "search"
    return render(request, f"subscriptions/{name}.html", context, status=status)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
@vary_on_headers("X-Requested-With")
def verify(request: ViewerRequest, login: str) -> HttpResponse:
    """GET asks whether this is the one, POST subscribes to it."""
    login = login.lower()
    if request.method == "POST":
        return _subscribe(request, login)
    return _verification(request, login)


def _verification(
    request: ViewerRequest, login: str, *, problem: str = "", status: int = 200
) -> HttpResponse:
    """The verification of `login`; 404 when Twitch does not know it, 503 without Twitch."""
    context: dict[str, Any] = {"channel": None, "login": login, "problem": problem}
    try:
        found = look_up(user=request.user, login=login, twitch=helix())
    except StreamerNotFound:
        context["problem"], status = _unknown(login), 404
    except TwitchError as error:
        logger.warning("verification of %r failed: %s", login, error)
        context["problem"], status = problem or beside_field(error), 503
    else:
        context |= {
            "channel": found.channel,
            "login": found.channel.login,
            "already_subscribed": found.already_subscribed,
            "is_self": found.is_self,
        }
        if found.former_login:
            renamed = f"{found.former_login} is now called {found.channel.login}."
            context["problem"] = f"{renamed} {problem}".rstrip()
    return _shown(request, context, status)


def _shown(request: ViewerRequest, context: dict[str, Any], status: int) -> HttpResponse:
    name = "_verify" if _is_ajax(request) else "verify"
    return render(request, f"subscriptions/{name}.html", context, status=status)


def _unknown(login: str) -> str:
    # Isolated, for it may be written from right to left.
    return (
        f"Twitch knows no channel called “\u2068{login[:100]}\u2069”. "
        "Check the spelling; it may also have been renamed or closed."
    )


def _subscribe(request: ViewerRequest, login: str) -> HttpResponse:
    """Subscribe to the account that was shown; else show the verification again (409, 422)."""
    form = SubscribeForm(request.POST)
    if not form.is_valid():
        return _verification(request, login, problem=CHECK_AGAIN, status=422)
    twitch_id = form.cleaned_data["twitch_id"]
    already = Subscription.objects.of(request.user).filter(streamer__twitch_id=twitch_id).first()
    if already is not None:
        return _already_subscribed(request, login, already)
    try:
        subscription = subscribe(
            user=request.user, login=login, twitch_id=twitch_id, twitch=helix()
        )
    except AnotherAccount:
        problem = f"“{login}” belongs to another account now. {CHECK_AGAIN}"
        return _verification(request, login, problem=problem, status=409)
    except StreamerNotFound:
        return _verification(request, login, status=409)
    except TwitchError as error:
        logger.warning("subscribing to %r failed: %s", login, error)
        # Not looked up again: Twitch has been waited for once.
        context = {"channel": None, "login": login, "problem": beside_field(error)}
        return _shown(request, context, 503)
    if _is_ajax(request):
        return _rows(request, status=201)
    messages.success(request, f"Subscribed to {subscription.streamer.display_name}")
    return redirect("home")


def _already_subscribed(
    request: ViewerRequest, login: str, subscription: Subscription
) -> HttpResponse:
    problem = f"You are already subscribed to {subscription.streamer.display_name}."
    if _is_ajax(request):
        return _verification(request, login, problem=problem)
    messages.info(request, problem)
    return redirect("home")


@require_GET
@login_required
@never_cache
def subscription_rows(request: ViewerRequest) -> HttpResponse:
    """The panel's rows as a fragment."""
    return _rows(request)


def _rows(request: ViewerRequest, status: int = 200) -> HttpResponse:
    context = {"panel": panel_for(request.user)}
    return render(request, "subscriptions/_rows.html", context, status=status)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def unsubscribe(request: ViewerRequest, pk: int) -> HttpResponse:
    """GET asks once more, POST ends the viewer's subscription; 404 for anybody else's."""
    mine = Subscription.objects.of(request.user).select_related("streamer")
    subscription = get_object_or_404(mine, pk=pk)
    if request.method == "GET":
        context = {"subscription": subscription}
        return render(request, "subscriptions/unsubscribe.html", context)
    try:
        end_subscription(user=request.user, subscription_id=pk)
    except SubscriptionNotFound as error:
        raise Http404 from error
    if _is_ajax(request):
        return _rows(request)
    messages.success(request, f"Unsubscribed from {subscription.streamer.display_name}")
    return redirect("home")
