"""A history's file read by the engine: the same sums as row by row, and every fault with its place."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.storage.history.rows import plain_rows, write_csv

from pilotage.evidence.assess import RIGHT_ANSWERS, assess, assess_sums
from pilotage.evidence.history import CLASSES_MAX, VALUES_MAX, sums_of
from pilotage.playbook.metrics import AnswerEquals, LabelCost, Latency, Metric, OutcomeValue
from pilotage.storage.history import Columns, HistoryInvalid, number_range, read_sums

NAMES = ("incumbent", "candidate", "label", "time", "unit", "language")
ANSWERS = st.sampled_from(["", "billing", "access", "3", "3.0", "true", "null", 'a "quoted", one', "zwei\nZeilen", "ß"])
TIMES = st.one_of(
    st.just(""),
    st.datetimes(dt.datetime(2026, 3, 20), dt.datetime(2026, 4, 10)).map(dt.datetime.isoformat),  # noqa: DTZ001 - some have no zone
    st.datetimes(dt.datetime(2026, 3, 20), dt.datetime(2026, 4, 10)).map(lambda at: f"{at.isoformat()}+05:30"),  # noqa: DTZ001 - the zone follows
)
ROWS = st.lists(
    st.tuples(
        ANSWERS, ANSWERS, ANSWERS, TIMES, st.sampled_from(["", "u1", "u2", "u3"]), st.sampled_from(["", "de", "en"])
    ),
    min_size=1,
    max_size=40,
)
COST = Metric(
    id="cost",
    title="Cost",
    unit="USD",
    direction="lower",
    kind="mean",
    lo=0.0,
    hi=20.0,
    shift=3.5,
    source=LabelCost(costs={"billing": {"access": 12.5}, "3": {"true": 40.0}}, otherwise=0.25),
)
MINUTES = Metric(
    id="minutes",
    title="Minutes",
    unit="minutes",
    direction="lower",
    kind="mean",
    hi=60.0,
    source=OutcomeValue(outcome="minutes"),
)


def same(one: object, other: object) -> bool:
    """Whether two structures hold the same figures, to one part in a billion."""
    if isinstance(one, float) and isinstance(other, float | int):
        return one == pytest.approx(other, rel=1e-9, abs=1e-9)
    if isinstance(one, msgspec.Struct):
        return type(one) is type(other) and all(
            same(getattr(one, name), getattr(other, name)) for name in one.__struct_fields__
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, metric=st.sampled_from([RIGHT_ANSWERS, COST]))
def test_the_engine_and_the_plain_way_give_the_same_sums(tmp_path, rows, metric):
    """Whatever the rows hold, the engine's sums are those of going through them one by one, to 1e-9."""
    path = write_csv(tmp_path / "history.csv", NAMES, rows)
    plain = sums_of(plain_rows(path, by=("language",)), metric, time_zone="Europe/Berlin")
    fast = read_sums(path, metric, Columns(by=("language",)), time_zone="Europe/Berlin")
    assert same(plain, fast)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            *[st.one_of(st.just(""), st.floats(-100, 100).map(repr), st.sampled_from(["true", "7"]))] * 2,
            st.sampled_from(["", "u1", "u2"]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_numbers_are_added_up_alike(tmp_path, rows):
    """A metric of numbers reads each arm's own column, capped, in the same way on both paths."""
    path = write_csv(tmp_path / "history.csv", ("incumbent_minutes", "candidate_minutes", "unit"), rows)
    assert same(sums_of(plain_rows(path, number="_minutes"), MINUTES), read_sums(path, MINUTES))


def history(rows: int = 3000) -> list[tuple[str, ...]]:
    """A plausible history: units come back, one label in ten is missing."""
    chance, start = random.Random(4), dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    found = []
    for number in range(rows):
        label = chance.choice(["billing", "access"])
        found.append(
            (
                label if chance.random() < 0.6 else "delivery",
                label if chance.random() < 0.75 else "delivery",
                label if chance.random() < 0.9 else "",
                (start + dt.timedelta(minutes=20 * number)).isoformat(),
                f"u{chance.randrange(600)}",
                chance.choice(["de", "en"]),
            )
        )
    return found


def test_the_same_figures_come_out(tmp_path):
    """Baseline, difference, segments, reachability and draft are the same on both paths."""
    path = write_csv(tmp_path / "history.csv", NAMES, history())
    plain = assess(plain_rows(path, by=("language",)), RIGHT_ANSWERS)
    fast = assess_sums(read_sums(path, RIGHT_ANSWERS, Columns(by=("language",))), RIGHT_ANSWERS)
    assert same(plain, fast)
    assert plain.compared > 2500


def test_a_parquet_file_says_the_same_as_the_csv_file(tmp_path):
    """Parquet gives the same sums, with times, truth values and numbers in types of their own."""
    rows = history(500)
    path = write_csv(tmp_path / "history.csv", NAMES, rows)
    columns = [pa.array(list(column)) for column in zip(*rows, strict=True)]
    columns[3] = pa.array([dt.datetime.fromisoformat(row[3]) for row in rows], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table(dict(zip(NAMES, columns, strict=True))), tmp_path / "history.parquet")
    by = Columns(by=("language",))
    assert same(read_sums(path, RIGHT_ANSWERS, by), read_sums(tmp_path / "history.parquet", RIGHT_ANSWERS, by))


def test_nested_answers_are_json(tmp_path):
    """An answer that is a structure in Parquet is judged by one of its fields, as the JSON text would be."""
    rows = [{"incumbent": {"team": "a", "p": 0.5}, "candidate": {"team": "b", "p": 0.9}, "label": "b"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "history.parquet")
    metric = msgspec.structs.replace(
        RIGHT_ANSWERS, source=msgspec.structs.replace(RIGHT_ANSWERS.source, answer_field="team")
    )
    found = read_sums(tmp_path / "history.parquet", metric)
    assert (found.pairs.n, found.pairs.y, found.pairs.z) == (1.0, 1.0, 0.0)


def test_only_the_most_frequent_values_are_kept(tmp_path):
    """A column with very many values, and labels of very many kinds, are cut with the number of what was left out."""
    rows = [("a", "a", f"kind {n}", "", "", f"value {n}") for n in range(70)]
    path = write_csv(tmp_path / "history.csv", NAMES, rows)
    found = read_sums(path, RIGHT_ANSWERS, Columns(by=("language",)))
    assert (len(found.splits["language"].parts), found.splits["language"].left_out) == (VALUES_MAX, 70 - VALUES_MAX)
    assert (len(found.labels.classes), found.labels.classes_left_out) == (CLASSES_MAX, 70 - CLASSES_MAX)


def test_columns_may_be_called_anything(tmp_path):
    """A column is named where it is called something else, and the separator is found by itself."""
    (tmp_path / "history.csv").write_text("Mensch;KI;Wahrheit\na;b;b\na;a;a\n", encoding="utf-8")
    columns = Columns(incumbent="Mensch", candidate="KI", label="Wahrheit")
    found = read_sums(tmp_path / "history.csv", RIGHT_ANSWERS, columns)
    assert (found.pairs.n, found.pairs.y, found.pairs.z) == (2.0, 2.0, 1.0)


def test_every_missing_column_is_named_with_a_guess(tmp_path):
    """All that is missing is said at once, each with its role and the likeliest column."""
    (tmp_path / "history.csv").write_text("human,model_answer,truth,note,note\na,b,c,d,e\n", encoding="utf-8")
    with pytest.raises(HistoryInvalid) as refused:
        read_sums(tmp_path / "history.csv", RIGHT_ANSWERS, Columns(unit="customer", by=("region",)))
    there = "the file has human, model_answer, truth, note, note."
    assert [(wrong.column, wrong.message, wrong.guess) for wrong in refused.value.found] == [
        ("note", "Two columns are called note; rename one.", ""),
        ("incumbent", f"There is no column incumbent; {there}", "human"),
        ("candidate", f"There is no column candidate; {there}", ""),
        ("label", f"There is no column label; {there}", "truth"),
        ("unit", f"There is no column customer; {there}", ""),
        ("by", f"There is no column region; {there}", ""),
    ]


def test_every_bad_row_is_named_up_to_a_bound(tmp_path):
    """Bad rows of every kind are named together by their lines, and beyond twenty they are counted."""
    head = "incumbent_minutes,candidate_minutes,time\n"
    good = '"1","2.5",2026-03-01T10:00:00\n'
    bad = good + '"3",much,yesterday\n' + "4,5\n" + "nan,5,\n"
    (tmp_path / "history.csv").write_text(head + bad, encoding="utf-8")
    with pytest.raises(HistoryInvalid) as refused:
        read_sums(tmp_path / "history.csv", MINUTES)
    assert [(wrong.line, wrong.column, wrong.message) for wrong in refused.value.found] == [
        (3, "time", "'yesterday' is no time; write one like 2026-03-31T14:05:00+02:00."),
        (3, "candidate_minutes", "'much' is no number."),
        (4, "", "This row has 2 fields where the first line has 3; quote values that hold commas."),
        (5, "incumbent_minutes", "'nan' is no number."),
    ]
    (tmp_path / "long.csv").write_text(head + good + "x,1,\n" * 50, encoding="utf-8")
    with pytest.raises(HistoryInvalid) as refused:
        read_sums(tmp_path / "long.csv", MINUTES)
    assert (len(refused.value.found), refused.value.more) == (20, 30)


def test_bad_cells_of_parquet_are_named_by_row(tmp_path):
    """Where there are no lines, rows are counted from 1."""
    table = pa.table(
        {"incumbent_minutes": ["1", "x"], "candidate_minutes": ["1", "2"], "time": ["2026-01-01", "never"]}
    )
    pq.write_table(table, tmp_path / "history.parquet")
    with pytest.raises(HistoryInvalid) as refused:
        read_sums(tmp_path / "history.parquet", MINUTES)
    assert [(wrong.line, wrong.column) for wrong in refused.value.found] == [(2, "time"), (2, "incumbent_minutes")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "columns"),
        (b"incumbent,candidate,label\n", "empty-file"),
        (b"PK\x03\x04rest of a spreadsheet", "not-csv"),
        ("incumbent,candidate,label\na,b,c\n".encode("utf-16"), "not-csv"),
        (b"incumbent,candidate,label\na,b,\xe4\n", "not-utf-8"),
        (b'incumbent,candidate,label\na,b,"c\n', "not-csv"),
        (b"PAR1 that is none", "not-parquet"),
    ],
)
def test_what_is_no_history_is_refused_in_a_sentence(tmp_path, content, code):
    """A file that is empty, of another kind, broken or in another encoding is refused with what to do."""
    (tmp_path / "history.csv").write_bytes(content)
    with pytest.raises(HistoryInvalid) as refused:
        read_sums(tmp_path / "history.csv", RIGHT_ANSWERS)
    assert refused.value.found[0].code == code
    assert refused.value.found[0].message.endswith((".", "?"))


