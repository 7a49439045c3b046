from django.test import TestCase
from django.db import connection
from django.test.utils import CaptureQueriesContext
from activity.feed import newest_for
from tests.factories import *


class T(TestCase):
    def test_x(self):
        u = make_user()
        for _ in range(3):
            make_activity(streamer=make_subscription(user=u).streamer)
        with CaptureQueriesContext(
            connection,
        ) as c:
            print(newest_for(u))
        for q in c.captured_queries:
            print(q["sql"])
