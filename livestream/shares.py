"""How much of this process, and of Twitch's budget, one viewer takes by listening."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from livestream.listening import Listening
from livestream.topics import BAD_TOPIC, SERVER, Refusal

# As Twitch allowed to one address.
MOST_CONNECTIONS: Final = 10
# As many as one connection may have of any; a costly one costs 1 or 2 of Twitch's 10,000.
MOST_COSTLY: Final = 50
TOO_MANY_CONNECTIONS: Final = (
    f"You listen over {MOST_CONNECTIONS} connections already. Close one of them first."
)
TOO_MANY_COSTLY: Final = (
    f"You may listen on {MOST_COSTLY} topics that cost Twitch's budget something, over all of"
    " your connections together. Stop one of them first."
)


class Shares:
    """What all viewers listen on here, by connection."""

    def __init__(self) -> None:
        self._held: defaultdict[int, dict[int, set[Listening]]] = defaultdict(dict)

    def take(self, new: Sequence[Listening], *, connection: int) -> None:
        """Count these in, which are one viewer's.

        Raises:
            Refusal: the viewer has as many connections, or costly topics, as one may have.
        """
        viewer = new[0].right.user.pk
        held = self._held.get(viewer, {})
        if connection not in held and len(held) >= MOST_CONNECTIONS:
            raise Refusal(SERVER, TOO_MANY_CONNECTIONS)
        # The same topic over two connections costs once.
        costly = {
            one.topic.name for each in (*held.values(), new) for one in each if one.topic.kind.cost
        }
        if len(costly) > MOST_COSTLY:
            raise Refusal(BAD_TOPIC, TOO_MANY_COSTLY)
        self._held[viewer].setdefault(connection, set()).update(new)

    def give_back(self, some: Iterable[Listening], *, connection: int) -> None:
        """These are over."""
        for one in some:
            viewer = one.right.user.pk
            held = self._held.get(viewer, {})
            held.get(connection, set()).discard(one)
            if connection in held and not held[connection]:
                del held[connection]
            if not held:
                self._held.pop(viewer, None)
