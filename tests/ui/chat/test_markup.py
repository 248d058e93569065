"""Plain text stays plain text."""

from omnipersona.ui.chat.markup import as_list, as_markdown, gist, shorten


def test_names_and_marks_are_escaped() -> None:
    assert as_markdown("<bo> *is* here") == "\\<bo\\> \\*is\\* here"
    assert as_markdown("![x](http://a.b)") == "\\!\\[x\\]\\(http\\://a\\.b\\)"


def test_line_breaks_are_kept() -> None:
    assert as_markdown("one\ntwo") == "one  \ntwo"


def test_lines_become_a_list_of_one_line_each() -> None:
    assert as_list([("toy", "a red\nball"), ("home", "x" * 400)]).splitlines() == [
        "- **toy:** a red ball",
        "- **home:** " + "x" * 297 + "\\.\\.\\.",
    ]


def test_a_gist_says_what_came_out() -> None:
    assert gist("Draw", ()) == "Draw"
    lines = (("prompt", "<bo>"), ("steps", "20"))
    assert gist("Draw", lines) == "Draw: <bo>, steps 20"


def test_a_short_line_is_left_alone() -> None:
    assert shorten("a  b", 10) == "a b"
