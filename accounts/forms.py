"""Forms of our pages, and those that allauth's ask for."""

from __future__ import annotations

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest


class ConsentForm(forms.Form):
    """Which channel the link to the consent named, by Twitch's id."""

    channel = forms.CharField(
        max_length=32, required=False, validators=[RegexValidator(r"^[0-9A-Za-z]+\Z")]
    )

    def channel_id(self) -> str:
        """The id; "" where the link names none, or nonsense."""
        return str(self.cleaned_data["channel"]) if self.is_valid() else ""


class NoLoginForm(forms.Form):
    """Stands in for allauth's on the login page: there is nothing to fill in.

    Its own cannot be made where ACCOUNT_LOGIN_METHODS is empty.
    """

    def __init__(self, *args: object, request: HttpRequest, **options: object) -> None:
        super().__init__()
