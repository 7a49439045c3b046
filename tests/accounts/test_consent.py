"""A streamer lets StreamWatch see who follows, over real HTTP to the simulator."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.test import TestCase, override_settings

from accounts.granting import note_moderation
from accounts.models import FOLLOWERS, Grant, Moderation, User
from tests.accounts.dance import LOGIN, Dancer, local_twitch
from tests.accounts.grants import ADA
from tests.factories import make_user

PLAIN = ["user:read:email", "user:read:follows"]


class ConsentCase(TestCase):
    def setUp(self) -> None:
        self.simulator = self.enterContext(local_twitch())
        self.browser = Dancer()

    def set_out(self, query: str = "", browser: Dancer | None = None) -> dict[str, str]:
        """Press the page's button; what the browser is sent to Twitch with."""
        answer = (browser or self.browser).post("/consent/" + query)
        assert answer.status_code == 302, answer.content
        assert answer["Location"].startswith(settings.TWITCH_AUTH_URL + "/authorize?")
        found = parse_qs(urlsplit(answer["Location"]).query)
        return {name: values[0] for name, values in found.items()}

    def allow(self, login: str = "ada_streams") -> Any:
        """The answer to the callback."""
        return self.browser.get(self.browser.consent(self.set_out(), login))


class AllowTests(ConsentCase):
    def test_the_page_says_to_everybody_what_will_be_seen(self) -> None:
        page = self.browser.get("/consent/")
        self.assertContains(page, "who follows your channel")
        self.assertContains(page, "Allow at Twitch")
        self.assertNotContains(page, "You allow this already")

    def test_asks_twitch_for_the_followers_too(self) -> None:
        assert sorted(self.set_out()["scope"].split()) == sorted([*PLAIN, FOLLOWERS])

    def test_a_crafted_link_cannot_ask_for_more_or_lead_elsewhere(self) -> None:
        query = "?scope=channel:manage:broadcast&next=/home/&process=connect&auth_params=a%3Db"
        wish = self.set_out(query)
        assert sorted(wish["scope"].split()) == sorted([*PLAIN, FOLLOWERS])
        assert "a" not in wish
        assert self.browser.get(self.browser.consent(wish, "ada_streams"))["Location"] == (
            "/consent/thanks/"
        )

    def test_the_plain_login_asks_for_no_more_than_before(self) -> None:
        self.allow()
        wish = self.browser.set_out(f"?scope={FOLLOWERS}")
        assert sorted(wish["scope"].split()) == PLAIN

    def test_ends_on_thanks_and_how_to_take_it_back(self) -> None:
        answer = self.allow()
        assert (answer.status_code, answer["Location"]) == (302, "/consent/thanks/")
        page = self.browser.get("/consent/thanks/")
        self.assertContains(page, "Thank you")
        self.assertContains(page, "Withdraw it")
        self.assertContains(self.browser.get("/consent/"), "You allow this already")

    def test_the_grant_allows_it_and_twitch_agrees(self) -> None:
        self.allow()
        grant = Grant.objects.allowing(FOLLOWERS).get()
        assert grant.user.login == "ada_streams"
        path = f"/channels/followers?broadcaster_id={grant.user.twitch_id}"
        answer = self.simulator.helix("GET", path, token=grant.access_token)
        assert answer.status_code == 200
        assert answer.json()["data"] != []

    def test_a_later_plain_login_keeps_it(self) -> None:
        self.allow()
        Dancer().log_in_as("ada_streams")
        assert Grant.objects.allowing(FOLLOWERS).exists()

    def test_what_was_allowed_before_is_asked_for_again(self) -> None:
        self.browser.log_in_as("ada_streams")
        Grant.objects.update(scopes=[*PLAIN, "user:read:whispers"])
        asked = self.set_out()["scope"].split()
        assert sorted(asked) == sorted([*PLAIN, FOLLOWERS, "user:read:whispers"])

    def test_what_another_viewer_allowed_is_not_asked_for(self) -> None:
        Dancer().log_in_as("bob_watches")
        Grant.objects.update(scopes=[*PLAIN, "user:read:whispers"])
        assert "user:read:whispers" not in self.set_out()["scope"]

    def test_the_button_needs_the_token_of_its_form(self) -> None:
        assert Dancer(enforce_csrf_checks=True).post("/consent/").status_code == 403

    def test_a_consent_begun_in_another_browser_logs_nobody_in(self) -> None:
        mallory = Dancer()
        back = mallory.consent(self.set_out(browser=mallory), "zoe_quiet")
        assert self.browser.get(back).status_code == 400
        assert self.browser.viewer() is None


