"""Past answers and labels from a file, as sums, and what a sample of data holds.

CSV and Parquet, a million rows in seconds and bounded memory.
"""

from pilotage.storage.history.columns import Columns
from pilotage.storage.history.errors import HistoryInvalid, HistoryWrong
from pilotage.storage.history.reading import number_range, read_sums
from pilotage.storage.history.sampling import figures_of

__all__ = ["Columns", "HistoryInvalid", "HistoryWrong", "figures_of", "number_range", "read_sums"]
