"""The frame of the settings, and what a streamer allows so that followers can be seen."""

from __future__ import annotations

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings as configuration
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.code_exchange import Asked
from accounts.forms import ConsentForm
from accounts.granting import scopes_to_ask
from accounts.models import FOLLOWERS, Grant, User
from accounts.requests import ViewerRequest
from accounts.scopes import in_words
from accounts.twitch import oauth
from accounts.withdrawing import withdraw

WITHDRAWN = "You withdrew what you had allowed, and were logged out. Your tokens are deleted."
NOT_TOLD = (
    "You withdrew what you had allowed, and were logged out. Your tokens are deleted here, but"
    " Twitch could not be told: disconnect StreamWatch there too, under Settings, Connections."
)
DENIED = "You said no at Twitch, so nothing was allowed and nothing was saved."


@require_GET
@login_required
@never_cache
def settings(request: ViewerRequest) -> HttpResponse:
    """What the viewer allowed, since when, and the link to send to a streamer."""
    grant = Grant.objects.without_tokens().filter(user=request.user).first()
    context = {
        "grant": grant,
        "is_alive": grant is not None and grant.state == Grant.State.ACTIVE,
        "allowed": in_words(grant.scopes) if grant else [],
        "shows_followers": grant is not None and FOLLOWERS in grant.scopes,
        "consent_url": configuration.PUBLIC_URL + reverse("consent"),
    }
    return render(request, "accounts/settings.html", context)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def withdrawal(request: ViewerRequest) -> HttpResponse:
    """GET asks once more, POST withdraws everything the viewer allowed and logs out."""
    if request.method == "GET":
        return render(request, "accounts/withdrawal.html")
    is_told = withdraw(user=request.user, oauth=oauth())
    logout(request)
    if is_told:
        messages.success(request, WITHDRAWN)
    else:
        messages.warning(request, NOT_TOLD)
    return redirect("landing")


@require_http_methods(["GET", "POST"])
@never_cache
def consent(request: HttpRequest) -> HttpResponse:
    """GET says what StreamWatch will see, POST leads to Twitch to allow it; for everybody.

    `?channel=` is whose channel the link was made for: whoever follows it and is somebody else
    may be a moderator there.
    """
    if request.method == "GET":
        return _explained(request)
    user = request.user if isinstance(request.user, User) else None
    provider = get_adapter(request).get_provider(request, provider="twitch")
    answer: HttpResponse = provider.redirect(
        request,
        process=AuthProcess.LOGIN,
        next_url=reverse("consent_thanks"),
        data={"channel_id": ConsentForm(request.POST).channel_id()},
        scope=Asked(scopes_to_ask(user)),
    )
    return answer


@require_GET
@never_cache
def consent_denied(request: HttpRequest) -> HttpResponse:
    """Where Twitch's no leads."""
    return _explained(request, problem=DENIED)


@require_GET
@login_required
@never_cache
def consent_thanks(request: ViewerRequest) -> HttpResponse:
    """Where Twitch's yes leads; without it the explanation again."""
    if not _shows_followers(request.user):
        return redirect("consent")
    return render(request, "accounts/consent_thanks.html")


def _explained(request: HttpRequest, problem: str = "") -> HttpResponse:
    user = request.user if isinstance(request.user, User) else None
    context = {
        "problem": problem,
        "is_allowed": user is not None and _shows_followers(user),
        "channel_id": ConsentForm(request.GET).channel_id(),
    }
    return render(request, "accounts/consent.html", context)


def _shows_followers(user: User) -> bool:
    return Grant.objects.showing_followers().filter(user=user).exists()