class AllowedBeforeTests(ConsentCase):
    """Whoever allowed more before, and follows a link without being logged in."""

    wide = (*PLAIN, "user:read:whispers")

    def setUp(self) -> None:
        super().setUp()
        with override_settings(LOGIN_SCOPES=self.wide):
            Dancer().log_in_as("ada_streams")

    def granted(self) -> list[str]:
        return sorted(Grant.objects.get().scopes)

    def allow_half(self) -> dict[str, str]:
        """What Twitch is asked after it was asked for the followers, and not for whispers."""
        answer = self.allow()
        assert answer["Location"].startswith(settings.TWITCH_AUTH_URL + "/authorize?")
        found = parse_qs(urlsplit(answer["Location"]).query)
        return {name: values[0] for name, values in found.items()}

    def test_twitch_is_asked_once_more_for_both(self) -> None:
        wish = self.allow_half()
        assert sorted(wish["scope"].split()) == sorted([*self.wide, FOLLOWERS])
        answer = self.browser.get(self.browser.consent(wish, "ada_streams"))
        assert answer["Location"] == "/consent/thanks/"
        assert self.granted() == sorted([*self.wide, FOLLOWERS])
        assert self.browser.viewer() == User.objects.get()

    def test_the_channel_of_the_link_is_not_forgotten(self) -> None:
        with override_settings(LOGIN_SCOPES=self.wide):
            Dancer().log_in_as("bob_watches")
        answer = self.browser.allow_as("bob_watches", channel_id=ADA)
        found = parse_qs(urlsplit(answer["Location"]).query)
        wish = {name: values[0] for name, values in found.items()}
        self.browser.get(self.browser.consent(wish, "bob_watches"))
        assert Moderation.objects.get().channel_id == ADA

    def test_after_a_no_what_was_there_is_there(self) -> None:
        answer = self.browser.get(self.browser.consent(self.allow_half()))
        assert answer["Location"] == "/consent/denied/"
        assert self.granted() == sorted(self.wide)
        assert self.browser.viewer() is None

    def test_nobody_is_sent_round_and_round(self) -> None:
        fewer = {**self.allow_half(), "scope": f"user:read:email {FOLLOWERS}"}
        answer = self.browser.get(self.browser.consent(fewer, "ada_streams"))
        assert answer["Location"] == "/consent/thanks/"
        assert self.granted() == sorted(["user:read:email", FOLLOWERS])


class LinkTests(ConsentCase):
    """The link names the channel it was made for."""

    def named(self) -> list[tuple[str, str]]:
        found = Moderation.objects.order_by("pk").values_list("user__login", "channel_id")
        return list(found)

    def test_the_page_keeps_the_channel(self) -> None:
        page = self.browser.get("/consent/?channel=4711")
        self.assertContains(page, '<input type="hidden" name="channel" value="4711">')

    def test_nonsense_is_no_channel(self) -> None:
        for channel in ("", "4 711", '"><script>', "x" * 33, "\u0664", "1\n2"):
            page = self.browser.get("/consent/", {"channel": channel})
            self.assertNotContains(page, 'name="channel"')
            self.browser.allow_as("grace_mods", channel)
        assert self.named() == []

    def test_who_allows_it_is_remembered_as_a_moderator_it_seems(self) -> None:
        for _ in range(2):
            self.browser.allow_as("grace_mods", ADA)
        assert self.named() == [("grace_mods", ADA)]

    def test_not_the_streamer(self) -> None:
        self.browser.allow_as("ada_streams", ADA)
        assert self.named() == []

    def test_nor_who_says_no_and_the_page_keeps_the_channel(self) -> None:
        answer = self.browser.allow_as("", ADA)
        assert answer["Location"] == f"/consent/denied/?channel={ADA}"
        self.assertContains(self.browser.get(answer["Location"]), f'value="{ADA}"')
        assert self.named() == []

    def test_a_plain_login_names_no_channel(self) -> None:
        self.browser.log_in_as("grace_mods", f"?channel={ADA}")
        assert self.named() == []

    def test_the_last_twenty_of_a_viewer_are_kept(self) -> None:
        user, other = make_user(), make_user()
        note_moderation(user=other, channel_id="1")
        for number in range(25):
            note_moderation(user=user, channel_id=f"c{number}")
        note_moderation(user=user, channel_id="c5")
        mine = Moderation.objects.filter(user=user).values_list("channel_id", flat=True)
        assert set(mine) == {"c5", *(f"c{number}" for number in range(6, 25))}
        assert Moderation.objects.filter(user=other).exists()


