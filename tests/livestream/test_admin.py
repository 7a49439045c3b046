"""What an operator sees of topics: neither words nor tokens, and nothing can be changed."""

from __future__ import annotations

from django.test import TestCase
from django.utils import timezone

from livestream.models import AccessToken, TopicMessage
from livestream.tokens import make_token
from streamwatch.encryption import encrypt
from tests.factories import make_user


class AdminTests(TestCase):
    def setUp(self) -> None:
        operator = make_user(is_staff=True, is_superuser=True)
        self.client.force_login(operator)
        _, self.text = make_token(user=make_user(), name="alerts", days=None)
        now = timezone.now()
        self.message = TopicMessage.objects.create(
            message_id="m-1",
            type="user.whisper.message",
            condition_key="user_id=1",
            sent_at=now,
            changed_at=now,
            body=encrypt(b"psst"),
        )

    def test_lists_and_rows_show_no_secret(self) -> None:
        token = AccessToken.objects.get()
        for path, shown in (
            ("topicmessage/", "m-1"),
            (f"topicmessage/{self.message.pk}/change/", "m-1"),
            ("accesstoken/", token.prefix),
            (f"accesstoken/{token.pk}/change/", token.prefix),
        ):
            page = self.client.get(f"/admin/livestream/{path}")
            self.assertContains(page, shown)
            for secret in (self.text, token.sha256, "psst", bytes(self.message.body).decode()):
                self.assertNotContains(page, secret)

    def test_nothing_is_added(self) -> None:
        for model in ("topicmessage", "accesstoken"):
            assert self.client.get(f"/admin/livestream/{model}/add/").status_code == 403
