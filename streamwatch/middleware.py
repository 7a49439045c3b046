"""Answers in words where Django would answer with a bare error."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from streamwatch.views import bad_request

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]
NUL = ("\x00", "%00")


def refuse_nul_bytes(get_response: GetResponse) -> GetResponse:
    """400 for a NUL in the address: no database keeps one, and no browser sends one."""

    def middleware(request: HttpRequest) -> HttpResponse:
        address = request.get_full_path()
        if any(nul in address for nul in NUL) or "\x00" in request.path:
            logger.info("refused: NUL in the address")
            return bad_request(request, ValueError("NUL in the address"))
        return get_response(request)

    return middleware
