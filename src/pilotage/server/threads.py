"""Threads for work that blocks, apart by purpose: slow reading must not hold up a decision, nor ingestion a kill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

Params = ParamSpec("Params")
Result = TypeVar("Result")


class Threads:
    """Pools by purpose. `reading` judges and reads, `deciding` carries out commands, `signing` checks passwords (slow
    on purpose), `ingesting` takes in calls, `watching` goes the watch's rounds, `judging` makes leases. `prompt` does
    what is short and must not wait: who asks, and whether a kill came.
    """

    def __init__(self) -> None:
        self.reading = ThreadPoolExecutor(8, "reading")
        self.deciding = ThreadPoolExecutor(4, "deciding")
        self.signing = ThreadPoolExecutor(2, "signing")
        self.ingesting = ThreadPoolExecutor(4, "ingesting")
        self.watching = ThreadPoolExecutor(1, "watching")
        self.judging = ThreadPoolExecutor(2, "judging")
        self.prompt = ThreadPoolExecutor(4, "prompt")

    def close(self) -> None:
        """Finish what runs, drop what waits, and end every thread."""
        for pool in vars(self).values():
            pool.shutdown(wait=True, cancel_futures=True)


async def run_in(
    pool: ThreadPoolExecutor, function: Callable[Params, Result], /, *args: Params.args, **kwargs: Params.kwargs
) -> Result:
    """Run a blocking function on a thread of the pool; its exception comes back as it is."""
    return await asyncio.get_running_loop().run_in_executor(pool, lambda: function(*args, **kwargs))
