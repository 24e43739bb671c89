"""Which way a command takes to its workspace: the server that the environment names, the one that runs for the folder,
or the folder itself.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pilotage.cli.failures import CliError

if TYPE_CHECKING:
    from pilotage.cli.access import Access
    from pilotage.cli.invocation import Invocation
    from pilotage.operations.announcing import Announcement

DATABASE = "pilotage.db"


def reach(run: Invocation, *, makes: bool) -> Access:
    """The way to the workspace. `makes`: a folder without one gets one."""
    url, token = os.environ.get("PILOTAGE_URL"), os.environ.get("PILOTAGE_TOKEN")
    if url:
        if not token:
            raise CliError(
                "token-needed",
                f"PILOTAGE_URL names {url}, and PILOTAGE_TOKEN is not set; make a token where that server runs, with "
                "`pilotage token new`, or unset PILOTAGE_URL to work on the folder.",
            )
        from pilotage.cli.over_http import OverHttp

        return OverHttp(run, url, token)
    running = running_server(run.home)
    if running is not None:
        from pilotage.cli.over_http import OverHttp, ThroughOwnServer

        return OverHttp(run, running.url, token) if token else ThroughOwnServer(run, running)
    if not makes:
        check_workspace(run.home)
    from pilotage.cli.in_place import InPlace

    return InPlace(run, makes=makes)


def running_server(home: Path) -> Announcement | None:
    """The server that runs for this folder, if it answers."""
    from pilotage.operations.announcing import read_announcement

    announcement = read_announcement(home)
    if announcement is None:
        return None
    from pilotage.cli.over_http import answers

    return announcement if answers(announcement.url) else None


def check_workspace(home: Path) -> None:
    """Refuse a folder without a workspace: looking must not make one."""
    if not os.environ.get("PILOTAGE_DATABASE") and not (home / DATABASE).exists():
        raise CliError(
            "no-workspace",
            f"There is no workspace in {home}; begin one with `pilotage up`, or with `pilotage init` and "
            "`pilotage apply`, or name another folder with --home.",
        )
