"""All parts of the simulator, put together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

from simulator.archive import Archive
from simulator.bucket import Buckets
from simulator.chat import Chat
from simulator.clock import Clock
from simulator.config import Config
from simulator.courier import Courier
from simulator.faults import Faults
from simulator.life import Life
from simulator.outbox import Outbox
from simulator.people import NoSuchPerson, People
from simulator.seeding import seed_world
from simulator.sessions import ENDINGS, Sessions
from simulator.store import Store
from simulator.subscriptions import Subscriptions
from simulator.tokens import Tokens
from simulator.visits import Visits
from simulator.world import World

PRUNE_EVERY_SECONDS = 600


@dataclass(frozen=True)
class LocalTwitch:
    """What every endpoint needs; one of it for each running simulator."""

    config: Config
    clock: Clock
    store: Store
    people: People
    tokens: Tokens
    subscriptions: Subscriptions
    faults: Faults
    outbox: Outbox
    sessions: Sessions
    chat: Chat
    archive: Archive
    world: World
    courier: Courier
    life: Life
    buckets: Buckets
    visits: Visits
    operator_id: str
    # Set when the simulator is told to stop: what sleeps wakes up.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep_house(self) -> None:
        """Forget old messages and happenings now and then, until cancelled."""
        while True:
            self.courier.prune()
            self.world.prune()
            self.chat.prune()
            self.visits.prune()
            await asyncio.sleep(PRUNE_EVERY_SECONDS)

    def begin_anew(self) -> None:
        """The first day again: nobody has logged in, nothing is subscribed to or broken."""
        self.clock.begin_anew()
        self.sessions.end_all(ENDINGS[4000])
        with self.store.transaction():
            self.store.empty()
            seed_world(
                self.store,
                seed=self.config.seed,
                streamers=self.config.streamers,
                now=self.clock.now(),
            )
        self.faults.clear()
        self.buckets.fill()
        self.subscriptions.forget_watched()
        self.life.begin_anew()

    async def dawdle(self) -> None:
        """Let `slow_seconds` pass, less when the simulator stops."""
        try:
            async with asyncio.timeout(self.config.slow_seconds):
                await self.stopping.wait()
        except TimeoutError:
            return


def build(config: Config) -> LocalTwitch:
    """Open the state file, fill it on the first day, and connect the parts."""
    clock, store, faults = Clock(), Store(config.state), Faults()
    seed_world(store, seed=config.seed, streamers=config.streamers, now=clock.now())
    people = People(store, clock)
    tokens = Tokens(store, config, clock)
    subscriptions = Subscriptions(store, config, clock)
    outbox = Outbox(store, subscriptions, faults, clock, config)
    sessions = Sessions(subscriptions, clock, config)
    chat = Chat(store, clock)
    world = World(store, people, subscriptions, outbox, chat, tokens, clock, config)
    return LocalTwitch(
        config=config,
        clock=clock,
        store=store,
        people=people,
        tokens=tokens,
        subscriptions=subscriptions,
        faults=faults,
        outbox=outbox,
        sessions=sessions,
        chat=chat,
        archive=Archive(store, people, clock),
        world=world,
        courier=Courier(store, subscriptions, outbox, sessions, faults, clock, config),
        life=Life(store, people, world, subscriptions, config),
        buckets=Buckets(config.points_a_minute, clock),
        visits=Visits(store, clock),
        operator_id=_operator_id(config, store, people),
    )


def _operator_id(config: Config, store: Store, people: People) -> str:
    """The id of the operator, also after a new login; "" where the login names nobody."""
    key = f"operator:{config.operator.lower()}"
    known = store.get_meta(key, "")
    if not known:
        try:
            known = people.by_login(config.operator)["id"]
        except NoSuchPerson:
            return ""
        store.set_meta(key, known)
    return known


def of(connection: HTTPConnection) -> LocalTwitch:
    """The simulator that a request or WebSocket has come to."""
    twitch: LocalTwitch = connection.app.state.twitch
    return twitch