class NotAllowedTests(ConsentCase):
    def test_a_no_at_twitch_is_said(self) -> None:
        answer = self.browser.get(self.browser.consent(self.set_out()))
        assert answer["Location"] == "/consent/denied/"
        page = self.browser.get("/consent/denied/")
        self.assertContains(page, "You said no at Twitch")
        self.assertContains(page, "Allow at Twitch")
        assert not User.objects.exists()

    def test_a_no_to_the_plain_login_leads_where_it_did(self) -> None:
        answer = self.browser.get(self.browser.consent(self.browser.set_out()))
        assert answer["Location"] == "/accounts/3rdparty/login/cancelled/"

    def test_nobody_is_thanked_for_what_was_not_allowed(self) -> None:
        self.browser.log_in_as("ada_streams")
        answer = self.browser.get("/consent/thanks/")
        self.assertRedirects(answer, "/consent/", fetch_redirect_response=False)

    def test_a_visitor_is_not_thanked(self) -> None:
        answer = self.browser.get("/consent/thanks/")
        assert answer["Location"] == "/accounts/login/?next=/consent/thanks/"

    def test_twitch_away_is_said(self) -> None:
        back = self.browser.consent(self.set_out(), "ada_streams")
        self.simulator.control.fault("oauth_down")
        self.assertContains(self.browser.get(back), "Twitch does not answer", status_code=503)
        assert not User.objects.exists()

    def test_a_link_to_the_login_leads_to_no_wider_one(self) -> None:
        self.assertContains(self.browser.get(f"{LOGIN}?scope={FOLLOWERS}"), "Log in with Twitch")
        assert sorted(self.browser.set_out()["scope"].split()) == PLAIN


class AllowingTests(TestCase):
    """Who granted what."""

    def allow(self, *scopes: str, **fields: Any) -> Grant:
        return Grant.objects.create(user=make_user(), scopes=list(scopes), **fields)

    def test_finds_live_ones_with_the_very_scope(self) -> None:
        mine = self.allow(FOLLOWERS, "user:read:email")
        alone = self.allow(FOLLOWERS)
        self.allow()
        self.allow("user:read:email")
        self.allow("moderator:read:followers:all")
        self.allow("xmoderator:read:followers")
        self.allow("moderatorxread:followers")
        self.allow(FOLLOWERS, state=Grant.State.DEAD)
        assert set(Grant.objects.allowing(FOLLOWERS)) == {mine, alone}

    def test_signs_of_sql_mean_themselves(self) -> None:
        self.allow("abc", "a-c")
        found = self.allow("a_c")
        assert set(Grant.objects.allowing("a_c")) == {found}
        assert not Grant.objects.allowing("%").exists()

    def test_costs_one_query_for_many(self) -> None:
        ids = [self.allow(FOLLOWERS).user.twitch_id for _ in range(3)]
        with self.assertNumQueries(1):  # the grants
            grants = Grant.objects.allowing(FOLLOWERS).filter(user__twitch_id__in=ids)
            assert sorted(grants.values_list("user__twitch_id", flat=True)) == sorted(ids)
