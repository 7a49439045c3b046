"""Forms that allauth's pages ask for."""

from __future__ import annotations

from django import forms
from django.http import HttpRequest


class NoLoginForm(forms.Form):
    """Stands in for allauth's on the login page: there is nothing to fill in.

    Its own cannot be made where ACCOUNT_LOGIN_METHODS is empty.
    """

    def __init__(self, *args: object, request: HttpRequest, **options: object) -> None:
        super().__init__()
