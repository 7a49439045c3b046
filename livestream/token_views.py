"""`/settings/tokens/`: access tokens for programs that listen in the viewer's name."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.requests import ViewerRequest
from livestream.forms import TokenForm
from livestream.models import AccessToken
from livestream.tokens import MOST, TooManyTokens, make_token, revoke_token

REVOKED = "The token is revoked. A program that uses it is told within a minute."
TOO_MANY = f"You have {MOST} tokens that work. Revoke one first."


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def tokens(request: ViewerRequest) -> HttpResponse:
    """GET lists the viewer's tokens; POST makes one, and its answer alone shows it."""
    form = TokenForm(request.POST or None)
    text = ""
    if request.method == "POST":
        form = TokenForm(request.POST)
        if form.is_valid():
            try:
                _, text = make_token(
                    user=request.user,
                    name=form.cleaned_data["name"],
                    days=form.lifetime_days(),
                )
                form = TokenForm()
            except TooManyTokens:
                form.add_error("name", TOO_MANY)
    context = {
        "form": form,
        "text": text,
        "tokens": AccessToken.objects.of(request.user)[: 2 * MOST],
        "address": _address(),
    }
    return render(request, "livestream/tokens.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def revoke(request: ViewerRequest, pk: int) -> HttpResponse:
    """Revoke one of the viewer's own."""
    if not AccessToken.objects.of(request.user).filter(pk=pk).exists():
        raise Http404
    revoke_token(user=request.user, pk=pk)
    messages.success(request, REVOKED)
    return redirect("tokens")


def _address() -> str:
    """Where old programs are to connect to."""
    parts = urlsplit(settings.PUBLIC_URL)
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}/pubsub"
