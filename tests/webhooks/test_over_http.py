"""The whole way: real sockets, uvicorn, the webhook application, a database."""

from __future__ import annotations

import http.client
import socket
import threading

import uvicorn
from django.test import TransactionTestCase

from activity.models import Activity
from activity.signals import activities_recorded
from tests.factories import make_streamer
from tests.webhooks.sending import Headers, challenge_body, new_id, online_body, signed, with_value
from webhooks.models import InboxMessage
from webhooks.receiving import MOST_BYTES, WebhookApp

SECONDS = 10


class Server:
    """uvicorn in a thread, with the application's threads."""

    def __init__(self) -> None:
        self.app = WebhookApp()
        config = uvicorn.Config(self.app, lifespan="off", log_config=None, access_log=False)
        self.server = uvicorn.Server(config)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))

    def start(self) -> None:
        self.app.start()
        self.thread.start()

    def stop(self) -> None:
        """Once or again."""
        self.server.should_exit = True
        self.thread.join(SECONDS)
        self.socket.close()
        self.app.stop()


def request(body: bytes, headers: Headers | None = None, *, chunked: bool = False) -> bytes:
    """The bytes of an HTTP request."""
    pairs = signed(body) if headers is None else headers
    if chunked:
        pairs = with_value(pairs, "transfer-encoding", b"chunked")
        pairs = [pair for pair in pairs if pair[0] != b"content-length"]
        body = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (body[:7], body[7:])) + b"0\r\n\r\n"
    lines = [b"POST /webhooks/twitch/ HTTP/1.1", *(b": ".join(pair) for pair in pairs)]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class OverHttpTests(TransactionTestCase):
    def setUp(self) -> None:
        self.server = Server()
        self.server.start()
        self.addCleanup(self.server.stop)

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.server.port), SECONDS)
        self.addCleanup(connection.close)
        return connection

    def exchange(self, whole: bytes) -> tuple[int, bytes]:
        """Send a request on a connection of its own; status and body of the answer."""
        connection = self.connect()
        connection.sendall(whole)
        return self.read(connection)

    def read(self, connection: socket.socket) -> tuple[int, bytes]:
        response = http.client.HTTPResponse(connection, method="POST")
        # Of an answer without a body nothing is read ahead.
        response.begin()
        return response.status, response.read()

    def test_from_the_socket_to_the_activity(self) -> None:
        streamer = make_streamer(twitch_id="1337", login="cool_user")
        recorded = threading.Event()

        def receiver(**_: object) -> None:
            recorded.set()

        activities_recorded.connect(receiver)
        self.addCleanup(activities_recorded.disconnect, receiver)
        assert self.exchange(request(online_body())) == (204, b"")
        assert recorded.wait(SECONDS)
        self.server.stop()
        assert Activity.objects.get(kind="online").streamer == streamer
        assert InboxMessage.objects.get().processed_at is not None

    def test_a_body_in_chunks(self) -> None:
        assert self.exchange(request(online_body(), chunked=True)) == (204, b"")
        assert InboxMessage.objects.count() == 1

    def test_many_on_one_connection(self) -> None:
        connection = self.connect()
        for _ in range(3):
            connection.sendall(request(online_body()))
            assert self.read(connection) == (204, b"")

    def test_pipelined_requests_are_answered_in_their_order(self) -> None:
        connection = self.connect()
        connection.sendall(
            request(challenge_body("first"))
            + request(online_body())
            + request(challenge_body("third"))
        )
        everything = b""
        while not everything.endswith(b"third"):
            piece = connection.recv(65536)
            assert piece
            everything += piece
        statuses = [part[:3] for part in everything.split(b"HTTP/1.1 ")[1:]]
        assert statuses == [b"200", b"204", b"200"]
        assert everything.index(b"first") < everything.index(b"204 No Content")

    def test_more_than_256_kib_is_told_and_the_rest_thrown_away(self) -> None:
        body = b"x" * (2 * MOST_BYTES)
        connection = self.connect()
        with self.assertLogs("webhooks.receiving", "WARNING"):
            connection.sendall(request(body))
            assert self.read(connection)[0] == 413
            connection = self.connect()
            connection.sendall(request(body, chunked=True))
            assert self.read(connection)[0] == 413
        assert not InboxMessage.objects.exists()

    def test_a_client_that_goes_in_the_middle_is_no_error(self) -> None:
        whole = request(online_body())
        with self.assertNoLogs(level="ERROR"):
            for length in (20, len(whole) - 5):
                connection = self.connect()
                connection.sendall(whole[:length])
                connection.close()
            assert self.exchange(whole) == (204, b"")
        assert InboxMessage.objects.count() == 1

    def test_headers_no_well_behaved_client_sends(self) -> None:
        body = online_body()
        odd = with_value(signed(body), "x-odd", b"\xff\xfe\x80")
        assert self.exchange(request(body, odd)) == (204, b"")
        with self.assertLogs("webhooks.receiving", "WARNING"):
            twice = [*signed(body), (b"Twitch-Eventsub-Message-Id", new_id().encode())]
            assert self.exchange(request(body, twice))[0] == 400

    def test_names_of_headers_in_any_case(self) -> None:
        body = online_body()
        shouted = [(name.upper(), value) for name, value in signed(body)]
        assert self.exchange(request(body, shouted)) == (204, b"")

    def test_what_was_taken_in_is_answered_and_kept_when_the_server_stops(self) -> None:
        connections = [self.connect() for _ in range(20)]
        for connection in connections:
            connection.sendall(request(online_body()))
        statuses = []
        for connection in connections:
            statuses.append(self.read(connection)[0])
            if len(statuses) == 1:
                self.server.server.should_exit = True
        self.server.stop()
        assert statuses == [204] * 20
        assert InboxMessage.objects.filter(processed_at__isnull=False).count() == 20
