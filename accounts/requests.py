"""The request of somebody who is logged in."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


class ViewerRequest(HttpRequest):
    """What a view behind `@login_required` gets."""

    user: User
