"""How allauth is bent to this house: a viewer is whoever Twitch says, and errors are in words."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import AuthError, AuthProcess
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from requests import RequestException, Session

from accounts.code_exchange import Asked, LoginRefused, check
from accounts.granting import Consent, Lacking
from accounts.logging_in import log_in
from streamwatch.twitch.payloads import Profile

logger = logging.getLogger(__name__)

STALE: Final = (
    "This login was begun too long ago, or in another browser, or was used already."
    " Nothing was saved."
)
NO_CODE: Final = "Twitch sent you back without letting you in. Nothing was saved."
REFUSED: Final = "Twitch did not accept this login: it may have taken too long. Nothing was saved."
SAID_NO: Final = "You said no at Twitch, so nothing more was allowed."
DOWN: Final = (
    "Twitch does not answer as it should at present. Nothing was saved, and nothing is wrong"
    " with your account. Try again in a minute."
)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Sessions, and where they may lead."""

    def is_safe_url(self, url: str | None) -> bool:
        """Only this very site; allauth would also let through every name of ALLOWED_HOSTS."""
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={self.request.get_host()}, require_https=self.request.is_secure()
        )

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """Begin a session, with a new key."""
        # Ending the session before may have raised it, see session_store.py.
        user.refresh_from_db(fields=["session_epoch"])
        super().login(request, user)


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """The login at Twitch. allauth keeps no row of it: the viewer is found by Twitch id."""

    def get_requests_session(self) -> Session:
        """With a time-out, and every answer checked before allauth reads it."""
        session: Session = super().get_requests_session()
        session.hooks["response"].append(check)
        return session

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> AbstractBaseUser | None:
        """Nothing: `pre_social_login` puts the viewer in its place."""
        user: AbstractBaseUser | None = sociallogin.user
        return user

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Write viewer and Grant. Twitch has said who it is; allauth then begins the session.

        With an existing viewer in it, allauth never comes to its own signup, which would ask
        for an address or refuse one that another viewer has.

        Raises:
            ImmediateHttpResponse: the consent lacks what the viewer allowed before.
        """
        # "connect" would give one viewer the account of another.
        sociallogin.state["process"] = AuthProcess.LOGIN
        token = sociallogin.token
        consent = Consent(
            access_token=token.token,
            refresh_token=token.token_secret or "",
            scopes=getattr(request, "granted_scopes", []),
            expires_at=token.expires_at,
        )
        try:
            sociallogin.user = log_in(
                profile=Profile.parse(sociallogin.account.extra_data),
                consent=consent,
                channel_id=_named_channel(sociallogin.state),
                is_last=_is_asked_again(sociallogin.state),
            )
        except Lacking as lacking:
            answer = self._ask_again(request, sociallogin.state, lacking.scopes)
            raise ImmediateHttpResponse(answer) from None

    def _ask_again(
        self, request: HttpRequest, state: dict[str, Any], scopes: Iterable[str]
    ) -> HttpResponse:
        """To Twitch once more: who it is was not known when it was asked, or another tab asked.

        Without it, what the viewer allowed before would be lost; after a no it is still there.
        """
        answer: HttpResponse = self.get_provider(request, provider="twitch").redirect(
            request,
            process=AuthProcess.LOGIN,
            next_url=state.get("next"),
            data={**(state.get("data") or {}), "is_again": True},
            scope=Asked(scopes),
        )
        return answer

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Say in words what happened, and offer to try again.

        Raises:
            ImmediateHttpResponse: always; allauth answers with it.
        """
        state = (extra_context or {}).get("state")
        _keep_next(request, (state or {}).get("next"))
        if error == AuthError.CANCELLED:
            if back := _way_back(state or {}):
                messages.info(request, SAID_NO)
                raise ImmediateHttpResponse(HttpResponseRedirect(back))
            if (state or {}).get("next") == reverse("consent_thanks"):
                channel_id = _named_channel(state or {})
                query = f"?{urlencode({'channel': channel_id})}" if channel_id else ""
                raise ImmediateHttpResponse(HttpResponseRedirect(reverse("consent_denied") + query))
            query = f"?{request.GET.urlencode()}" if request.GET else ""
            url = reverse("socialaccount_login_cancelled") + query
            raise ImmediateHttpResponse(HttpResponseRedirect(url))
        raise ImmediateHttpResponse(_failure(request, exception, has_state=state is not None))


def _named_channel(state: dict[str, Any]) -> str:
    """The channel that the link to the consent named; "" where it named none."""
    return str((state.get("data") or {}).get("channel_id", ""))


def _is_asked_again(state: dict[str, Any]) -> bool:
    """Whether Twitch was asked for all together already: nobody is sent round and round."""
    return bool((state.get("data") or {}).get("is_again"))


def _way_back(state: dict[str, Any]) -> str:
    """Where a no leads, as the page that asked had it noted; "" where it noted nothing."""
    return str((state.get("data") or {}).get("back", ""))


def _keep_next(request: HttpRequest, url: str | None) -> None:
    """Let the page's login button lead where the failed login was to lead."""
    request.GET = QueryDict(urlencode({"next": url}) if url else "")


def _failure(request: HttpRequest, exception: Exception | None, *, has_state: bool) -> HttpResponse:
    match exception:
        case RequestException():
            # Its own text may hold an address with a code in it.
            reason = str(exception) if type(exception).__module__ == check.__module__ else ""
            logger.warning("login: Twitch is down: %s %s", type(exception).__name__, reason)
            return _page(request, DOWN, 503)
        case None if not has_state:
            logger.info("login: unknown or expired state")
            return _page(request, STALE, 400)
        case None:
            logger.info("login: callback without a code")
            return _page(request, NO_CODE, 400)
    reason = str(exception) if isinstance(exception, LoginRefused) else type(exception).__name__
    logger.warning("login: Twitch refused: %s", reason)
    return _page(request, REFUSED, 400)


def _page(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    template = "socialaccount/authentication_error.html"
    return render(request, template, {"reason": reason}, status=status)
