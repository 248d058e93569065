import json

import pytest

from omnipersona.bench.rows import (
    GroupedTally,
    Row,
    Tally,
    as_json,
    at_least,
    at_most,
    mean_row,
    median_row,
    seconds_row,
    table,
)


def test_a_share_meets_its_goal_from_above_and_a_time_from_below() -> None:
    assert at_least("a", 0.95, 10, 0.95).ok
    assert not at_least("a", 0.94, 10, 0.95).ok
    assert at_most("b", 1.0, 10, 1.0).ok
    assert not at_most("b", 1.1, 10, 1.0).ok


def test_a_row_without_a_goal_is_never_missed() -> None:
    row = at_least("a", 0.0, 1)
    assert row.goal is None
    assert row.ok


def test_a_goal_is_missed_where_nothing_was_measured() -> None:
    assert not Tally().row("a", "a", 0.9).ok


def test_a_tally_weighs_items_not_topics() -> None:
    tally = Tally()
    for hit in (True, True, True):
        tally.add("a", hit)
    tally.add("b", False)
    assert tally.total() == (0.75, 4)
    assert tally.share("a") == 1.0
    assert tally.count("b") == 1


def test_shares_bring_their_interval() -> None:
    tally = Tally()
    for i in range(100):
        tally.add("even" if i % 2 else "odd", i < 80)
    odd = tally.row_at_most("a", "odd", 1.0)
    for row in (tally.total_row("a", 0.9), tally.row("a", "even"), odd):
        assert row.low is not None
        assert row.high is not None
        assert 0.0 < row.low < row.value < row.high < 1.0
    total = tally.total_row("a", 0.9)
    assert (total.value, total.n, total.ok) == (0.8, 100, False)
    assert (total.low, total.high) == pytest.approx((0.711, 0.867), abs=0.001)


def test_nothing_measured_has_no_interval() -> None:
    assert Tally().row("a", "a").low is None
    assert GroupedTally().row("a", "a") == at_least("a", 0.0, 0)
    assert median_row("a", [3.0]) == at_least("a", 3.0, 1)


def test_items_of_one_group_count_as_one_witness() -> None:
    tally, apart = GroupedTally(), Tally()
    for i in range(120):
        tally.add("species", str(i % 4), i % 4 != 3)
        apart.add("species", i % 4 != 3)
    together, alone = tally.row("a", "species"), apart.row("a", "species")
    assert together.value == alone.value == 0.75
    assert together.n == alone.n == 120
    assert together.low is not None
    assert alone.low is not None
    assert together.low < alone.low


def test_groups_of_all_topics_are_taken_together() -> None:
    tally = GroupedTally()
    tally.add("species", "bo", True)
    tally.add("color", "bo", False)
    tally.add("color", "mam", True)
    assert tally.of() == {"bo": [True, False], "mam": [True]}
    assert tally.of("color") == {"bo": [False], "mam": [True]}
    assert tally.row("a").value == 0.75


def test_one_group_alone_has_no_interval() -> None:
    tally = GroupedTally()
    tally.add("species", "bo", True)
    tally.add("species", "bo", False)
    assert tally.row("a", "species", goal=0.4) == Row("a", 0.5, 0.4, True, 2)


def test_decibels_are_drawn_anew_by_item() -> None:
    values = [20.0 + i % 10 for i in range(100)]
    mean, middle = mean_row("a", values, 29.0), median_row("b", values)
    assert (mean.value, middle.value) == (24.5, 24.5)
    assert not mean.ok
    for row in (mean, middle):
        assert row.low is not None
        assert row.high is not None
        assert 22.0 < row.low < row.value < row.high < 27.0
    assert mean_row("a", values, 29.0) == mean


def test_times_are_told_by_their_median() -> None:
    assert seconds_row("t", [1.0, 9.0, 2.0], 4.0) == Row("t", 2.0, 4.0, True, 3)


def test_rows_come_back_from_json_field_by_field() -> None:
    rows = [at_least("a", 0.5, 10, 0.9), at_least("b", 1.0, 2)]
    found = json.loads(as_json(rows))["rows"]
    assert [Row(**row) for row in found] == rows
    assert set(found[0]) == {"name", "value", "goal", "ok", "n", "low", "high"}


def test_json_stays_valid_where_a_value_is_no_number() -> None:
    nan = float("nan")
    (row,) = json.loads(as_json([at_least("a", nan, 0, bounds=(nan, 1.0))]))["rows"]
    assert row["value"] is row["low"] is None
    assert row["high"] == 1.0


def test_the_table_is_aligned_and_names_what_is_missed() -> None:
    text = table([at_least("a", 0.5, 10, 0.9), at_least("a longer name", 1.0, 2)])
    header, missed, fine = text.splitlines()
    assert missed.endswith("MISSED")
    assert "MISSED" not in fine
    assert header.index("n", 5) == missed.index("10") + 1


def test_intervals_have_a_column_where_there_are_any() -> None:
    told = at_least("a", 0.5, 10, bounds=(0.25, 0.75))
    text = table([told, at_least("b", 30.0, 2, bounds=(29.5, 30.5)), at_least("c", 1.0, 2)])
    assert "[.250 .750]" in text
    assert "[29.500 30.500]" in text
    assert text.splitlines()[3].split() == ["c", "1.000", "-", "2"]
    assert "95 %" not in table([at_least("c", 1.0, 2)])
