"""The watch's rounds: every few seconds it looks after every workload, on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging

from pilotage.operations.inspecting import inspect
from pilotage.operations.watching import Watch
from pilotage.server.metering import Meters
from pilotage.server.threads import Threads, run_in
from pilotage.workflow.workspace import Workspace

logger = logging.getLogger("pilotage.server")

ROUND_S = 10.0


class Rounds:
    """Lets the watch go round, again and again between `open` and `close`, and at once when asked to."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        threads: Threads,
        meters: Meters,
        every_s: float = ROUND_S,
        secure: bool = False,
    ) -> None:
        """`secure`: the server is reached by HTTPS only."""
        self._watch = Watch(workspace, lambda: inspect(workspace, secure=secure, now=dt.datetime.now(dt.UTC)))
        self._threads = threads
        self._meters = meters
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._again_and_again(), name="watch")

    async def close(self) -> None:
        """End; a round that runs is finished by its thread."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def go(self) -> None:
        """One round now. Raises what the watch raises."""
        await run_in(self._threads.watching, self._watch.run)

    async def _again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                await self.go()
            except Exception as error:
                self._meters.failures.labels("watch").inc()
                logger.exception("The watch's round failed and is tried again", exc_info=error)
