"""`/livestream/allow/`: from a topic that needs more to Twitch, and back to the topic."""

from __future__ import annotations

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base import AuthProcess
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.code_exchange import Asked
from accounts.granting import scopes_beside
from accounts.requests import ViewerRequest
from accounts.scopes import in_words
from livestream.allowing import publishes, to_ask
from livestream.forms import AllowForm


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def allow(request: ViewerRequest) -> HttpResponse:
    """Lead to Twitch, which asks the viewer.

    A page that says what for stands before it where others will see something, and where a link
    that is not ours led here: with that, anybody could have Twitch ask in StreamWatch's name.
    """
    form = AllowForm(request.GET)
    back = _safe(form.back(), request)
    scopes = to_ask(request.user, form.wanted())
    if not scopes:
        return HttpResponseRedirect(back)
    is_published = publishes(scopes)
    if request.method == "GET" and (is_published or not _is_from_here(request)):
        context = {"allowed": in_words(scopes), "back": back, "is_published": is_published}
        return render(request, "livestream/allow.html", context)
    provider = get_adapter(request).get_provider(request, provider="twitch")
    answer: HttpResponse = provider.redirect(
        request,
        process=AuthProcess.LOGIN,
        next_url=back,
        # Where a no leads; see accounts.adapters.
        data={"back": back},
        scope=Asked(scopes_beside(request.user, scopes)),
    )
    return answer


def _is_from_here(request: ViewerRequest) -> bool:
    """Whether a page of ours led here. Browsers tell it only over https and on localhost."""
    return request.headers.get("Sec-Fetch-Site") == "same-origin"


def _safe(url: str, request: ViewerRequest) -> str:
    """Only an address of this very site, from its root."""
    is_safe = url_has_allowed_host_and_scheme(
        url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return url if is_safe and url.startswith("/") else resolve_url(settings.LOGIN_REDIRECT_URL)
