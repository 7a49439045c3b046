"""The Helix API, one module for each family of endpoints.

https://dev.twitch.tv/docs/api/reference
"""

from __future__ import annotations
