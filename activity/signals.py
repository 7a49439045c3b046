"""The one way up: lower layers say what was recorded, upper ones listen."""

from __future__ import annotations

from django.dispatch import Signal

# Sent with `ids` of Activities after their commit, at least once each; receivers are idempotent.
activities_recorded = Signal()
