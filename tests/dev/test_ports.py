"""Free and taken ports, and the sentence about a taken one."""

from __future__ import annotations

import http.server
import socket
import threading

import pytest

from dev import ports, ready


def test_free_ports_are_different_and_free() -> None:
    found = ports.free(5)
    assert len(set(found)) == 5
    assert not any(ports.taken(port) for port in found)


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"), (socket.AF_INET, "0.0.0.0")],  # noqa: S104
)
def test_a_port_is_taken_on_either_loopback(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as listening:
        try:
            listening.bind((address, 0))
        except OSError:
            pytest.skip(f"this machine has no {address}")
        listening.listen()
        assert ports.taken(listening.getsockname()[1])


def test_a_taken_port_ends_with_a_sentence() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        taken = listening.getsockname()[1]
        listening.listen()
        ready.refuse_taken_ports(ports.free(2))
        with pytest.raises(SystemExit) as ended:
            ready.refuse_taken_ports([*ports.free(1), taken])
    assert str(ended.value) == (
        f"Port {taken} is taken by another program: stop that, or choose other ports, for example"
        " `make run PORT=8100 SIMULATOR_PORT=8101`."
    )


class Health(http.server.BaseHTTPRequestHandler):
    """Ready at /ready, in trouble elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def test_ready_is_told_once_it_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ready.announce({server.server_port: "/ready"}, ("It is ready",))
        assert not ready.answers(server.server_port, "/elsewhere")
        server.shutdown()
        thread.join()
    assert capsys.readouterr().out == "It is ready\n"


def test_not_ready_is_told_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "PATIENCE_SECONDS", 0.2)
    ready.announce({ports.free(1)[0]: "/"}, ("It is ready",))
    assert capsys.readouterr().out.startswith("StreamWatch does not answer after 0.2 s")
