"""`manage.py reconcile [--dry-run]`: make Twitch's list of promises and our wants agree."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter

from django.core.management.base import BaseCommand, CommandError

from accounts.twitch import patient_helix
from streamwatch.twitch.errors import TwitchError
from subscriptions import troubles
from subscriptions.comparing import AT_ONCE, Plan, carry_out, plan
from subscriptions.spending import spend

WORDS = ("create", "adopt", "recreate", "delete", "leave")


class Command(BaseCommand):
    help = (
        "Compares what is wanted with all that Twitch promises, prints what is to be done"
        " (what is left as it is with -v 2 only), and does it. It may be stopped and run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="print it, and do nothing")

    def handle(self, *, dry_run: bool, verbosity: int, **_: object) -> None:
        twitch = patient_helix(at_once=AT_ONCE)
        try:
            if not dry_run:
                spend(twitch=twitch)
            found = plan(twitch=twitch)
            self._show(found, with_left=verbosity > 1)
            if not dry_run:
                counts = carry_out(found, twitch=twitch)
                self.stdout.write(
                    f"Twitch ids: {counts['done']} done, {counts['busy']} left to another worker,"
                    f" {counts['failed']} failed."
                )
        except TwitchError as error:
            raise CommandError(f"{troubles.of_error(error)} ({error}).") from error
        finally:
            twitch.close()

    def _show(self, found: Plan, *, with_left: bool) -> None:
        counts: Counter[str] = Counter()
        for word, about in found.lines():
            counts[word] += 1
            if with_left or word != "leave":
                self.stdout.write(f"{word:<9}{about}")
        self.stdout.write("Plan: " + ", ".join(f"{word} {counts[word]}" for word in WORDS) + ".")
