"""What a sample holds is read off the file, whichever way it is written; what cannot be read is said, all of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pilotage.record.areas.data import CLASSES_MAX
from pilotage.storage.history import HistoryInvalid, figures_of
from pilotage.storage.history.sampling import COLUMNS_MAX, ROWS_MAX

ROWS = [
    ("Invoice 4711", "billing", "2026-10-01T09:00:00+02:00"),
    ("Invoice, again", "billing", "2026-10-03"),
    ("", "contracts", "2026-10-02T08:00:00Z"),
    ("NA", " ", "the day before"),
    ("Invoice 4711", "billing", "2026-10-01T09:00:00+02:00"),
]


@pytest.fixture
def write(tmp_path):
    """Writes a file and gives its path."""

    def made(content: bytes, name: str = "sample.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return made


@pytest.fixture(params=[",", ";", "\t", "parquet"])
def sample(request, write, tmp_path):
    """The same rows in every form that is taken."""
    if request.param == "parquet":
        path = tmp_path / "sample.parquet"
        subject, team, at = zip(*ROWS, strict=True)
        pq.write_table(pa.table({"subject": subject, "team": team, "closed_at": at}), path)
        return path
    quoted = "\n".join(request.param.join(f'"{cell}"' for cell in row) for row in ROWS)
    return write(f"{request.param.join(('subject', 'team', 'closed_at'))}\n{quoted}\n".encode())


def test_a_sample_is_counted(sample):
    """Rows, repeated rows, gaps by column, labels with their balance, and how old it is; with the file's digest."""
    found = figures_of(sample, label="team", time="closed_at")
    assert (found.rows, found.repeated) == (5, 1)
    assert [(one.name, one.missing) for one in found.columns] == [("subject", 2), ("team", 1), ("closed_at", 0)]
    labels, times = found.by_label, found.times
    assert labels is not None
    assert times is not None
    assert (labels.labelled, labels.kinds, labels.counts, labels.rarest) == (4, 2, (3, 1), 1)
    assert found.names == ("billing", "contracts")
    assert (times.dated, times.oldest, times.newest) == (4, "2026-10-01T07:00:00+00:00", "2026-10-03T00:00:00+00:00")
    assert found.digest == hashlib.sha256(sample.read_bytes()).hexdigest()
    assert found.size_bytes == sample.stat().st_size


def test_what_is_not_named_is_not_looked_at(sample):
    """Without their columns nothing is said of labels and age."""
    found = figures_of(sample)
    assert (found.by_label, found.times, found.names) == (None, None, ())


def test_numbers_and_times_of_parquet_are_read(tmp_path):
    """NaN is a missing value, a timestamp a time, and what is nested a value like another."""
    path = tmp_path / "typed.parquet"
    days = [dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 1), None]  # noqa: DTZ001 - as Parquet often holds them
    pq.write_table(pa.table({"x": [1.0, float("nan"), None], "at": days, "deep": [{"a": 1}, None, {"a": 2}]}), path)
    found = figures_of(path, time="at")
    assert [one.missing for one in found.columns] == [2, 1, 1]
    assert found.times is not None
    assert found.times.newest == "2026-01-02T00:00:00+00:00"


def test_only_the_most_frequent_labels_are_named(write):
    """A column with a label for each row is counted whole, and twenty of them are named."""
    found = figures_of(write(b"label\n" + b"\n".join(b"l%d" % i for i in range(500))), label="label")
    assert found.by_label is not None
    assert found.by_label.kinds == 500
    assert len(found.names) == len(found.by_label.counts) == CLASSES_MAX


BAD = {
    "empty-file": b"",
    "columns": b"a,b\n1,2\n",
    "bad-row": b"team,b\n1,2,3\n4\n5,6\n",
    "not-utf-8": b"team\n\xff\xfe\n",
    "not-csv": b"PK\x03\x04 and so on",
    "not-parquet": b"PAR1 and so on",
    "column-twice": b"team,team\n1,2\n",
    "too-many-columns": ",".join(["team", *(f"c{i}" for i in range(COLUMNS_MAX))]).encode() + b"\n",
}


@pytest.mark.parametrize("code", BAD)
def test_what_cannot_be_read_is_refused(code, write):
    """A file that is no table is refused with its reason, and nothing is made of it."""
    with pytest.raises(HistoryInvalid) as refused:
        figures_of(write(BAD[code]), label="team")
    assert code in {wrong.code for wrong in refused.value.found}
    assert all(wrong.message.endswith(".") for wrong in refused.value.found)


def test_both_missing_columns_are_named(write):
    """A label and a time that are not there are said at once, with the likeliest column beside them."""
    with pytest.raises(HistoryInvalid) as refused:
        figures_of(write(b"truth,created_at\nx,2026-01-01\n"), label="label", time="time")
    assert [(wrong.column, wrong.guess) for wrong in refused.value.found] == [
        ("label", "truth"),
        ("time", "created_at"),
    ]


def test_a_small_file_with_too_many_rows_is_no_sample(tmp_path):
    """Parquet holds a million equal rows in a few bytes; they are refused before they are unpacked."""
    path = tmp_path / "long.parquet"
    pq.write_table(pa.table({"x": pa.array([1] * (ROWS_MAX + 1), pa.int8())}), path)
    with pytest.raises(HistoryInvalid) as refused:
        figures_of(path)
    assert refused.value.found[0].code == "too-many-rows"


def test_any_bytes_are_figures_or_a_refusal(write):
    """Whatever somebody sends, there is an answer: figures, or a refusal with sentences; never a traceback."""
    draw = random.Random(7)
    alphabet = [b",", b"\n", b'"', b"a", b"1", b"\r", b"\x00", b"\xc3", b" ", b";"]
    contents = [b"".join(draw.choice(alphabet) for _ in range(draw.randrange(1, 60))) for _ in range(150)]
    answers = [answer(write(content)) for content in contents]
    assert all(answers)
    assert len(set(answers)) > 3


def answer(path):
    """How many rows there are, or what is wrong in its codes."""
    try:
        return figures_of(path).rows
    except HistoryInvalid as refused:
        return " ".join(wrong.code for wrong in refused.found)
