"""The embedded call store does what every call store must."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.storage.call_store_contract import Conformance, NewStore

from pilotage.storage.calls import EmbeddedCallStore, projector


class OnSQLiteAndParquet(Conformance):
    """The conformance suite, with steps that take calls one by one or as columns."""

    many: int

    @pytest.fixture
    def new_store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewStore]:
        """Opens stores in folders of their own, whose names DuckDB could take for a pattern, and closes them."""
        monkeypatch.setattr(projector, "MANY", self.many)
        opened: list[EmbeddedCallStore] = []
        numbers = count()

        def open_one() -> EmbeddedCallStore:
            while opened:
                opened.pop().close()
            opened.append(EmbeddedCallStore(tmp_path / f"calls [{next(numbers)}]*"))
            return opened[-1]

        yield open_one
        for store in opened:
            store.close()


class TestOneByOne(OnSQLiteAndParquet):
    """Every step takes its calls one by one."""

    many = 1_000_000_000


class TestAsColumns(OnSQLiteAndParquet):
    """Every step takes its calls as columns."""

    many = 1
