"""Player and chat as pages: who may frame them, and what they say. TWITCH.md section 7."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from simulator.testing import Simulator
from tests.simulator.sockets import connected, subscribe
from tests.simulator.test_pages import Text

ADA = "700000001"


def get(simulator: Simulator, address: str, **headers: str) -> httpx.Response:
    """The page at an address."""
    return simulator.http.get(simulator.url + address, headers=headers)


def policy(answer: httpx.Response) -> dict[str, str]:
    """The content security policy of an answer, by directive."""
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


class TestParent:
    PAGES = ("/player/?channel=ada_streams", "/embed/ada_streams/chat?x=1")

    @pytest.mark.parametrize("page", PAGES)
    @pytest.mark.parametrize(
        ("parent", "sentence"),
        [
            ("", "The address lacks parent"),
            ("&parent=", "The address lacks parent"),
            ("&parent=http%3A%2F%2Flocalhost", "must be a host name"),
            ("&parent=localhost:8000", "must be a host name"),
            ("&parent=localhost/", "must be a host name"),
            ("&parent=%3Cscript%3E", "must be a host name"),
            ("&parent=evil.test%3B%20script-src%20%2A", "must be a host name"),
        ],
    )
    def test_missing_or_malformed_is_told_in_a_sentence(
        self, shared: Simulator, page: str, parent: str, sentence: str
    ) -> None:
        answer = get(shared, page + parent)
        assert answer.status_code == 400
        assert sentence in Text(answer.text).words

    @pytest.mark.parametrize("page", PAGES)
    def test_only_the_parents_may_frame_it(self, shared: Simulator, page: str) -> None:
        answer = get(shared, f"{page}&parent=localhost&parent=watch.example.org")
        assert answer.status_code == 200
        assert policy(answer)["frame-ancestors"] == (
            "http://localhost:* https://localhost:*"
            " http://watch.example.org:* https://watch.example.org:*"
        )
        assert policy(answer)["script-src"] == "'self'"

    def test_the_page_of_another_host_is_told_so(self, shared: Simulator) -> None:
        page = "/player/?channel=ada_streams&parent=watch.example.org"
        answer = get(shared, page, Referer="https://evil.example/")
        assert answer.status_code == 400
        assert "shown by evil.example" in Text(answer.text).words
        assert get(shared, page, Referer="https://watch.example.org/").status_code == 200

    def test_chat_and_player_are_told_of_nobody(self, shared: Simulator) -> None:
        for page in ("/player/?channel=nobody_at_all&", "/embed/nobody_at_all/chat?"):
            answer = get(shared, f"{page}parent=localhost")
            assert answer.status_code == 404
            assert "no channel called nobody_at_all" in Text(answer.text).words


class TestPlayer:
    def show(self, simulator: Simulator, query: str) -> Text:
        return Text(get(simulator, f"/player/?{query}&parent=localhost").text)

    def test_who_is_offline_is_said_to_be(self, simulator: Simulator) -> None:
        page = self.show(simulator, "channel=ada_streams")
        assert "is offline." in page.words
        assert "time" not in page.tags

    def test_who_is_live_is_shown_with_title_time_and_viewers(self, simulator: Simulator) -> None:
        simulator.control.event("channel.update", "ada_streams", title="<b>now</b>")
        simulator.control.event("stream.online", "ada_streams")
        page = self.show(simulator, "channel=Ada_Streams")
        assert "<b>now</b>" in page.words
        assert "0:00:00" in page.words
        assert "viewers" in page.words
        assert "img" in page.tags

    def test_state_tells_when_it_begins_and_ends(self, simulator: Simulator) -> None:
        def stream() -> Any:
            return get(simulator, "/player/state?channel=ada_streams").json()["stream"]

        assert stream() == ""
        simulator.control.event("stream.online", "ada_streams")
        assert stream().isdigit()
        assert get(simulator, "/player/state?channel=nobody").status_code == 404

    def test_without_channel_and_video_it_says_so(self, shared: Simulator) -> None:
        answer = get(shared, "/player/?parent=localhost")
        assert answer.status_code == 400
        assert "neither a channel nor a video" in Text(answer.text).words

    @pytest.mark.parametrize(
        "address",
        ["/player/?video=v1&parent=localhost", "/clips/embed?clip=X-1&parent=localhost",
         "/videos/1", "/clips/X-1"],
    )  # fmt: skip
    def test_a_recording_that_is_not_there_is_a_404(self, shared: Simulator, address: str) -> None:
        answer = get(shared, address)
        assert answer.status_code == 404
        assert "There is no such" in Text(answer.text).words

    def test_a_video_plays_by_its_id(self, shared: Simulator) -> None:
        token = shared.app_token()
        params = {"user_id": ADA}
        video = shared.helix("GET", "/videos", token=token, params=params).json()["data"][0]
        assert video["title"] in self.show(shared, f"video=v{video['id']}").words


class TestChat:
    ROOM = "/embed/ada_streams/chat"

    def post(self, simulator: Simulator, client: httpx.Client, **form: str) -> httpx.Response:
        return client.post(f"{simulator.url}{self.ROOM}?parent=localhost", data=form)

    @pytest.fixture
    def browser(self, simulator: Simulator) -> httpx.Client:
        """A client with cookies of its own."""
        return httpx.Client(trust_env=False, follow_redirects=True)

    def test_consent_logs_in_to_the_chat_too(
        self, simulator: Simulator, browser: httpx.Client
    ) -> None:
        form = {
            "client_id": simulator.client_id,
            "redirect_uri": simulator.redirect_uri,
            "response_type": "code",
            "login": "bob_watches",
        }
        with browser:
            answer = browser.post(
                f"{simulator.auth_url}/authorize", data=form, follow_redirects=False
            )
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=lax" in cookie
            page = browser.get(f"{simulator.url}{self.ROOM}?parent=localhost")
            assert "Bob_Watches" in Text(page.text).words

    def test_a_line_is_in_the_room_and_told_by_eventsub(
        self, simulator: Simulator, browser: httpx.Client
    ) -> None:
        token = simulator.log_in("ada_streams", "user:read:chat")["access_token"]
        with connected(simulator) as socket, browser:
            subscribe(
                simulator, token, socket, "channel.chat.message",
                broadcaster_user_id=ADA, user_id=ADA,
            )  # fmt: skip
            self.post(simulator, browser, log_in="grace_mods")
            page = self.post(simulator, browser, text="  <b>hi</b> 👋 ")
            event = socket.read("notification")["payload"]["event"]
        assert "<b>hi</b> 👋" in Text(page.text).words
        assert (event["chatter_user_login"], event["message"]["text"]) == (
            "grace_mods", "<b>hi</b> 👋",
        )  # fmt: skip
        assert event["badges"] == [{"set_id": "moderator", "id": "1", "info": ""}]

    def test_every_window_sees_it_at_once_and_what_it_missed(self, simulator: Simulator) -> None:
        address = f"{simulator.url.replace('http', 'ws', 1)}{self.ROOM}/lines"

        def say(text: str) -> None:
            simulator.control.event(
                "channel.chat.message", "ada_streams", user="bob_watches", text=text
            )

        say("before")
        with connect(address, proxy=None) as one, connect(address, proxy=None) as other:
            first = [json.loads(window.recv(10)) for window in (one, other)]
            say("now")
            lines = [json.loads(window.recv(10)) for window in (one, other)]
        assert {line["text"] for line in first} == {"before"}
        assert lines[0] == lines[1]
        assert (lines[0]["login"], lines[0]["text"]) == ("bob_watches", "now")
        say("meanwhile")
        with connect(f"{address}?after={lines[0]['id']}", proxy=None) as again:
            assert json.loads(again.recv(10))["text"] == "meanwhile"

    @pytest.mark.parametrize(
        ("form", "status", "sentence"),
        [
            ({"text": "hello"}, 403, "Log in to write."),
            ({"log_in": "nobody_at_all"}, 400, "Nobody is called so"),
            ({"log_in": "ada_streams", "text": " "}, 400, "text: is missing"),
            ({"log_in": "ada_streams", "text": "x" * 501}, 400, "at most 500 characters"),
        ],
    )
    def test_bad_input_is_told_in_a_sentence(
        self,
        simulator: Simulator,
        browser: httpx.Client,
        form: dict[str, str],
        status: int,
        sentence: str,
    ) -> None:
        with browser:
            if "text" in form and "log_in" in form:
                self.post(simulator, browser, log_in=form["log_in"])
                form = {"text": form["text"]}
            page = self.post(simulator, browser, **form)
            assert sentence in Text(page.text).words
            browser.headers["Accept"] = "application/json"
            answer = self.post(simulator, browser, **form)
        assert answer.status_code == status
        assert sentence in answer.json()["sentence"]

    def test_logging_out_ends_writing(self, simulator: Simulator, browser: httpx.Client) -> None:
        with browser:
            self.post(simulator, browser, log_in="ada_streams")
            page = self.post(simulator, browser, log_out="1")
        assert "Log in to write, as" in Text(page.text).words

    def test_another_sites_page_does_not_write(
        self, simulator: Simulator, browser: httpx.Client
    ) -> None:
        with browser:
            self.post(simulator, browser, log_in="ada_streams")
            browser.headers["Origin"] = "https://evil.example"
            browser.headers["Accept"] = "application/json"
            assert self.post(simulator, browser, text="buy this").status_code == 403

    def test_dark_by_darkpopout(self, shared: Simulator) -> None:
        page = get(shared, f"{self.ROOM}?parent=localhost&darkpopout")
        assert 'data-theme="dark"' in page.text
        assert 'data-theme="light"' in get(shared, f"{self.ROOM}?parent=localhost").text
