"""Concepts as files: what goes out comes in, and what was tampered with does not."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace

import pytest
from fakes import png

from omnipersona.testing import concept_file
from omnipersona.tools.bundle import MAX_BYTES, Bundle, pack_bundle, unpack_bundle
from omnipersona.tools.concept_service import current_facts, remember_fact
from omnipersona.tools.concepts import export_concept, import_concept
from omnipersona.tools.outcome import ToolDeps, ToolFailed, ToolRetry

BUNDLE = Bundle(
    name="bo",
    kind="dog",
    tokens=concept_file().whole,
    facts=(("toy", "a red ball"),),
    photos=(png(), png("blue")),
)


def test_what_was_exported_can_be_imported(deps: ToolDeps, bo_id: str) -> None:
    remember_fact(deps, "ana", bo_id, "toy", "a red ball")
    data = export_concept(deps, "ana", "Bo")
    view = import_concept(deps, "eve", "max", data)
    assert (view.name, view.kind, view.has_tokens, view.num_photos) == ("max", "dog", True, 1)
    assert view.facts == ("toy: a red ball",)
    again = unpack_bundle(export_concept(deps, "eve", "max"))
    assert (again.name, again.facts) == ("max", (("toy", "a red ball"),))
    assert again.tokens == unpack_bundle(data).tokens


def test_what_came_from_a_file_is_not_the_users_word(deps: ToolDeps, bo_id: str) -> None:
    remember_fact(deps, "ana", bo_id, "toy", "a red ball")
    view = import_concept(deps, "eve", "max", export_concept(deps, "ana", "Bo"))
    remember_fact(deps, "eve", view.concept_id, "home", "the beach")
    sources = {f.attribute: f.source for f in current_facts(deps, "eve", view.concept_id)}
    assert sources == {"toy": "from a file", "home": "you said"}


@pytest.mark.parametrize("kind", ["sister", None])
def test_a_person_in_a_file_agrees_first(deps: ToolDeps, kind: str | None) -> None:
    data = pack_bundle(replace(BUNDLE, kind="little sister"))
    with pytest.raises(ToolRetry, match="needs consent"):
        import_concept(deps, "ana", "<max>", data, kind)
    assert deps.memory.concepts.list("ana") == ()
    import_concept(deps, "ana", "max", data, kind, consent=True)
    assert deps.memory.concepts.find("ana", "max").consent


def test_a_bare_token_file_is_taken_too(deps: ToolDeps) -> None:
    view = import_concept(deps, "eve", "max", concept_file().whole, "cat")
    assert (view.kind, view.has_tokens, view.num_photos) == ("cat", True, 0)


def test_equal_contents_give_equal_files() -> None:
    assert pack_bundle(BUNDLE) == pack_bundle(unpack_bundle(pack_bundle(BUNDLE)))


def _changed(change: Callable[[dict[str, bytes]], object]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(pack_bundle(BUNDLE))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def _with_card(**values: object) -> bytes:
    def change(parts: dict[str, bytes]) -> None:
        card = json.loads(parts["concept.json"]) | values
        parts["concept.json"] = json.dumps(card).encode()

    return _changed(change)


def _lying_header() -> bytes:
    """Return an archive whose directory says less than what is packed."""
    data = bytearray(pack_bundle(BUNDLE))
    at = data.rindex(b"tokens.safetensors") - 46
    data[at + 24 : at + 28] = (3).to_bytes(4, "little")
    return bytes(data)


BAD = {
    "a path upwards": _changed(lambda parts: parts.update({"../evil": b"x"})),
    "an absolute path": _changed(lambda parts: parts.update({"/etc/passwd": b"x"})),
    "a pickle": _changed(lambda parts: parts.update({"tokens.pt": b"\x80\x04"})),
    "changed tokens": _changed(lambda parts: parts.update({"tokens.safetensors": b"other"})),
    "a missing photo": _changed(lambda parts: parts.pop("photos/01.png")),
    "no card": _changed(lambda parts: parts.pop("concept.json")),
    "a card that is no JSON": _changed(lambda parts: parts.update({"concept.json": b"{"})),
    "a card of lists": _with_card(facts=[["only one"]]),
    "another format": _with_card(format=99),
    "a bomb": _changed(lambda parts: parts.update({"photos/09.png": b"\0" * (MAX_BYTES + 1)})),
    "too many photos": _changed(
        lambda parts: parts.update({f"photos/{i:02}.png": b"x" for i in range(40)})
    ),
    "a lying header": _lying_header(),
    "a cut file": pack_bundle(BUNDLE)[:-40],
    "no archive": b"PK\x03\x04 nothing",
    "nothing": b"",
    "a bare pickle": b"\x80\x04K\x01.",
    "a huge file": b"x" * (MAX_BYTES + 1),
    "a photo that is none": pack_bundle(
        Bundle(name="bo", kind="", tokens=BUNDLE.tokens, photos=(b"no picture",))
    ),
    "tokens of another model": pack_bundle(Bundle(name="bo", kind="", tokens=b"foreign")),
}


@pytest.mark.parametrize("case", BAD)
def test_a_refused_file_leaves_nothing(deps: ToolDeps, case: str) -> None:
    with pytest.raises(ToolFailed):
        import_concept(deps, "ana", "bo", BAD[case])
    assert deps.memory.concepts.list("ana") == ()
    assert deps.memory.facts.list("ana") == ()


def test_a_taken_name_is_refused(deps: ToolDeps, bo_id: str) -> None:
    data = export_concept(deps, "ana", "bo")
    with pytest.raises(ToolFailed, match="already have <bo>"):
        import_concept(deps, "ana", "BO", data)
