"""Twitch's API as plain Python over httpx: no Django, no Celery."""
