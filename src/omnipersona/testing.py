"""What holds a model to the contract, and a scripted model that keeps it.

A backbone is tested by every check of `CONTRACT`, each with a model of its own:

    @pytest.mark.parametrize("check", CONTRACT, ids=lambda check: check.__name__)
    def test_the_contract_is_kept(check):
        check(open_model)

The checks look at what is promised (types, order, numbers, errors), never at how well a model does
it, so that random weights pass. `open_model` returns a model that nobody else uses.
"""

import io
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from PIL import Image

from omnipersona.model.concepts.file_format import check_concept, read_card
from omnipersona.model.contract import (
    INTENTS,
    PICTURE_REFS,
    AnswerRequest,
    ConceptFile,
    ConverseRequest,
    DrawSettings,
    EditRequest,
    Event,
    Fact,
    File,
    GenerateRequest,
    ImageResult,
    KnownConcept,
    LearnEvent,
    LearnRequest,
    LearnResult,
    PersonaModel,
    ReadRequest,
    RecallRequest,
    RecogniseRequest,
    RewriteRequest,
    Statement,
    StepEvent,
    TextEvent,
    text_of,
)
from omnipersona.model.errors import (
    Cancelled,
    ConceptError,
    ImageError,
    MissingFiles,
    ModelBusy,
    RequestError,
)
from omnipersona.model.scripted import Faults, ScriptedModel, concept_file, plain_png

__all__ = ["CONTRACT", "Faults", "ScriptedModel", "concept_file", "plain_png"]

OpenModel = Callable[[], PersonaModel]
_MINUTE: Final = 60.0
_TOY: Final = Statement(subject="<c0>", attribute="toy", value="a red ball")


@contextmanager
def _opened(open_model: OpenModel) -> Iterator[PersonaModel]:
    model = open_model()
    try:
        yield model
    finally:
        model.close()


def it_says_what_it_is(open_model: OpenModel) -> None:
    """`describe` is complete and stays the same."""
    with _opened(open_model) as model:
        info = model.describe()
        assert info == model.describe()
        assert info.name
        assert info.fingerprint
        assert info.world.endswith(".")
        assert 0 < info.image_size <= info.max_image_size
        assert info.num_steps > 0
        assert info.concept_width > 0
        assert info.abilities.routings
        assert info.abilities.languages
        assert info.image_size % info.abilities.stride == 0


def it_reads_messages(open_model: OpenModel) -> None:
    """A reading names only what it was given; what it cannot tell is empty."""
    with _opened(open_model) as model:
        known = (KnownConcept(slot="<c0>", kind="dog"), KnownConcept(slot="<c1>"))
        for message in ("draw <c0> with his toy", "<c1> lives at the beach", "hello", "?!"):
            reading = model.read(ReadRequest(message=message, known=known, num_photos=1))
            assert reading.intent is None or reading.intent in INTENTS
            assert 0.0 <= reading.certainty <= 1.0
            assert reading.picture in PICTURE_REFS
            assert set(reading.about) <= {"<c0>", "<c1>"}
            subjects = {one.subject for one in reading.statements or ()}
            assert subjects <= {"<c0>", "<c1>", ""}
        request = ReadRequest(message="draw <c0>", known=known, intent="edit")
        assert model.read(request).intent == "edit"
        again = model.read(request)
        assert again == model.read(request)


def it_answers_from_evidence_and_rewrites(open_model: OpenModel) -> None:
    """Recall and rewriting give words, or nothing; never another type."""
    with _opened(open_model) as model:
        recalled = model.recall(
            RecallRequest(question="what is the toy of <c0>?", evidence=(_TOY,))
        )
        assert 0.0 <= recalled.certainty <= 1.0
        assert "\n" not in recalled.answer
        for task in ("draw", "edit"):
            request = RewriteRequest(
                task=task, message="give <c0> his toy", about=("<c0>",), evidence=(_TOY,)
            )
            rewritten = model.rewrite(request)
            assert not (rewritten.prompt and rewritten.cannot)
        _numbered(model.converse(ConverseRequest(message="hello")), TextEvent)


