"""Carries messages to callbacks and WebSockets: signs, sends, tries again, gives up."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import sqlite3
import ssl

import httpx

from simulator.addresses import is_loopback
from simulator.clock import NANOSECONDS, Clock, rfc3339_nanoseconds
from simulator.config import Config
from simulator.faults import Faults
from simulator.outbox import NOTIFICATION, VERIFICATION, Outbox
from simulator.sessions import Sessions
from simulator.store import Store
from simulator.subscriptions import ENABLED, FAILED, Subscriptions

log = logging.getLogger("simulator")
ELEVEN_MINUTES_NS = 11 * 60 * NANOSECONDS
AT_ONCE = 30
KEEP_SECONDS = 86_400
# Callbacks refuse messages of more than ten minutes ago.
STALE_SECONDS = 540
IDLE_SECONDS = 5.0


class Courier:
    """Sends what is due; one lane a subscription, so that first tries keep their order."""

    def __init__(
        self,
        store: Store,
        subscriptions: Subscriptions,
        outbox: Outbox,
        sessions: Sessions,
        faults: Faults,
        clock: Clock,
        config: Config,
    ) -> None:
        self._store = store
        self._subscriptions = subscriptions
        self._outbox = outbox
        self._sessions = sessions
        self._faults = faults
        self._clock = clock
        self._config = config
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled. What is not delivered by then waits in the state file."""
        self._take_up()
        async with self._client() as client:
            try:
                while True:
                    # Cleared before looking, so that nothing put in between is overlooked.
                    self._outbox.news.clear()
                    self._start_due(client)
                    await self._rest()
            finally:
                tasks = list(self._busy.values())
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _take_up(self) -> None:
        """What an earlier run left: notifications that have grown too old are given up."""
        stale_ns = self._clock.now_ns() - STALE_SECONDS * NANOSECONDS
        with self._store.transaction():
            self._store.run(
                "UPDATE messages SET state = 'failed', outcome = 'too old after a restart'"
                " WHERE state = 'waiting' AND kind = ? AND sent_ns < ?",
                NOTIFICATION,
                stale_ns,
            )
            # Challenges and revocations are as true as before.
            self._store.run(
                "UPDATE messages SET sent_ns = ? WHERE state = 'waiting' AND sent_ns < ?",
                self._clock.now_ns(),
                stale_ns,
            )

    def _client(self) -> httpx.AsyncClient:
        # Nothing is sent beyond loopback, where no public authority vouches for anybody.
        verify = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self._config.ca_file is not None:
            verify.load_verify_locations(self._config.ca_file)
        # trust_env: a proxy from the environment must never see what goes to loopback.
        return httpx.AsyncClient(
            verify=verify,
            timeout=self._config.answer_timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "local-twitch"},
        )

    async def _rest(self) -> None:
        due: float | None = self._store.value(
            "SELECT min(due_at) FROM messages WHERE state = 'waiting' AND due_at > ?",
            self._clock.now(),
        )
        wait = IDLE_SECONDS if due is None else min(IDLE_SECONDS, due - self._clock.now())
        try:
            async with asyncio.timeout(max(wait, 0.01)):
                await self._outbox.news.wait()
        except TimeoutError:
            return

    def _start_due(self, client: httpx.AsyncClient) -> None:
        free = AT_ONCE - len(self._busy)
        rows = self._store.rows(
            "SELECT subscription_id AS id, min(seq) AS seq FROM messages WHERE state = 'waiting'"
            " AND due_at <= ? GROUP BY subscription_id ORDER BY seq LIMIT ?",
            self._clock.now(),
            AT_ONCE * 2,
        )
        for row in [row for row in rows if row["id"] not in self._busy][:free]:
            task = asyncio.create_task(self._carry(client, row["id"], row["seq"]))
            self._busy[row["id"]] = task

    async def _carry(self, client: httpx.AsyncClient, subscription_id: str, seq: int) -> None:
        try:
            message = self._store.row("SELECT * FROM messages WHERE seq = ?", seq)
            subscription = self._subscriptions.get(subscription_id)
            if message is None or subscription is None:
                self._store.run("UPDATE messages SET state = 'dropped' WHERE seq = ?", seq)
                return
            if subscription["session_id"]:
                self._hand_over(message, subscription)
                return
            answer, outcome = await self._send(client, message, subscription)
            self._settle(message, subscription, answer, outcome)
        finally:
            del self._busy[subscription_id]
            self._outbox.news.set()

    def _hand_over(self, message: sqlite3.Row, subscription: sqlite3.Row) -> None:
        """Once: what a WebSocket does not get is lost."""
        taken = self._sessions.tell(message, subscription)
        outcome = "taken" if taken else "not connected"
        self._close(message["seq"], "delivered" if taken else "failed", outcome)

    async def _send(
        self, client: httpx.AsyncClient, message: sqlite3.Row, subscription: sqlite3.Row
    ) -> tuple[httpx.Response | None, str]:
        """The answer and how to call it in a log; no answer when there was none in time."""
        callback = subscription["callback"]
        if not is_loopback(callback):
            return None, "not sent: not a loopback address"
        try:
            # The whole answer within the time, not each part of it.
            async with asyncio.timeout(self._config.answer_timeout):
                answer = await client.post(
                    callback,
                    content=message["body"],
                    headers=self._headers(message, subscription),
                )
        except TimeoutError:
            return None, "no answer in time"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return None, type(error).__name__
        return answer, str(answer.status_code)

    def _headers(self, message: sqlite3.Row, subscription: sqlite3.Row) -> dict[str, str]:
        fault = message["fault"] if message["attempt"] == 0 else ""
        shift = {"late": -ELEVEN_MINUTES_NS, "early": ELEVEN_MINUTES_NS}.get(fault, 0)
        timestamp = rfc3339_nanoseconds(message["sent_ns"] + shift)
        secret = subscription["secret"] + ("?" if fault == "bad_signature" else "")
        signed = message["id"].encode() + timestamp.encode() + message["body"]
        signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "Twitch-Eventsub-Message-Id": message["id"],
            "Twitch-Eventsub-Message-Retry": str(message["attempt"]),
            "Twitch-Eventsub-Message-Type": message["kind"],
            "Twitch-Eventsub-Message-Signature": f"sha256={signature}",
            "Twitch-Eventsub-Message-Timestamp": timestamp,
            "Twitch-Eventsub-Subscription-Type": subscription["type"],
            "Twitch-Eventsub-Subscription-Version": subscription["version"],
        }

    def _settle(
        self,
        message: sqlite3.Row,
        subscription: sqlite3.Row,
        answer: httpx.Response | None,
        outcome: str,
    ) -> None:
        log.info("%s %s -> %s", message["kind"], subscription["type"], outcome)
        with self._store.transaction():
            if message["kind"] == VERIFICATION:
                self._settle_challenge(message, subscription, answer, outcome)
            elif answer is not None and answer.is_success:
                self._close(message["seq"], "delivered", outcome)
                self._store.run(
                    "UPDATE subscriptions SET given_up = 0 WHERE id = ?", subscription["id"]
                )
            elif message["kind"] == NOTIFICATION:
                self._settle_failure(message, outcome)
            else:
                self._close(message["seq"], "failed", outcome)

    def _settle_challenge(
        self,
        message: sqlite3.Row,
        subscription: sqlite3.Row,
        answer: httpx.Response | None,
        outcome: str,
    ) -> None:
        challenge = json.loads(message["body"])["challenge"].encode()
        spoiled = self._faults.take("webhook_callback_verification_failed")
        outcome += ", failed by order" if spoiled else ""
        passed = (
            not spoiled
            and answer is not None
            and answer.status_code == 200
            and answer.content == challenge
            and answer.headers.get("content-type", "").partition(";")[0].strip() == "text/plain"
        )
        self._close(message["seq"], "delivered" if passed else "failed", outcome)
        # Somebody may have deleted it while the challenge was under way; then this finds nobody.
        self._subscriptions.set_status(subscription["id"], ENABLED if passed else FAILED)

    def _settle_failure(self, message: sqlite3.Row, outcome: str) -> None:
        current = self._store.value("SELECT state FROM messages WHERE seq = ?", message["seq"])
        if current != "waiting":
            return
        delays = self._config.retry_delays
        if message["attempt"] < len(delays):
            self._store.run(
                "UPDATE messages SET attempt = attempt + 1, due_at = ?, outcome = ? WHERE seq = ?",
                self._clock.now() + delays[message["attempt"]],
                outcome,
                message["seq"],
            )
            return
        self._close(message["seq"], "failed", outcome)
        subscription_id = message["subscription_id"]
        self._store.run(
            "UPDATE subscriptions SET given_up = given_up + 1 WHERE id = ?", subscription_id
        )
        row = self._subscriptions.get(subscription_id)
        if row is not None and row["given_up"] >= self._config.failures_allowed:
            log.info("%s: notification_failures_exceeded", row["type"])
            self._outbox.revoke(subscription_id, "notification_failures_exceeded")

    def _close(self, seq: int, state: str, outcome: str) -> None:
        self._store.run(
            "UPDATE messages SET state = ?, outcome = ? WHERE seq = ?", state, outcome, seq
        )

    def prune(self) -> None:
        """Forget finished messages of more than a day ago."""
        before = self._clock.now_ns() - KEEP_SECONDS * NANOSECONDS
        self._store.run("DELETE FROM messages WHERE state != 'waiting' AND sent_ns < ?", before)
