"""What keeps an example from being played."""


class NoData(Exception):
    """What an example is played with cannot be had; the message says why and what to do, in one line."""
