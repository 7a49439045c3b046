"""The home page and the part of it that is read anew."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.requests import ViewerRequest
from activity.feed import newest_for
from subscriptions.forms import SearchForm
from subscriptions.panel import panel_for


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
