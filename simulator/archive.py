"""What is kept of the streams: videos, clips and schedules.

Nothing of it is stored: each follows from its person and the first day of the world.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID, uuid5

from simulator.clock import Clock
from simulator.content import FIRST_WORDS, SECOND_WORDS
from simulator.dice import Dice
from simulator.people import NoSuchPerson, People, Person
from simulator.seeding import make_category, make_title
from simulator.store import Store

DAY, WEEK = 86_400, 7 * 86_400
MOST = 14
# Of those who can log in: who keeps nothing, and has no schedule.
QUIET = ("zoe_quiet", "bob_watches")
SLOTS = UUID("3f0e7a54-6d6b-4a6f-8f0c-2f5b6f0c7d21")


class NotKept(Exception):
    """There is no video or clip with that id; `word` says which of them."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True)
class Video:
    """A stream, or a part of one, that can be watched again."""

    word: ClassVar[str] = "video"
    id: str
    person_id: str
    title: str
    category_id: str
    kind: str
    begun_at: float
    seconds: int
    views: int
    stream_id: str
    muted: tuple[int, int] | None


@dataclass(frozen=True)
class Clip:
    """Half a minute of somebody's stream, cut out by somebody else."""

    word: ClassVar[str] = "clip"
    id: str
    person_id: str
    maker_id: str
    title: str
    category_id: str
    made_at: float
    seconds: float
    views: int
    video_id: str
    offset: int | None
    featured: bool


@dataclass(frozen=True)
class Slot:
    """When somebody streams each week; `first` is the first moment ever."""

    id: str
    first: float
    seconds: int
    title: str
    category_id: str
    # How many weeks from the first day the one that is cancelled is; None for none.
    cancelled: int | None


class Archive:
    """Look-ups; the same question has the same answer, but for the views."""

    def __init__(self, store: Store, people: People, clock: Clock) -> None:
        self._store = store
        self._people = people
        self._clock = clock

    def _first_day(self) -> float:
        """The midnight before the world began."""
        begun = float(self._store.get_meta("begun_at", "") or self._clock.now())
        return begun // DAY * DAY

    def videos_of(self, person: Person) -> list[Video]:
        """Newest first."""
        if person["last_streamed_at"] is None or person["login"] in QUIET:
            return []
        dice = Dice("videos", person["id"])
        count = dice.randrange(3 if person["can_log_in"] else 0, MOST + 1)
        begun_at = self._first_day()
        found = []
        for number in range(count):
            begun_at -= dice.uniform(0.6, 4) * DAY
            kind = dice.weighted([("archive", 6), ("highlight", 2), ("upload", 1)])
            hours = dice.uniform(1, 6) if kind == "archive" else dice.uniform(0.02, 0.5)
            category = make_category(dice)
            found.append(
                Video(
                    id=f"{person['id']}{number:02}",
                    person_id=person["id"],
                    title=make_title(dice, person["name"], category) or "Untitled broadcast",
                    category_id=category,
                    kind=kind,
                    begun_at=begun_at,
                    seconds=int(hours * 3600),
                    views=int(person["viewers_base"] * dice.uniform(0.5, 8)),
                    stream_id=str(int(begun_at * 1000)) if kind == "archive" else "",
                    muted=(dice.randrange(60, 600), 180) if dice.random() < 0.2 else None,
                )
            )
        return found

    def clips_of(self, person: Person) -> list[Clip]:
        """The most watched first, as Twitch lists them."""
        videos = self.videos_of(person)
        dice = Dice("clips", person["id"])
        found = []
        for number in range(dice.randrange(2, MOST + 1) if videos else 0):
            video = dice.choice(videos)
            offset = dice.randrange(max(1, video.seconds - 60))
            words = (dice.choice(FIRST_WORDS), dice.choice(SECOND_WORDS), dice.choice(SECOND_WORDS))
            slug = "".join(word.capitalize() for word in words)
            found.append(
                Clip(
                    id=f"{slug}-{person['id']}{number:02}",
                    person_id=person["id"],
                    maker_id=self._people.stranger(dice.random())["id"],
                    title=dice.choice(
                        [
                            "what just happened",
                            "no way",
                            "the cat did it",
                            "clean 🎯",
                            video.title[:60],
                        ]
                    ),
                    category_id=video.category_id,
                    made_at=video.begun_at + offset,
                    seconds=round(dice.uniform(5, 60), 1),
                    views=int(person["viewers_base"] * dice.uniform(0.1, 20)),
                    video_id=video.id if dice.random() < 0.8 else "",
                    offset=offset,
                    featured=dice.random() < 0.2,
                )
            )
        return sorted(found, key=lambda clip: (-clip.views, clip.id))

    def slots_of(self, person: Person) -> list[Slot]:
        """The weekly ones; empty for somebody without a schedule."""
        dice = Dice("schedule", person["id"])
        has_none = dice.random() < 0.4 and not person["can_log_in"]
        if person["last_streamed_at"] is None or person["login"] in QUIET or has_none:
            return []
        days = sorted(dice.sample(range(7), dice.randrange(1, 4)))
        found = []
        for day in days:
            category = make_category(dice)
            found.append(
                Slot(
                    id=str(uuid5(SLOTS, f"{person['id']}:{day}")),
                    first=self._first_day() + day * DAY + dice.randrange(8, 23) * 3600,
                    seconds=dice.randrange(1, 6) * 3600,
                    title=make_title(dice, person["name"], category),
                    category_id=category,
                    cancelled=dice.randrange(1, 4) if dice.random() < 0.3 else None,
                )
            )
        return found

    def video(self, number: str) -> Video:
        """The video with that id; raises NotKept."""
        for video in self.videos_of(self._owner(number, Video.word)):
            if video.id == number:
                return video
        raise NotKept(Video.word)

    def clip(self, slug: str) -> Clip:
        """The clip with that id; raises NotKept."""
        for clip in self.clips_of(self._owner(slug.rpartition("-")[2], Clip.word)):
            if clip.id == slug:
                return clip
        raise NotKept(Clip.word)

    def _owner(self, number: str, word: str) -> Person:
        """Whose it is: its id begins with theirs and ends with two digits."""
        try:
            person = self._people.get(number[:-2])
        except NoSuchPerson:
            raise NotKept(word) from None
        if person["gone"]:
            raise NotKept(word)
        return person
