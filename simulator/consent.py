"""`/oauth2/authorize`: the page on which a person gives consent, and what follows from it.

https://dev.twitch.tv/docs/authentication/getting-tokens-oauth#authorization-code-grant-flow
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from simulator.local_twitch import LocalTwitch, of
from simulator.pages import page
from simulator.people import NoSuchPerson
from simulator.scopes import in_words
from simulator.visitor import remember

DENIED = {"error": "access_denied", "error_description": "The user denied you access"}


class Unusable(Exception):
    """A request that cannot be sent back to where it came from; the text says why."""


@dataclass(frozen=True)
class Wish:
    """What an application asks of the person before the page."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str

    def back(self, **answer: str) -> RedirectResponse:
        """To the application, with its state where it gave one."""
        if self.state:
            answer["state"] = self.state
        joint = "&" if urlsplit(self.redirect_uri).query else "?"
        return RedirectResponse(f"{self.redirect_uri}{joint}{urlencode(answer)}", status_code=302)


def _read(twitch: LocalTwitch, values: Mapping[str, str]) -> Wish:
    """The wish in a query or a form; raises Unusable."""
    if values.get("client_id") != twitch.config.client_id:
        raise Unusable("No application has this client_id.")
    if values.get("redirect_uri") not in twitch.config.redirect_uris:
        raise Unusable("The redirect_uri is none of those registered for this application.")
    if values.get("response_type") != "code":
        raise Unusable("The response_type must be code.")
    return Wish(
        client_id=values["client_id"],
        redirect_uri=values["redirect_uri"],
        # Each once, in the order asked.
        scopes=tuple(dict.fromkeys(values.get("scope", "").split())),
        state=values.get("state", ""),
    )


async def ask(request: Request) -> Response:
    """GET: the consent page; 400 and an error page for a request that cannot be trusted."""
    twitch = of(request)
    try:
        wish = _read(twitch, request.query_params)
    except Unusable as reason:
        return _refuse(request, str(reason))
    people = twitch.people.who_can_log_in()
    operator = next((row for row in people if row["id"] == twitch.operator_id), None)
    context = {
        "wish": wish,
        "asked": [(scope, in_words(scope)) for scope in wish.scopes],
        "people": people,
        "operator": operator,
    }
    return page(request, "consent.html", context)


async def decide(request: Request) -> Response:
    """POST: 302 back to the application with a code or a denial."""
    twitch = of(request)
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    try:
        wish = _read(twitch, form)
    except Unusable as reason:
        return _refuse(request, str(reason))
    if "deny" in form:
        return wish.back(**DENIED)
    try:
        person = twitch.people.by_login(form.get("login", ""))
    except NoSuchPerson:
        return _refuse(request, "Nobody is called so (any more): go back and choose again.")
    if person["gone"] or not person["can_log_in"]:
        return _refuse(request, f"{person['login']} cannot log in.")
    scopes = list(wish.scopes)
    with twitch.store.transaction():
        twitch.world.authorize(person, scopes)
        code = twitch.tokens.make_code(person["id"], scopes, wish.redirect_uri)
    back = wish.back(code=code, scope=" ".join(scopes))
    # As at Twitch, who has logged in there is so in the chat too.
    remember(back, person)
    return back


def _refuse(request: Request, reason: str) -> Response:
    return page(request, "error.html", {"reason": reason}, status=400)
