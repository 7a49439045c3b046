"""The landing page, errors in words, and health."""

from __future__ import annotations

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

logger = logging.getLogger(__name__)


@require_safe
def landing(request: HttpRequest) -> HttpResponse:
    """What StreamWatch is, and the way in; who is logged in goes on to `/home/`."""
    if request.user.is_authenticated:
        return redirect("home")
    return render(request, "landing.html")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 in words."""
    return render(request, "400.html", status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 in words, when a form's token is missing or old."""
    logger.info("CSRF: %s", reason)
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 in words, or 503 when it is the database that does not answer.

    Called by Django while the error is being handled. Rendered without the request, for
    anything that reads the session would fail again.
    """
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return HttpResponse(render_to_string("503.html"), status=503)
    return HttpResponse(render_to_string("500.html"), status=500)
