"""The operator's overview and its two buttons; admin.site.admin_view lets operators in alone."""

from __future__ import annotations

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from subscriptions import reconciling
from webhooks.overview import panels
from webhooks.repairing import repair


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """GET /admin/overview/"""
    found = panels()
    context = {
        **admin.site.each_context(request),
        "title": "Overview",
        "panels": found,
        "troubles": sum(1 for panel in found for line in panel.lines if line.trouble),
        "now": timezone.now(),
    }
    return TemplateResponse(request, "webhooks/overview.html", context)


@require_POST
def reconcile_now(request: HttpRequest) -> HttpResponse:
    """POST /admin/overview/reconcile/"""
    count = reconciling.reconcile_due()
    are = "1 streamer is" if count == 1 else f"{count} streamers are"
    text = f"{are} being reconciled with Twitch." if count else "Nothing is due: all was compared."
    if count == reconciling.MOST_AT_ONCE:
        text += " There may be more: press again in a minute."
    messages.success(request, text)
    return redirect("overview")


@require_POST
def repair_now(request: HttpRequest) -> HttpResponse:
    """POST /admin/overview/repair/"""
    done = "; ".join(repair().words())
    messages.success(request, f"Repair: {done}." if done else "Repair found nothing to do.")
    return redirect("overview")
