"""Watching: player, chat and any topic in real time, over EventSub or the retired PubSub."""
