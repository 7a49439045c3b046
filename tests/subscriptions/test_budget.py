"""Who gets a place in the budget: tables, and properties that hold for any numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions.budget import RANKS, Claim, cost, places, usable

ONLINE, OFFLINE, UPDATE, RAID, USER, FOLLOW = (
    "stream.online",
    "stream.offline",
    "channel.update",
    "channel.raid",
    "user.update",
    "channel.follow",
)


def claim(
    type_: str,
    subject: str,
    viewers: int = 1,
    *,
    has_place: bool = False,
    is_topic: bool = False,
) -> Claim:
    return Claim((type_, subject), subject, viewers, has_place, is_topic)


def topics(type_: str, *subjects: str, has_place: bool = False) -> list[Claim]:
    return [claim(type_, one, has_place=has_place, is_topic=True) for one in subjects]


def chosen(claims: list[Claim], budget: int, consenting: tuple[str, ...] = ()) -> set[str]:
    found = places(claims, consenting=consenting, budget=budget)
    return {f"{type_.partition('.')[2]} {subject}" for type_, subject in found}


@pytest.mark.parametrize(
    ("claims", "budget", "consenting", "expected"),
    [
        ([], 5, (), set()),
        ([claim(ONLINE, "a")], 0, (), set()),
        ([claim(ONLINE, "a")], -3, (), set()),
        # Going live of everybody comes before anything else of anybody.
        (
            [claim(OFFLINE, "a", 99), claim(ONLINE, "a", 99), claim(ONLINE, "b", 1)],
            2,
            (),
            {"online a", "online b"},
        ),
        # Kind by kind, to the last.
        (
            [claim(kind, "a") for kind in (USER, RAID, UPDATE, OFFLINE, ONLINE)],
            4,
            (),
            {"online a", "offline a", "update a", "raid a"},
        ),
        # More viewers first; of equals the one that is there, else the first by name.
        ([claim(ONLINE, "a", 1), claim(ONLINE, "b", 2)], 1, (), {"online b"}),
        ([claim(ONLINE, "b", 1), claim(ONLINE, "a", 1)], 1, (), {"online a"}),
        # A place is not lost to a few more, but to clearly more.
        ([claim(ONLINE, "a", 8, has_place=True), claim(ONLINE, "b", 13)], 1, (), {"online a"}),
        ([claim(ONLINE, "a", 8, has_place=True), claim(ONLINE, "b", 14)], 1, (), {"online b"}),
        # No place of a lower kind stands against a higher one.
        ([claim(OFFLINE, "a", 99, has_place=True), claim(ONLINE, "b", 1)], 1, (), {"online b"}),
        # Who consented costs nothing, nor does what needs consent.
        (
            [claim(USER, "a"), claim(ONLINE, "b"), claim(FOLLOW, "b"), claim(FOLLOW, "c")],
            0,
            ("a",),
            {"update a", "follow b", "follow c"},
        ),
        # What only topics want comes last, whatever it is and whether it has a place.
        (
            [claim(USER, "a"), *topics(ONLINE, "b", has_place=True)],
            1,
            (),
            {"update a"},
        ),
        # A tenth of the budget at most, however much is left of it.
        (topics(ONLINE, "a", "b", "c"), 29, (), {"online a", "online b"}),
        (topics(ONLINE, "a", "b", "c"), 9, (), set()),
        (
            [*(claim(ONLINE, one) for one in "abcdefghi"), *topics(OFFLINE, "a", "b")],
            10,
            (),
            {*(f"online {one}" for one in "abcdefghi"), "offline a"},
        ),
        # What costs nothing is no part of that.
        ([*topics(FOLLOW, "a"), *topics(ONLINE, "b")], 0, ("b",), {"follow a", "online b"}),
    ],
)
def test_places(
    claims: list[Claim], budget: int, consenting: tuple[str, ...], expected: set[str]
) -> None:
    assert chosen(claims, budget, consenting) == expected


@pytest.mark.parametrize(
    ("most", "foreign", "left"),
    [
        (10_000, 0, 9_900),
        (10_000, 50, 9_900),
        (10_000, 51, 9_899),
        (10_000, 4_000, 5_950),
        (10, 0, 9),
        (1, 0, 0),
        (0, 0, 0),
        (10, 99, 0),
    ],
)
def test_what_may_be_used(most: int, foreign: int, left: int) -> None:
    assert usable(max_total_cost=most, foreign=foreign) == left


KINDS = st.sampled_from([*RANKS, FOLLOW])
SUBJECTS = st.sampled_from([f"s{number}" for number in range(12)])
CLAIMS = st.lists(
    st.builds(
        lambda kind, subject, viewers, has_place: claim(
            kind, subject, viewers, has_place=has_place
        ),
        KINDS,
        SUBJECTS,
        st.integers(0, 200),
        st.booleans(),
    ),
    max_size=60,
    unique_by=lambda one: one.key,
)


@given(claims=CLAIMS, budget=st.integers(-1, 40), consenting=st.frozensets(SUBJECTS))
def test_never_over_budget_and_none_left_over(
    claims: list[Claim], budget: int, consenting: frozenset[str]
) -> None:
    found = places(claims, consenting=consenting, budget=budget)
    costing = [one for one in claims if cost(one, consenting)]
    spent = sum(one.key in found for one in costing)
    assert spent == min(max(0, budget), len(costing))
    assert all(one.key in found for one in claims if one not in costing)


@given(claims=CLAIMS, listened=CLAIMS, budget=st.integers(-1, 40))
def test_topics_take_no_place_from_others(
    claims: list[Claim], listened: list[Claim], budget: int
) -> None:
    keys = {one.key for one in claims}
    more = [replace(one, is_topic=True) for one in listened if one.key not in keys]
    found = places([*more, *claims], consenting=(), budget=budget)
    assert found & keys == places(claims, consenting=(), budget=budget)
    costing = [one for one in more if cost(one, ())]
    left = max(0, budget) - sum(one.key in found for one in claims if cost(one, ()))
    spent = sum(one.key in found for one in costing)
    assert spent == min(len(costing), left, max(0, budget) // 10)


@given(claims=CLAIMS, budget=st.integers(0, 40))
def test_the_order_is_kept(claims: list[Claim], budget: int) -> None:
    found = places(claims, consenting=(), budget=budget)
    costing = [one for one in claims if cost(one, ())]
    for inside in costing:
        for outside in costing:
            if inside.key in found and outside.key not in found:
                ranks = RANKS[inside.key[0]], RANKS[outside.key[0]]
                assert ranks[0] <= ranks[1]
                if ranks[0] == ranks[1] and inside.has_place == outside.has_place:
                    assert inside.viewers >= outside.viewers


@given(claims=CLAIMS, budget=st.integers(0, 40))
def test_the_same_again_changes_nothing(claims: list[Claim], budget: int) -> None:
    found = places(claims, consenting=(), budget=budget)
    again = [Claim(one.key, one.subject_id, one.viewers, one.key in found) for one in claims]
    assert places(again, consenting=(), budget=budget) == found


@settings(max_examples=300)
@given(data=st.data(), claims=CLAIMS, budget=st.integers(1, 20))
def test_numbers_that_wobble_give_no_place_back(
    data: st.DataObject, claims: list[Claim], budget: int
) -> None:
    """Within a tenth and 1, whoever has lost a place does not get it again."""
    held = {one.key for one in claims if one.has_place}
    lost: set[tuple[str, str]] = set()
    for _ in range(6):
        now = [
            Claim(
                one.key,
                one.subject_id,
                one.viewers + data.draw(st.integers(0, one.viewers // 10 + 1)),
                one.key in held,
            )
            for one in claims
        ]
        found = set(places(now, consenting=(), budget=budget))
        assert not lost & found
        # Those with more than the budget at the start lose what they never could keep.
        lost |= held - found
        held = found
