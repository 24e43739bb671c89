"""One line in the log for each kind of trouble, not one per call."""

from __future__ import annotations

import logging

logger = logging.getLogger("pilotage")

_said: dict[str, str] = {}


def log_once(topic: str, message: str, *values: object) -> None:
    """Warn about a topic once, and again only when what there is to say has changed."""
    said = message % values if values else message
    if _said.get(topic) != said:
        _said[topic] = said
        logger.warning("pilotage: %s", said)


def all_clear(topic: str, message: str, *values: object) -> None:
    """Say that a trouble that was logged is over."""
    if _said.pop(topic, None) is not None:
        logger.warning("pilotage: " + message, *values)  # noqa: G003 - one prefix for the whole runtime
