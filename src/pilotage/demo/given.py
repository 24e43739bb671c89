"""A command that a person of the story gives, and how the story knows that it was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from pilotage.demo.cast import Person
from pilotage.record.workload import Workload


class Given(Struct, frozen=True, kw_only=True):
    """A command that a person gives. `done` says whether an act was done already; an entry is done when it stands."""

    person: Person
    command: Any
    done: Callable[[Workload], bool] | None = None
