"""`manage.py make_operator <login>`: let a viewer into the admin for good."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from accounts.operators import NoSuchViewer, make_operator


class Command(BaseCommand):
    help = "Makes the viewer with this Twitch login an operator, who may see /admin/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login", help="the login at Twitch of somebody who has logged in once")

    def handle(self, *, login: str, **_: object) -> None:
        try:
            user, is_changed = make_operator(login=login)
        except NoSuchViewer:
            raise CommandError(
                f"Nobody with the login {login!r} has logged in here yet: have them log in"
                " once and run this again."
            ) from None
        now = "is an operator now" if is_changed else "was an operator already"
        self.stdout.write(f"{user.login} (Twitch id {user.twitch_id}) {now}.")