def test_the_range_of_numbers_is_found(tmp_path):
    """The least and greatest finite number of either arm can be asked for, before a cap is chosen."""
    text = "incumbent_minutes,candidate_minutes\n3,-2.5\n,41\ninf,1\n"
    (tmp_path / "history.csv").write_text(text, encoding="utf-8")
    assert number_range(tmp_path / "history.csv", MINUTES) == (-2.5, 41.0)
    (tmp_path / "none.csv").write_text("incumbent_minutes,candidate_minutes\n,\n", encoding="utf-8")
    assert number_range(tmp_path / "none.csv", MINUTES) is None


def test_other_sources_read_columns_of_their_own(tmp_path):
    """Latency is read from columns in milliseconds, an answer's share from the answers, and neither needs a label."""
    names = ("incumbent", "candidate", "incumbent_latency_ms", "candidate_latency_ms")
    path = write_csv(tmp_path / "history.csv", names, [("hold", "pay", "120", "900"), ("pay", "pay", "80", "1200")])
    held = Metric(
        id="held", title="Held", unit="share", direction="lower", kind="proportion", source=AnswerEquals(equals="hold")
    )
    slow = msgspec.structs.replace(held, id="slow", source=Latency(limit_ms=1000.0))
    assert [read_sums(path, m).pairs.y for m in (held, slow)] == [0.0, 1.0]
    assert [read_sums(path, m).pairs.z for m in (held, slow)] == [1.0, 0.0]


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    """The engine's own files are gone when the sums are made, and also when the file was refused."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = write_csv(tmp_path / "history.csv", NAMES, history(50))
    read_sums(path, RIGHT_ANSWERS)
    path.write_text("incumbent,candidate,label\n", encoding="utf-8")
    with pytest.raises(HistoryInvalid):
        read_sums(path, RIGHT_ANSWERS)
    assert list(Path(tmp_path).iterdir()) == [path]
