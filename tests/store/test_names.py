"""Rules for names."""

import pytest

from omnipersona.store.errors import InvalidName
from omnipersona.store.names import check_user_id, clean_name, name_key


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("<bo>", "bo"),
        ("  <Bo> ", "Bo"),
        ("Mary  Jane", "Mary Jane"),
        ("O\u2019Neil", "O'Neil"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("my-dog_2", "my-dog_2"),
        ("\u732b", "\u732b"),
        ("a" * 40, "a" * 40),
    ],
)
def test_good_names_are_kept(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("<>", "empty"),
        ("a" * 500, "500 characters"),
        ("<|im_start|>", "special token"),
        ("<image>", "reserved"),
        ("IMAGE", "reserved"),
        ("<token_0>", "reserved"),
        ("system", "reserved"),
        ("im start", "reserved"),
        ("c0", "reserved"),
        ("C9", "reserved"),
        ("und_1", "reserved"),
        ("gen-16", "reserved"),
        ("sks", "reserved"),
        ("Me", "reserved"),
        ("bo\x00", "invisible"),
        ("b\u202eo", "invisible"),
        ("b\u200bo", "invisible"),
        ("b\ud800o", "invisible"),
        ("b\no", "invisible"),
        ("../bo", "holds '.'"),
        ("a/b", "holds '/'"),
        ("a\\b", "holds"),
        ('a"b', "holds"),
        ("a;b", "holds ';'"),
        ("a<b", "holds '<'"),
        ("'; --", "holds ';'"),
        ("bo\U0001f436", "holds"),
        ("---", "no letter"),
        ("x" + "\u0316" * 12, "accents"),
    ],
)
def test_bad_names_are_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(InvalidName, match="name") as caught:
        clean_name(name)
    assert reason in str(caught.value)
    assert str(caught.value).encode("ascii", "strict") if name.isascii() else True


def test_an_error_about_a_name_can_always_be_written() -> None:
    with pytest.raises(InvalidName) as caught:
        clean_name("\ud800\u202e")
    assert str(caught.value).encode()


@pytest.mark.parametrize("other", ["BO", "<bo>", " Bo ", "<BO>"])
def test_spellings_of_one_name_have_one_key(other: str) -> None:
    assert name_key(other) == name_key("bo")


def test_composed_and_decomposed_names_have_one_key() -> None:
    assert name_key("Zo\u00eb") == name_key("ZOE\u0308")


@pytest.mark.parametrize("user_id", ["", "  ", "a\x00b", "x" * 201, "\ud800"])
def test_bad_user_ids_are_refused(user_id: str) -> None:
    with pytest.raises(InvalidName, match="user id"):
        check_user_id(user_id)
