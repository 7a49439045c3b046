"""Whether this process lives, and whether it can serve."""

from __future__ import annotations

import time

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def live(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def ready(_request: HttpRequest) -> HttpResponse:
    """200 when the database answers, with its time in ms; 503 otherwise."""
    began = time.perf_counter()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"database": "away"}, status=503)
    taken = (time.perf_counter() - began) * 1000
    return JsonResponse({"database": "ok", "database_ms": round(taken, 1)})
