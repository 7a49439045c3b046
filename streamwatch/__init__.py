"""Wiring: settings, addresses, processes. Apps know it; here only asgi.py and urls.py know apps."""

from __future__ import annotations

from streamwatch.celery import app as celery_app

__all__ = ["celery_app"]
