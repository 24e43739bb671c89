"""The embedded call store does what every call store must."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.storage.call_store_contract import Conformance, NewStore

from pilotage.storage.calls import EmbeddedCallStore


class TestEmbeddedCallStore(Conformance):
    """The conformance suite on SQLite and Parquet."""

    @pytest.fixture
    def new_store(self, tmp_path: Path) -> Iterator[NewStore]:
        """Opens stores in folders of their own, whose names DuckDB could take for a pattern, and closes them."""
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
