from __future__ import annotations

from django.test import TestCase

from streamwatch.encryption import encrypt
from tests.factories import make_message, make_user
from tests.webhooks.sending import body_of


class InboxMessageAdminTests(TestCase):
    url = "/admin/webhooks/inboxmessage/"

    def setUp(self) -> None:
        self.message = make_message(
            message_id="befa7b53", body=body_of("odd", {"title": "<script>alert(1)</script>"})
        )
        self.private = make_message(
            type="user.whisper.message", is_private=True, body=encrypt(b"a secret")
        )

    def test_a_visitor_and_a_viewer_do_not_get_in(self) -> None:
        for url in (self.url, f"{self.url}{self.message.pk}/change/"):
            assert self.client.get(url).status_code == 302
        self.client.force_login(make_user())
        for url in (self.url, f"{self.url}{self.message.pk}/change/"):
            assert self.client.get(url).status_code in {302, 403}

    def test_an_operator_sees_the_raw_body_escaped(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        response = self.client.get(f"{self.url}{self.message.pk}/change/")
        self.assertContains(response, "&lt;script&gt;alert(1)")
        self.assertNotContains(response, "<script>alert")

    def test_nobody_sees_a_private_body(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        response = self.client.get(f"{self.url}{self.private.pk}/change/")
        self.assertContains(response, "Private")
        self.assertNotContains(response, "secret")
        self.assertNotContains(response, bytes(self.private.body).decode())

    def test_the_list_finds_by_message_id_and_reads_no_bodies(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        response = self.client.get(self.url, {"q": "befa7b53"})
        self.assertContains(response, "befa7b53")
        self.assertNotContains(response, "user.whisper.message")

    def test_nothing_can_be_changed(self) -> None:
        self.client.force_login(make_user(is_staff=True, is_superuser=True))
        for url in ("add/", f"{self.message.pk}/delete/"):
            assert self.client.get(f"{self.url}{url}").status_code == 403
        change = self.client.post(f"{self.url}{self.message.pk}/change/", {"type": "x"})
        assert change.status_code == 403
