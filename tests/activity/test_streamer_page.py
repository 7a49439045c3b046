"""/streamers/<login>/: what a streamer is doing and has done, for any viewer."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.test import TestCase, override_settings
from django.utils import timezone

from accounts.models import FOLLOWED, FOLLOWERS, Grant
from activity.models import Activity
from subscriptions.models import Streamer
from tests.activity.saying import ANN, at, channel, offline, online, raid, told
from tests.factories import (
    make_activity,
    make_broadcast,
    make_follower_count,
    make_promise,
    make_ring,
    make_segment,
    make_streamer,
    make_subscription,
    make_user,
    make_want,
)

HOSTILE = '<script>alert("1")</script> {{ 1 }} \u202eغرفة 🎮'


class StreamerPageTests(TestCase):
    url = "/streamers/ann/"

    def setUp(self) -> None:
        self.viewer = make_user()
        self.client.force_login(self.viewer)
        self.ann = make_streamer(twitch_id=ANN, login="ann", display_name="Ann", title="Openings")

    def test_who_is_logged_out_is_led_to_the_login(self) -> None:
        self.client.logout()
        self.assertRedirects(
            self.client.get(self.url),
            "/accounts/login/?next=/streamers/ann/",
            fetch_redirect_response=False,
        )

    def test_says_of_each_kind_how_it_is_learned_of(self) -> None:
        mine = make_subscription(user=self.viewer, streamer=self.ann)
        make_want(subscription=mine)
        make_promise(subject_id=ANN)
        make_ring(name="streams", round_seconds=3.0, period_seconds=61.0)
        answer = self.client.get(self.url)
        kinds = [one.kind for _, one in answer.context["coverage"]]
        assert set(kinds) == {*Activity.Kind.values, "follower", "follows"}
        sentences = {one.kind: one.sentence for _, one in answer.context["coverage"]}
        assert sentences["online"] == "Twitch tells it at once"
        assert sentences["offline"].startswith("Checked by polling every 61 s")
        self.assertContains(answer, "How StreamWatch knows")

    def test_says_how_many_follow_and_since_when_that_is_known(self) -> None:
        self.assertNotContains(self.client.get(self.url), "data-followers")
        counted_at = timezone.now() - timedelta(hours=2)
        count = make_follower_count(streamer=self.ann, total=12_345, as_of=counted_at)
        answer = self.client.get(self.url)
        self.assertContains(answer, '<span class="figures">12,345</span> followers, counted')
        self.assertContains(answer, "2 h ago</time>")
        count.total = 1
        count.save()
        self.assertContains(self.client.get(self.url), ">1</span> follower, counted")

    def test_offers_the_link_to_send_while_a_consent_is_missing(self) -> None:
        make_subscription(user=self.viewer, streamer=self.ann)
        link = f"http://localhost:8000/consent/?channel={ANN}"
        self.assertContains(self.client.get(self.url), f'value="{link}"')
        Grant.objects.create(user=make_user(twitch_id=ANN), scopes=[FOLLOWERS, FOLLOWED])
        self.assertNotContains(self.client.get(self.url), "/consent/?channel=")

    def test_says_nothing_of_it_when_nobody_watches(self) -> None:
        self.assertNotContains(self.client.get(self.url), "How StreamWatch knows")

    def test_only_get(self) -> None:
        assert self.client.post(self.url).status_code == 405

    def test_is_kept_by_no_cache(self) -> None:
        assert "no-store" in self.client.get(self.url)["Cache-Control"]

    def test_subscriber_sees_the_state_and_can_end_it(self) -> None:
        mine = make_subscription(user=self.viewer, streamer=self.ann)
        answer = self.client.get(self.url)
        self.assertContains(answer, "Waiting for Twitch&#x27;s confirmation")
        self.assertContains(answer, f'href="/streamers/{mine.pk}/unsubscribe/"')
        self.assertNotContains(answer, "/streamers/ann/verify/")

    def test_another_viewer_sees_the_same_and_can_subscribe(self) -> None:
        theirs = make_subscription(streamer=self.ann)
        activity = make_activity(streamer=self.ann)
        answer = self.client.get(self.url)
        self.assertContains(answer, f'data-activity-id="{activity.pk}"')
        self.assertContains(answer, 'href="/streamers/ann/verify/"')
        self.assertNotContains(answer, f"/streamers/{theirs.pk}/unsubscribe/")

    def test_nobody_watches_any_more(self) -> None:
        answer = self.client.get(self.url)
        self.assertContains(answer, "Nobody watches this streamer any more")
        self.assertNotContains(answer, "Waiting for Twitch")

    def test_offline_with_the_last_title(self) -> None:
        answer = self.client.get(self.url)
        self.assertContains(answer, 'data-live="false"')
        self.assertContains(answer, "Last title")
        self.assertContains(answer, "No broadcast yet")
        self.assertContains(answer, "Nothing has happened yet")

    def test_live_with_uptime_title_and_category(self) -> None:
        began_at = timezone.now() - timedelta(hours=1, minutes=2)
        Streamer.objects.update(live_stream_id="s1", live_started_at=began_at)
        answer = self.client.get(self.url)
        self.assertContains(answer, 'data-live="true"')
        self.assertContains(answer, "1:02:0")
        self.assertContains(answer, "<bdi>Openings</bdi>", html=True)

    def test_only_its_own_activities_the_ten_newest(self) -> None:
        make_activity(occurred_at=timezone.now())
        for number in range(12):
            make_activity(streamer=self.ann, occurred_at=timezone.now() - timedelta(hours=number))
        self.assertContains(self.client.get(self.url), "data-activity-id=", count=10)

    def test_hostile_words_are_only_words(self) -> None:
        Streamer.objects.update(title=HOSTILE, category_name=HOSTILE, display_name=HOSTILE)
        make_activity(streamer=self.ann, details={"title": HOSTILE, "category": HOSTILE})
        make_broadcast(streamer=self.ann)
        answer = self.client.get(self.url)
        self.assertNotContains(answer, "<script>")
        self.assertContains(answer, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; {{ 1 }}")

    def test_cost_does_not_grow_with_rows(self) -> None:
        subscription = make_subscription(user=self.viewer, streamer=self.ann)
        make_want(subscription=subscription)
        make_promise(subject_id=ANN)
        now = timezone.now()
        for number in range(30):
            began_at = now - timedelta(hours=number + 1)
            one = make_broadcast(streamer=self.ann, began_at=began_at, ended_at=began_at)
            make_segment(broadcast=one, began_at=began_at, ended_at=began_at)
            make_activity(streamer=self.ann, occurred_at=began_at)
        # session, viewer; streamer, subscription, wants, promises, ended consent; broadcasts,
        # segments, what happened in them; activities; coverage: rings, wants, promises, grant
        with self.assertNumQueries(15):
            answer = self.client.get(self.url)
        self.assertContains(answer, "data-broadcast-id=", count=10)
        self.assertContains(answer, "data-activity-id=", count=10)


class AddressTests(TestCase):
    def setUp(self) -> None:
        self.client.force_login(make_user())

    def test_login_in_any_case(self) -> None:
        make_streamer(login="ann", display_name="Ann")
        self.assertContains(self.client.get("/streamers/ANN/"), "Ann")

    def test_streamers_called_as_other_pages_are_have_a_page(self) -> None:
        for login in ("search", "rows"):
            streamer = make_streamer(login=login, display_name=f"I am {login}")
            url = streamer.get_absolute_url()
            assert url == f"/streamers/{login.upper()}/"
            self.assertContains(self.client.get(url), f"I am {login}")
            self.assertNotContains(self.client.get(f"/streamers/{login}/"), f"I am {login}")

    def test_login_that_is_none_has_an_address_all_the_same(self) -> None:
        for login in ("a/b", "", "é ?#"):
            assert make_streamer(login=login).get_absolute_url().startswith("/streamers/")

    def test_recycled_login_is_whose_it_was_last(self) -> None:
        now = timezone.now()
        make_streamer(login="ann", display_name="Now", name_as_of=now)
        make_streamer(login="ann", display_name="Then", name_as_of=now - timedelta(days=1))
        self.assertContains(self.client.get("/streamers/ann/"), "Now")

    def test_unknown_streamer_is_404_in_words(self) -> None:
        answer = self.client.get("/streamers/nobody_here/")
        self.assertContains(answer, "Nobody here watches this streamer", status_code=404)
        self.assertContains(answer, 'href="/streamers/nobody_here/verify/"', status_code=404)

    def test_no_login_at_all_is_404_in_words(self) -> None:
        answer = self.client.get("/streamers/%D8%BA <b>/")
        self.assertContains(answer, "Nobody on Twitch is called that", status_code=404)
        self.assertNotContains(answer, "<b>", status_code=404)

    def test_names_in_rows_lead_here(self) -> None:
        viewer = make_user()
        self.client.force_login(viewer)
        ann = make_streamer(login="ann")
        make_subscription(user=viewer, streamer=ann)
        make_activity(streamer=ann)
        self.assertContains(self.client.get("/home/"), 'href="/streamers/ann/"', count=2)


@override_settings(ACTIVITY_DAYS=100_000)
class BroadcastsOnThePageTests(TestCase):
    def setUp(self) -> None:
        make_streamer(
            twitch_id=ANN, login="ann", title="Openings", category_name="Chess", live_as_of=at(-60)
        )
        self.client.force_login(make_user())

    def page(self) -> str:
        answer = self.client.get("/streamers/ann/")
        assert answer.status_code == 200
        broadcasts = answer.content.decode().split('id="broadcasts"')[1].split("</section>")[0]
        return " ".join(broadcasts.split())

    def test_length_chapters_gap_and_raids(self) -> None:
        told(online("s1", 0), channel(600, "Endgames"), raid(900, "7", ANN, 1234))
        told(offline("s1", 1200), online("s2", 1320), channel(1800, "Endgames", "Go"))
        told(offline("s2", 7200), raid(7200, ANN, "8", 1))
        page = self.page()
        assert page.count("data-broadcast-id=") == 1
        assert "2 h" in page
        assert page.count("data-chapter") == 3
        for words in ("at first", "Openings", "after 10 min", "Endgames", "after 30 min", "Go"):
            assert words in page, words
        assert page.count("data-gap") == 1
        assert 'Off the air for <span class="figures">2 min</span>' in page
        assert page.count("data-raid") == 2
        assert "User7" in page
        assert "1,234" in page

    def test_newest_first_and_each_with_its_own(self) -> None:
        told(online("s1", 0), channel(60, "Endgames"), offline("s1", 600))
        told(online("s2", 9000), channel(9060, "Gambits"), offline("s2", 9600))
        page = self.page()
        first, second = page.split("data-broadcast-id=")[1:]
        assert "Gambits" in first
        assert "Gambits" not in second
        assert "Openings" in second

    def test_on_the_air(self) -> None:
        told(online("s1", 0))
        assert "LIVE" in self.page()

    def test_live_before_anybody_told_has_the_title_of_then(self) -> None:
        Streamer.objects.update(live_stream_id="s0", live_started_at=at(-600))
        told(channel(60, "Endgames"), online("s0", -600, heard=120))
        page = self.page()
        assert page.count("data-chapter") == 2
        assert page.index("Openings") < page.index("Endgames")

    def test_live_before_anybody_told_and_nothing_changed(self) -> None:
        Streamer.objects.update(live_stream_id="s0", live_started_at=at(-600))
        told(offline("", -100), online("s0", -600, heard=120))
        Activity.objects.all().delete()
        assert "Openings" in self.page()

    def test_ended_just_now_may_go_on(self) -> None:
        ended_at = timezone.now() - timedelta(minutes=1)
        make_broadcast(streamer=Streamer.objects.get(), ended_at=ended_at)
        assert "may go on" in self.page()

    def test_end_that_nobody_told(self) -> None:
        make_broadcast(streamer=Streamer.objects.get())
        page = self.page()
        assert "its end was not heard of" in page
        assert "LIVE" not in page

    def test_end_that_was_concluded(self) -> None:
        moment: datetime = timezone.now() - timedelta(hours=2)
        one = make_broadcast(streamer=Streamer.objects.get(), ended_at=moment, is_over=True)
        one.segments.update(is_end_known=False)
        assert "its end was not heard of" in self.page()

    def test_beginning_that_nobody_told(self) -> None:
        told(offline("s1", 600))
        assert "its beginning was not heard of" in self.page()
        assert "no title known" in self.page()
