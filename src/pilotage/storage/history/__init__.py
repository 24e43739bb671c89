"""Past answers and labels from a file, as sums: CSV and Parquet, a million rows in seconds and bounded memory."""

from pilotage.storage.history.columns import Columns
from pilotage.storage.history.errors import HistoryInvalid, HistoryWrong
from pilotage.storage.history.reading import number_range, read_sums

__all__ = ["Columns", "HistoryInvalid", "HistoryWrong", "number_range", "read_sums"]
