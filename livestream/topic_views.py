"""The topics panel: its page, its catalogue, and what it asks for on behalf of the viewer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from functools import wraps
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.requests import ViewerRequest
from livestream import eventsub
from livestream.allowing import allow_url, allowed_scopes
from livestream.catalogue import KINDS, VIEWER, Kind
from livestream.naming import people_for
from livestream.resolving import resolver
from livestream.topic_forms import SocketForm, TopicForm, ids_of
from livestream.topic_refusals import Answer, of_error, of_refusal
from livestream.topics import (
    BAD_AUTH,
    BAD_MESSAGE,
    BY_LOGIN,
    Refusal,
    Topic,
    missing,
    missing_for,
    parse,
)
from streamwatch.twitch.errors import TwitchError

logger = logging.getLogger(__name__)

MUST_ALLOW: Final = (
    "Twitch sends this only when you allow it ({scopes}). Allow it there, and it goes on here."
)
ANOTHERS: Final = "This page is of a viewer who is no longer logged in here. Log in again."
View = Callable[[ViewerRequest], HttpResponse]


class NotListened(Exception):
    """The topic is not listened to; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.sentence)
        self.answer = answer


def refusing(view: View) -> View:
    """Have what is refused in `view` answered as JSON, with a sentence.

    So is what a page of another viewer asks, who was logged in here before: it would be done in
    the name of the wrong one.
    """

    @wraps(view)
    def answering(request: ViewerRequest) -> HttpResponse:
        try:
            _check_viewer(request)
            return view(request)
        except NotListened as refused:
            answer = refused.answer
        except Refusal as refusal:
            answer = of_refusal(refusal)
        except TwitchError as error:
            answer = of_error(error)
            logger.warning("a topic of viewer %d: %s", request.user.pk, error)
        return answer.response()

    return answering


def _check_viewer(request: ViewerRequest) -> None:
    if request.POST.get("viewer") != str(request.user.pk):
        more: dict[str, object] = {"login_url": reverse("account_login")}
        raise NotListened(Answer(BAD_AUTH, ANOTHERS, more=more))


@require_GET
@login_required
@never_cache
def topics(request: ViewerRequest) -> HttpResponse:
    """The panel on a page of its own."""
    return render(request, "livestream/topics.html")


@require_GET
@login_required
@never_cache
def catalogue(request: ViewerRequest) -> JsonResponse:
    """For completion: kinds of topics with what the viewer still has to allow, people (2 queries).

    `missing` is per transport, and `own` what PubSub lacks besides in the viewer's own channel.
    """
    allowed = allowed_scopes(request.user)
    return JsonResponse(
        {
            "kinds": [asdict(kind) | {"missing": _missing(kind, allowed)} for kind in KINDS],
            "people": [asdict(person) for person in people_for(request.user)],
        }
    )


@require_GET
@never_cache
def viewer(request: HttpRequest) -> JsonResponse:
    """Who is logged in now: an open page asks whether it still is whom it was made for."""
    return JsonResponse({"viewer": request.user.pk})


@require_POST
@login_required
@never_cache
@refusing
def check(request: ViewerRequest) -> JsonResponse:
    """Whether the viewer may listen to `topic` over `transport`; its full name, what it is."""
    form = TopicForm(request.POST)
    topic = _asked(request, form)
    kind = topic.kind
    return JsonResponse({"topic": _name(topic, form), "what": kind.what, "cost": kind.cost})


@require_POST
@login_required
@never_cache
@refusing
def listen(request: ViewerRequest) -> JsonResponse:
    """Have Twitch send `topic` to the socket of `session_id`."""
    form = SocketForm(request.POST)
    topic = _asked(request, form)
    session_id = form.cleaned_data["session_id"]
    found = eventsub.listen(user=request.user, topic=topic, session_id=session_id)
    body: dict[str, object] = {
        "topic": _name(topic, form),
        "what": topic.kind.what,
        "subscriptions": [asdict(one) for one in found.made],
    }
    if found.total:
        body |= asdict(found.total)
    return JsonResponse(body)


@require_POST
@login_required
@never_cache
@refusing
def remove(request: ViewerRequest) -> JsonResponse:
    """Delete subscriptions of the viewer's sockets; those that Twitch does not know are gone."""
    return JsonResponse(asdict(eventsub.remove(user=request.user, ids=ids_of(request.POST))))


def _missing(kind: Kind, allowed: Collection[str]) -> dict[str, Sequence[str]]:
    is_own = kind.whose == (VIEWER,)
    lacking = missing_for(kind, scopes=allowed, over_webhook=True, is_own=is_own)
    everything = missing_for(kind, scopes=allowed, over_webhook=True, is_own=True)
    return {
        "eventsub": missing_for(kind, scopes=allowed),
        "pubsub": lacking,
        "own": [scope for scope in everything if scope not in lacking],
    }


def _asked(request: ViewerRequest, form: TopicForm) -> Topic:
    """The topic that was asked for, if all that it needs is allowed.

    At most 4 queries, and a call to Twitch for a login that the database does not know.

    Raises:
        NotListened: the input is none, or Twitch must be asked for more scopes first.
        Refusal: it is no topic, or another's, or Twitch could not be asked for a login.
    """
    if not form.is_valid():
        raise NotListened(Answer(BAD_MESSAGE, form.problem()))
    user = request.user
    text = form.cleaned_data["topic"]
    topic = parse(text, resolve=resolver([text], user=user))
    lacking = missing(
        topic,
        viewer_id=user.twitch_id,
        scopes=allowed_scopes(user),
        over_webhook=form.is_for_pubsub(),
    )
    if lacking:
        sentence = MUST_ALLOW.format(scopes=", ".join(lacking))
        more: dict[str, object] = {
            # The page knows where it is, and puts that in the place of `next`.
            "allow_url": allow_url(lacking, next=reverse("topics")),
            "scopes": list(lacking),
        }
        raise NotListened(Answer(BAD_AUTH, sentence, more=more))
    return topic


def _name(topic: Topic, form: TopicForm) -> str:
    """The topic as it can be asked for again: one kind of them knows no ids."""
    typed = str(form.cleaned_data["topic"]).strip().lower()
    return typed if topic.kind.word == BY_LOGIN else topic.name
