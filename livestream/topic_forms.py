"""What the topics panel sends."""

from __future__ import annotations

from typing import Final

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict

LONGEST_TOPIC: Final = 200
# As many as one socket may have at Twitch.
MOST_IDS: Final = 300
NO_TOPIC: Final = "Type a topic first, for example stream.online.<login>."
printable = RegexValidator(r"\A[\x21-\x7e]+\Z", "This is no id of Twitch's.")


class TopicForm(forms.Form):
    """A topic as it was typed, and how it is to be listened to."""

    topic = forms.CharField(
        max_length=LONGEST_TOPIC,
        error_messages={
            "required": NO_TOPIC,
            "max_length": f"A topic has at most {LONGEST_TOPIC} letters.",
        },
    )

    transport = forms.CharField(required=False, max_length=20)

    def is_for_pubsub(self) -> bool:
        """Whether StreamWatch listens for the viewer, and not the viewer's own socket."""
        return str(self.cleaned_data["transport"]) == "pubsub"

    def problem(self) -> str:
        """What is wrong, in one sentence."""
        return next((str(one) for found in self.errors.values() for one in found), NO_TOPIC)


class SocketForm(TopicForm):
    """A topic for the socket of this session."""

    session_id = forms.CharField(max_length=200, validators=[printable])


def ids_of(data: QueryDict) -> list[str]:
    """The ids of subscriptions to be deleted, without what cannot be one; at most 300."""
    found = [one for one in data.getlist("ids") if one.isascii() and one.isprintable() and one]
    return [one for one in found if len(one) <= 64][:MOST_IDS]
