"""Draws the pages that people see, from simulator/templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates

HERE = Path(__file__).parent
STATIC = HERE / "static"
# No form-action: consent leads by a redirect to the application, which is another origin.
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Cache-Control": "no-store"}
templates = Jinja2Templates(HERE / "templates")


def page(
    request: Request,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    policy: str = POLICY,
) -> Response:
    """The page, everything in it escaped; it holds no script unless its policy allows one."""
    headers = {**HEADERS, "Content-Security-Policy": policy}
    return templates.TemplateResponse(
        request, template, context, status_code=status, headers=headers
    )
