import json

from omnipersona.bench.rows import Row, Tally, as_json, at_least, at_most, seconds_row, table


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


def test_times_are_told_by_their_median() -> None:
    assert seconds_row("t", [1.0, 9.0, 2.0], 4.0) == Row("t", 2.0, 4.0, True, 3)


def test_rows_come_back_from_json_field_by_field() -> None:
    rows = [at_least("a", 0.5, 10, 0.9), at_least("b", 1.0, 2)]
    found = json.loads(as_json(rows))["rows"]
    assert [Row(**row) for row in found] == rows
    assert set(found[0]) == {"name", "value", "goal", "ok", "n"}


def test_json_stays_valid_where_a_value_is_no_number() -> None:
    assert json.loads(as_json([at_least("a", float("nan"), 0)]))["rows"][0]["value"] is None


def test_the_table_is_aligned_and_names_what_is_missed() -> None:
    text = table([at_least("a", 0.5, 10, 0.9), at_least("a longer name", 1.0, 2)])
    header, missed, fine = text.splitlines()
    assert missed.endswith("MISSED")
    assert "MISSED" not in fine
    assert header.index("n", 5) == missed.index("10") + 1