def it_answers_questions_about_pictures(open_model: OpenModel) -> None:
    """Pieces of an answer are numbered, and the same request gets the same words."""
    with _opened(open_model) as model:
        request = AnswerRequest(question="what is this?", images=(_picture(model),), max_tokens=8)
        events = _numbered(model.answer(request), TextEvent)
        assert text_of(model.answer(request)) == text_of(events)


def it_draws(open_model: OpenModel) -> None:
    """A step after the other, then the picture; a seed decides it."""
    with _opened(open_model) as model:
        first = _drawn(model, seed=1)
        assert (first.seed, first.num_steps) == (1, 2)
        assert _drawn(model, seed=1).png == first.png
        assert _drawn(model, seed=2).png != first.png
        with Image.open(io.BytesIO(first.png)) as image:
            assert image.size == (first.width, first.height)
            assert image.format == "PNG"


def it_edits(open_model: OpenModel) -> None:
    """A changed picture has the size of its source."""
    with _opened(open_model) as model:
        if not model.describe().abilities.edits:
            return
        settings = DrawSettings(seed=1, num_steps=2)
        request = EditRequest(image=_picture(model), instruction="a hat", settings=settings)
        *steps, last = _numbered(model.edit(request), Event)
        assert isinstance(last, ImageResult)
        with Image.open(io.BytesIO(request.image)) as source:
            assert source.size == (last.width, last.height)
        assert all(isinstance(one, StepEvent) for one in steps)


def it_learns_a_concept(open_model: OpenModel) -> None:
    """A lesson ends with a sound file that the same model takes, and its card says whose it is."""
    with _opened(open_model) as model:
        info = model.describe()
        if not info.abilities.learns:
            return
        concept = _learned(model)
        check_concept(concept, info)
        assert read_card(concept).name == "Bo"
        assert read_card(concept).kind == "dog"
        strange, broken = concept_file(fingerprint="another"), ConceptFile.of(b"no concept")
        _raises(ConceptError, lambda: check_concept(strange, info))
        _raises(ConceptError, lambda: check_concept(broken, info))
        settings = DrawSettings(seed=1, num_steps=1)
        request = GenerateRequest(prompt="<c0>", concepts=(concept,), settings=settings)
        *_, last = model.generate(request)
        assert isinstance(last, ImageResult)
        certainty = model.recognise(RecogniseRequest(image=_picture(model), concept=concept))
        assert 0.0 <= certainty <= 1.0


def it_takes_files_by_their_digest(open_model: OpenModel) -> None:
    """A file that came once may be named alone, until it is to be forgotten."""
    with _opened(open_model) as model:
        if not model.describe().abilities.learns:
            return
        concept = _learned(model)
        named = ConceptFile(sha256=concept.sha256)
        model.release(concept.sha256)

        def ask(file: ConceptFile) -> str:
            return text_of(
                model.answer(AnswerRequest(question="is <c0> red?", concepts=(file,), max_tokens=4))
            )

        missing = _raises(MissingFiles, lambda: ask(named))
        assert missing.sha256 == (concept.sha256,)
        assert ask(concept) == ask(named)
        model.release(concept.sha256)
        _raises(MissingFiles, lambda: ask(named))


def it_stops_when_told(open_model: OpenModel) -> None:
    """An event, an id or a dropped iterator ends a drawing, and the model goes on."""
    with _opened(open_model) as model:
        long = GenerateRequest(prompt="a", settings=DrawSettings(num_steps=1000, previews=False))
        stop = threading.Event()
        events = model.generate(long, stop)
        next(events)
        stop.set()
        _raises(Cancelled, lambda: list(events))

        other = GenerateRequest(prompt="a", settings=long.settings)
        by_id = model.generate(other)
        next(by_id)
        assert model.cancel(other.id)
        _raises(Cancelled, lambda: list(by_id))
        assert not model.cancel(other.id)

        dropped = model.generate(GenerateRequest(prompt="a", settings=long.settings))
        next(dropped)
        del dropped
        stopped = threading.Event()
        stopped.set()
        _raises(Cancelled, lambda: model.read(ReadRequest(message="hi"), stopped))
        assert _drawn(model, seed=1).seed == 1


