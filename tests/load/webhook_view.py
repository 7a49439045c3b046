"""The view one would write first: check the signature, insert one row, answer."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from streamwatch.twitch.payloads import parse_message, parse_time
from streamwatch.twitch.signatures import is_signed
from webhooks.models import InboxMessage


@csrf_exempt
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """One message, one commit."""
    prefix = "Twitch-Eventsub-Message-"
    message_id, timestamp = request.headers[f"{prefix}Id"], request.headers[f"{prefix}Timestamp"]
    if not is_signed(
        [secret.encode() for secret in settings.TWITCH_EVENTSUB_SECRETS],
        message_id=message_id.encode(),
        timestamp=timestamp.encode(),
        body=request.body,
        signature=request.headers[f"{prefix}Signature"].encode(),
    ):
        return HttpResponse(status=403)
    InboxMessage.objects.get_or_create(
        message_id=message_id,
        defaults={
            "type": parse_message(request.body).promise.type,
            "sent_at": parse_time(timestamp),
            "received_at": timezone.now(),
            "body": request.body,
        },
    )
    return HttpResponse(status=204)


urlpatterns = [path("webhooks/twitch/", keep)]
