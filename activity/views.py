"""The home page and the part of it that is read anew; the streamers' pages."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.requests import ViewerRequest
from activity.chapters import last_broadcasts
from activity.feed import newest_for, newest_of
from activity.models import Activity
from activity.rings import polled_seconds
from subscriptions.consenting import consent_link
from subscriptions.coverage import Code, Coverage, coverage_of
from subscriptions.forms import SearchForm, is_login
from subscriptions.models import Streamer, Subscription
from subscriptions.panel import panel_for, states_of


@require_GET
@login_required
@never_cache
def home(request: ViewerRequest) -> HttpResponse:
    """The viewer's subscriptions with their states, the newest activities, the search box."""
    activities = newest_for(request.user)
    context = {
        "panel": panel_for(request.user),
        "activities": activities,
        "search_form": SearchForm(),
        # The page's stream goes on from here.
        "cursor": max((activity.pk for activity in activities), default=0),
    }
    return render(request, "activity/home.html", context)


@require_GET
@login_required
@never_cache
def activity_rows(request: ViewerRequest) -> HttpResponse:
    """The newest activities as a fragment; who is logged out is led to the login, as anywhere."""
    return render(request, "activity/_rows.html", {"activities": newest_for(request.user)})


@require_GET
@login_required
@never_cache
def streamer(request: ViewerRequest, login: str) -> HttpResponse:
    """What a streamer is doing and has done, for any viewer; 404 for one nobody has watched."""
    login = login.lower()
    # A recycled login may be known twice: whoever was last heard to have it.
    known = Streamer.objects.filter(login=login).select_related("follower_count")
    found = known.order_by("-name_as_of", "-pk").first()
    if found is None:
        context = {"login": login, "is_login": is_login(login)}
        return render(request, "activity/streamer_unknown.html", context, status=404)
    mine = Subscription.objects.of(request.user).filter(streamer=found).first()
    coverage = _coverage(found)
    context = {
        "streamer": found,
        "subscription": mine,
        "is_watched": mine is not None or Subscription.objects.filter(streamer=found).exists(),
        "state": states_of([found])[found.pk],
        "stretches": last_broadcasts(found),
        "activities": newest_of(found),
        "coverage": coverage,
        "needs_consent": any(one.code == Code.NEEDS_CONSENT for _, one in coverage),
        "consent_link": consent_link(found),
    }
    return render(request, "activity/streamer.html", context)


def _coverage(streamer: Streamer) -> list[tuple[str, Coverage]]:
    """How each kind is learned of, with the kind in words (4 queries)."""
    return [
        (Activity.Kind(one.kind).label, one)
        for one in coverage_of(streamer, polled_seconds=polled_seconds())
    ]