def it_refuses_in_words(open_model: OpenModel) -> None:
    """Bad input is an error with a sentence that survives pickling, and the next request works."""
    with _opened(open_model) as model:
        beyond = model.describe().max_image_size * 2
        settings = DrawSettings(num_steps=1)
        for kind, call in (
            (ImageError, lambda: list(model.answer(AnswerRequest(question="a", images=(b"",))))),
            (ImageError, lambda: list(model.edit(EditRequest(image=b"-", instruction="a")))),
            (
                (ImageError, RequestError),
                lambda: list(
                    model.generate(
                        GenerateRequest(prompt="a", width=beyond, height=beyond, settings=settings)
                    )
                ),
            ),
        ):
            error = _raises(kind, call)
            copy = pickle.loads(pickle.dumps(error))  # noqa: S301  (made here, a line above)
            assert type(copy) is type(error)
            assert str(copy) == str(error) != ""
            assert copy.retry_after == error.retry_after
        assert _drawn(model, seed=1).seed == 1


def it_serves_several_threads(open_model: OpenModel) -> None:
    """Each gets what it would get alone."""
    with _opened(open_model) as model:
        alone = [_drawn(model, seed).png for seed in range(3)]
        found: dict[int, bytes] = {}

        def draw(seed: int) -> None:
            found[seed] = _drawn(model, seed).png

        threads = [threading.Thread(target=draw, args=(seed,)) for seed in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_MINUTE)
        assert [found.get(seed) for seed in range(3)] == alone


def it_refuses_work_once_closed(open_model: OpenModel) -> None:
    """A closed model says so."""
    model = open_model()
    model.close()
    _raises(ModelBusy, lambda: list(model.generate(GenerateRequest(prompt="a"))))
    _raises(ModelBusy, lambda: model.read(ReadRequest(message="hi")))


CONTRACT: Final[tuple[Callable[[OpenModel], None], ...]] = (
    it_says_what_it_is,
    it_reads_messages,
    it_answers_from_evidence_and_rewrites,
    it_answers_questions_about_pictures,
    it_draws,
    it_edits,
    it_learns_a_concept,
    it_takes_files_by_their_digest,
    it_stops_when_told,
    it_refuses_in_words,
    it_serves_several_threads,
    it_refuses_work_once_closed,
)
"""Every check of the contract; each opens a model, looks, and closes it."""


def _numbered(events: Iterator[Any], kind: type[Event]) -> list[Any]:
    found = list(events)
    assert all(isinstance(one, kind) for one in found)
    assert [one.sequence for one in found] == list(range(len(found)))
    assert {one.attempt for one in found} == {1}
    return found


def _drawn(model: PersonaModel, seed: int) -> ImageResult:
    request = GenerateRequest(prompt="a ball", settings=DrawSettings(seed=seed, num_steps=2))
    *steps, last = model.generate(request)
    assert [one.step for one in steps if isinstance(one, StepEvent)] == [1, 2]
    assert isinstance(last, ImageResult)
    return last


def _picture(model: PersonaModel) -> bytes:
    return _drawn(model, seed=5).png


def _learned(model: PersonaModel) -> ConceptFile:
    request = LearnRequest(
        name="Bo",
        kind="dog",
        photos=File.each([_picture(model)]),
        facts=(Fact(attribute="toy", value="a red ball"),),
        preset="quick",
    )
    *steps, last = model.learn(request)
    assert steps
    assert all(isinstance(one, LearnEvent) for one in steps)
    assert isinstance(last, LearnResult)
    return last.concept


def _raises(kind: Any, call: Callable[[], object]) -> Any:
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind} was not raised")
