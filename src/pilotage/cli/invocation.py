"""One run of a command: its screen, its workspace, and who gives it. Also how a function becomes a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self

import click

from pilotage.cli.failures import CliError, Exit
from pilotage.cli.screen import Screen

if TYPE_CHECKING:
    from pilotage.cli.access import Access

Given = ParamSpec("Given")
Answer = Exit | None

JSON = click.Option(["--json", "as_json"], is_flag=True, help="Answer in JSON.")
DEBUG = click.Option(["--debug"], is_flag=True, expose_value=False, help="Show the traceback of an error.")
HOME = click.Option(
    ["--home"],
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PILOTAGE_HOME",
    default=Path(".pilotage"),
    show_default=True,
    show_envvar=True,
    help="The workspace's folder.",
)
USER = click.Option(
    ["--as", "username"],
    metavar="USER",
    envvar="PILOTAGE_USER",
    show_envvar=True,
    help="The account that acts, when no token does. Its password is asked for, or read from PILOTAGE_PASSWORD.",
)


class Invocation:
    """One run of a command."""

    def __init__(self, *, screen: Screen, home: Path, username: str | None = None, makes: bool = False) -> None:
        self.screen = screen
        self.home = home
        self.username = username
        self._makes = makes
        self._access: Access | None = None
        self._password: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._access is not None:
            self._access.close()

    @property
    def access(self) -> Access:
        """The way to the workspace, opened at first need."""
        if self._access is None:
            from pilotage.cli.reaching import reach

            self._access = reach(self, makes=self._makes)
        return self._access

    def password(self, whose: str) -> str:
        """The password of whoever acts: from PILOTAGE_PASSWORD, else typed, once for the whole run."""
        if self._password is None:
            self._password = os.environ.get("PILOTAGE_PASSWORD") or typed(
                f"The password of {whose}", "PILOTAGE_PASSWORD"
            )
        return self._password


def typed(question: str, variable: str, *, twice: bool = False) -> str:
    """A secret that somebody types. Raises `CliError` where nobody can, naming the variable to set instead."""
    if not sys.stdin.isatty():
        raise CliError(
            "password-needed",
            f"{question} is needed, and nobody is there to type it: set {variable}, or use a terminal.",
        )
    answer: str = click.prompt(question, hide_input=True, err=True, confirmation_prompt=twice)
    return answer


def command(
    name: str, *, reaches: bool = True, acts: bool = True, makes: bool = False
) -> Callable[[Callable[Concatenate[Invocation, Given], Answer]], click.Command]:
    """Make a command of a function that takes an `Invocation` and its own options and gives an exit code or None.

    Its docstring is the help. `reaches`: it has to do with a workspace; `acts`: somebody gives it; `makes`: a
    folder without a workspace gets one. Every command takes `--json` and `--debug`.
    """

    def decorate(function: Callable[Concatenate[Invocation, Given], Answer]) -> click.Command:
        def run(
            as_json: bool,  # noqa: FBT001 - click calls it by name
            home: Path = Path(".pilotage"),
            username: str | None = None,
            **given: Any,  # noqa: ANN401 - each command's own options
        ) -> Answer:
            screen = Screen(as_json=as_json)
            with Invocation(screen=screen, home=home, username=username, makes=makes) as invocation:
                return function(invocation, **given)  # type: ignore[call-arg]  # click checked them

        own = list(reversed(getattr(function, "__click_params__", [])))
        shared = [*([HOME] if reaches else []), *([USER] if reaches and acts else []), JSON, DEBUG]
        return click.Command(name, callback=run, params=[*own, *shared], help=function.__doc__)

    return decorate
