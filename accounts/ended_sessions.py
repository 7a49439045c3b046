"""Telling a viewer whose sessions were ended with the Grant how to mend it.

Django forgets whose session it was as soon as it finds it ended, and another request of the same
browser may be the first to find that. So the reason, a word that says nothing about the viewer,
is kept in a cookie until the next login.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse

from accounts.models import Grant

GetResponse = Callable[[HttpRequest], HttpResponse]
COOKIE: Final = "grant_ended"
KEPT_SECONDS: Final = 24 * 3600
SENTENCES: Final[Mapping[str, str]] = {
    Grant.Ending.REFUSED: (
        "Twitch no longer lets StreamWatch see your account; a new password there is enough for"
        " that. You were logged out. Log in again to mend it."
    ),
    Grant.Ending.REVOKED: (
        "You disconnected StreamWatch at Twitch. What it needed for that was deleted and you were"
        " logged out. Log in again to allow it anew."
    ),
    Grant.Ending.WITHDRAWN: (
        "You withdrew what you had allowed StreamWatch at Twitch, and were logged out everywhere."
        " Log in again to allow it anew."
    ),
}


def say_why_sessions_ended(get_response: GetResponse) -> GetResponse:
    """Let pages say why, once a request comes with a session that ended with the Grant.

    Two queries then; no query besides those of the pages otherwise.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        found = request.COOKIES.get(COOKIE, "")
        # Looked at only where a session is: health checks bring none.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return get_response(request)
        ending = _ending(request)
        if ending:
            request.COOKIES[COOKIE] = ending
        response = get_response(request)
        is_logged_in = request.user.is_authenticated
        if found and is_logged_in:
            response.delete_cookie(COOKIE)
        elif ending and not is_logged_in:
            response.set_cookie(
                COOKIE,
                ending,
                max_age=KEPT_SECONDS,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    return middleware


def how_to_mend(request: HttpRequest) -> dict[str, str]:
    """For every template: `how_to_mend`, a sentence for a visitor who was a viewer, or ""."""
    sentence = SENTENCES.get(request.COOKIES.get(COOKIE, ""), "")
    # A request that is refused early has no user yet.
    if not sentence or not hasattr(request, "user") or request.user.is_authenticated:
        sentence = ""
    return {"how_to_mend": sentence}


def _ending(request: HttpRequest) -> str:
    """How the Grant of the session's viewer ended, if the session ended and that is why."""
    user_id = request.session.get(SESSION_KEY)
    if user_id is None or request.user.is_authenticated:
        return ""
    dead = Grant.objects.filter(state=Grant.State.DEAD, user_id=user_id)
    return dead.values_list("ending", flat=True).first() or ""
