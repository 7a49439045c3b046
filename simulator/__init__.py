"""A local Twitch: OAuth, Helix and EventSub on one port, with a world that lives.

It stands alone: it imports nothing of StreamWatch and shares no constant with it, so that
each can find the other's mistakes. `python -m simulator` starts it; `simulator.testing`
starts it inside a test.
"""

from __future__ import annotations
