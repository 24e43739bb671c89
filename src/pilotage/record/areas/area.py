"""What an area of the record is made of, and the entries that most areas consist of. Pure.

An **entry** is something that one command records and a later one replaces: the production path, the decision on an
architecture area. It needs a command, a fact with the same fields, and an attribute of the area's state; conflict,
fold, form and file follow from that. What has to be offered, accepted or signed is an **act**, with a rule and a fold
of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, structs

from pilotage.record.errors import Problem, Refused
from pilotage.record.stamps import Stamp, Standing

if TYPE_CHECKING:
    from pilotage.record.context import Context
    from pilotage.record.workload import Workload

OVERTAKEN = "overtaken"
Rule = Callable[["Workload", Any, "Context"], list[Any]]
Fold = Callable[[Any, Any, Stamp], Any]
Check = Callable[["Workload", Any, "Context"], Iterable[Problem]]


def _no_problems(_workload: Workload, _command: Any, _context: Context) -> Iterable[Problem]:  # noqa: ANN401 - any command
    return ()


class Entry(Struct, frozen=True, kw_only=True):
    """A command whose fact stands under `attribute` of the area's state.

    Where `key` names the field that tells entries apart, it stands under `attribute[key]`. `check` yields what else is
    wrong with a command.
    """

    command: type[Struct]
    fact: type[Struct]
    attribute: str
    key: str | None = None
    check: Check = _no_problems

    def standing(self, state: Any, key: str | None = None) -> Standing[Any] | None:  # noqa: ANN401 - any state
        """What stands now, under a key where entries have one."""
        held = getattr(state, self.attribute)
        found: Standing[Any] | None = held.get(key) if self.key else held
        return found

    def all_standing(self, state: Any) -> tuple[Standing[Any], ...]:  # noqa: ANN401 - any state
        """Everything that stands."""
        held = getattr(state, self.attribute)
        if self.key:
            return tuple(held.values())
        return () if held is None else (held,)

    def as_command(self, standing: Standing[Any]) -> Any:  # noqa: ANN401 - a command of the entry's type
        """The command that would record what stands."""
        plain = msgspec.to_builtins(standing.fact)
        return msgspec.convert(plain | {"type": self.command.__struct_config__.tag}, self.command, strict=False)


class Area(Struct, frozen=True, kw_only=True):
    """An area: `name` is its attribute of the workload; `permitted` the roles that may give each command, by name."""

    name: str
    entries: tuple[Entry, ...] = ()
    rules: Mapping[type[Struct], Rule] = {}
    folds: Mapping[type[Struct], Fold] = {}
    permitted: Mapping[str, frozenset[str]]
    asks_credential: frozenset[str] = frozenset()

    @property
    def all_rules(self) -> dict[type[Struct], Rule]:
        """The rule of each command, those of the entries included."""
        return {entry.command: _recording(self, entry) for entry in self.entries} | dict(self.rules)

    @property
    def all_folds(self) -> dict[type[Struct], Fold]:
        """The fold of each fact, those of the entries included."""
        return {entry.fact: _keeping(entry) for entry in self.entries} | dict(self.folds)

    def entry_of(self, command: type[Struct]) -> Entry | None:
        """The entry that a command records, or None where the command is an act."""
        return next((entry for entry in self.entries if entry.command is command), None)


def _recording(area: Area, entry: Entry) -> Rule:
    def rule(workload: Workload, command: Any, context: Context) -> list[Any]:  # noqa: ANN401 - the entry's command
        standing = entry.standing(getattr(workload, area.name), getattr(command, entry.key) if entry.key else None)
        problems = [*overtaken(standing, command.base), *entry.check(workload, command, context)]
        fact = copied(command, entry.fact)
        if standing is not None and standing.fact == fact:
            message = "This stands on the record already, word for word; there is nothing to save."
            problems.append(Problem(code="no-change", field="", message=message))
        if problems:
            raise Refused(problems)
        return [fact]

    return rule


def overtaken(standing: Standing[Any] | None, base: int | None) -> Iterable[Problem]:
    """Whether somebody recorded something newer than what was edited; without a base nobody asks."""
    newest = standing.stamp.position if standing else 0
    if base is not None and base != newest:
        who = f"{standing.stamp.by} recorded this anew" if standing else "What you edited stands no more"
        message = f"{who} while you wrote; read it, take over what you need, and save on top of it."
        yield Problem(code=OVERTAKEN, field="base", message=message)


def copied(command: Struct, fact: type[Struct]) -> Struct:
    """The fact with the command's fields; both name them alike."""
    given = structs.asdict(command)
    return fact(**{field.name: given[field.name] for field in structs.fields(fact)})


def _keeping(entry: Entry) -> Fold:
    def fold(state: Any, fact: Any, stamp: Stamp) -> Any:  # noqa: ANN401 - the area's state
        kept: Any = Standing(fact=fact, stamp=stamp)
        if entry.key:
            kept = {**getattr(state, entry.attribute), getattr(fact, entry.key): kept}
        return structs.replace(state, **{entry.attribute: kept})

    return fold
