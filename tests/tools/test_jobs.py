"""Learning jobs: watched, cancelled, never half stored."""

import threading
from datetime import timedelta

import pytest
from fakes import BrokenModelError

from omnipersona.memory.jobs import JobStore
from omnipersona.model.contract import ConceptFile, LearnRequest
from omnipersona.store.errors import StorageFailed
from omnipersona.testing import Faults, ScriptedModel, concept_file
from omnipersona.tools.concept_service import forget_concept, forget_fact
from omnipersona.tools.jobs import LearningJobs
from omnipersona.tools.outcome import ToolDeps, ToolFailed


def test_a_job_ends_ready_with_tokens_stored(deps: ToolDeps, bo_id: str) -> None:
    deps.memory.facts.add(
        "ana", concept_id=bo_id, attribute="toy", value="a ball", source="said", origin="m"
    )
    status = deps.jobs.start("ana", bo_id)
    assert deps.jobs.wait("ana", status.job_id).state == "ready"
    assert deps.memory.concepts.get("ana", bo_id).state == "ready"
    assert deps.jobs.progress("ana", bo_id) == ""


def test_photos_and_facts_reach_the_model(deps: ToolDeps, model: ScriptedModel, bo_id: str) -> None:
    status = deps.jobs.start("ana", bo_id)
    deps.jobs.wait("ana", status.job_id)
    request = model.of_type(LearnRequest)[0]
    assert (request.name, request.kind, len(request.photos)) == ("bo", "dog", 1)


def test_old_tokens_stay_when_learning_fails(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.faults = Faults(BrokenModelError("The loss is not a number."), at_step=2)
    status = deps.jobs.wait("ana", deps.jobs.start("ana", bo_id).job_id)
    assert (status.state, status.message) == ("failed", "The loss is not a number.")
    assert deps.memory.concepts.read_tokens("ana", bo_id) == concept_file().whole
    assert deps.memory.concepts.get("ana", bo_id).state == "ready"


def test_a_bug_fails_the_job_and_the_next_one_runs(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.faults = Faults(ZeroDivisionError("a bug"), at_step=1)
    status = deps.jobs.wait("ana", deps.jobs.start("ana", bo_id).job_id)
    assert status.state == "failed"
    assert "a bug" not in status.message
    model.faults = Faults()
    assert deps.jobs.wait("ana", deps.jobs.start("ana", bo_id).job_id).state == "ready"


def test_cancel_stops_within_one_step(deps: ToolDeps, model: ScriptedModel, bo_id: str) -> None:
    model.num_learn_steps, model.step_seconds = 1000, 0.01
    job_id = deps.jobs.start("ana", bo_id).job_id
    first = deps.jobs.wait("ana", job_id, seen=deps.jobs.status("ana", job_id))
    deps.jobs.cancel("ana", job_id)
    deps.jobs.cancel("ana", job_id)
    ended = deps.jobs.wait("ana", job_id)
    assert ended.state == "cancelled"
    assert model.steps_done <= first.step + 3


def test_a_waiting_job_is_cancelled_at_once(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.hold = threading.Event()
    deps.jobs.start("ana", bo_id)
    mia = deps.memory.concepts.add("ana", "mia")
    photo = deps.memory.concepts.photos("ana", bo_id)[0]
    deps.memory.concepts.attach_photo("ana", mia.id, photo.id)
    waiting = deps.jobs.start("ana", mia.id)
    assert deps.jobs.cancel("ana", waiting.job_id).state == "cancelled"
    assert deps.memory.concepts.get("ana", mia.id).state == "new"
    model.hold.set()


def test_a_new_concept_is_usable_after_the_first_pass(
    deps: ToolDeps, model: ScriptedModel, photo_id: str
) -> None:
    mia = deps.memory.concepts.add("ana", "mia")
    deps.memory.concepts.attach_photo("ana", mia.id, photo_id)
    status = deps.jobs.wait("ana", deps.jobs.start("ana", mia.id).job_id)
    assert status.is_usable
    assert [r.preset for r in model.of_type(LearnRequest)] == ["quick", "nano"]


def test_refined_tokens_are_not_replaced_by_a_first_pass(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    deps.jobs.wait("ana", deps.jobs.start("ana", bo_id).job_id)
    assert [r.preset for r in model.of_type(LearnRequest)] == ["nano"]


def test_another_users_job_does_not_exist(deps: ToolDeps, bo_id: str) -> None:
    job_id = deps.jobs.start("ana", bo_id).job_id
    for method in (deps.jobs.status, deps.jobs.cancel, deps.jobs.wait):
        with pytest.raises(ToolFailed, match="no learning job"):
            method("eve", job_id)
    assert deps.jobs.list("eve") == ()


def test_a_concept_forgotten_while_learning_does_not_come_back(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.hold = threading.Event()
    job_id = deps.jobs.start("ana", bo_id).job_id
    deps.memory.forget_concept("ana", bo_id, delete_drawings=True)
    model.hold.set()
    assert deps.jobs.wait("ana", job_id).state == "cancelled"
    assert deps.memory.concepts.list("ana") == ()


def test_a_job_cut_off_by_closing_is_resumed(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.hold = threading.Event()
    deps.jobs.start("ana", bo_id)
    deps.jobs.close()
    assert deps.memory.concepts.get("ana", bo_id).state == "learning"
    model.hold.set()
    again = LearningJobs(model, deps.memory)
    (status,) = again.list("ana")
    assert status.reason == "cut off"
    assert again.wait("ana", status.job_id).state == "ready"
    again.close()


def test_a_resumed_job_starts_from_the_tokens_that_were_saved(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.saves = True
    model.faults = Faults(error=MemoryError("the machine went away"), at_step=3)
    jobs = LearningJobs(model, deps.memory, presets=["nano"])
    job_id = jobs.start("ana", bo_id).job_id
    assert jobs.wait("ana", job_id).state == "failed"
    saved = deps.memory.jobs.read_saved(deps.memory.jobs.get("ana", job_id))
    assert saved is not None
    assert b"step 2" in saved
    assert deps.memory.concepts.read_tokens("ana", bo_id) == concept_file().whole

    model.faults = Faults()
    again = jobs.start("ana", bo_id)
    assert again.is_usable
    assert jobs.wait("ana", again.job_id).state == "ready"
    assert model.of_type(LearnRequest)[-1].start == ConceptFile.of(saved)
    assert deps.memory.jobs.read_saved(deps.memory.jobs.get("ana", again.job_id)) is None
    jobs.close()


def test_a_cancelled_lesson_leaves_the_old_tokens_and_nothing_saved(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.saves, model.num_learn_steps, model.step_seconds = True, 1000, 0.01
    status = deps.jobs.start("ana", bo_id)
    while status.step < 2:
        status = deps.jobs.wait("ana", status.job_id, seen=status)
    deps.jobs.cancel("ana", status.job_id)
    assert deps.jobs.wait("ana", status.job_id).state == "cancelled"
    row = deps.memory.jobs.get("ana", status.job_id)
    assert (row.state, row.saved_sha256) == ("cancelled", None)
    assert deps.memory.concepts.read_tokens("ana", bo_id) == concept_file().whole


def test_a_worker_that_is_gone_loses_its_lesson_to_the_next(
    deps: ToolDeps, model: ScriptedModel, bo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnipersona.memory.jobs.LEASE", timedelta(0))
    row = deps.memory.jobs.add("ana", bo_id)
    gone = deps.memory.jobs.lease()
    assert gone is not None
    status = deps.jobs.take(row)
    assert deps.jobs.wait("ana", status.job_id).state == "ready"


def test_a_lesson_that_ended_before_the_program_started_is_told(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    done = deps.jobs.start("ana", bo_id).job_id
    assert deps.jobs.wait("ana", done).state == "ready"
    model.faults = Faults(BrokenModelError("The loss is not a number."))
    failed = deps.jobs.start("ana", bo_id).job_id
    deps.jobs.wait("ana", failed)
    again = LearningJobs(model, deps.memory)
    assert again.list("ana") == ()
    assert (again.status("ana", done).state, again.wait("ana", done).state) == ("ready", "ready")
    told = again.status("ana", failed)
    assert (told.state, told.message) == ("failed", "The loss is not a number.")
    assert again.cancel("ana", failed).state == "failed"
    with pytest.raises(ToolFailed):
        again.status("eve", done)
    again.close()


def test_a_store_that_refuses_for_a_while_does_not_end_a_lesson(
    deps: ToolDeps, model: ScriptedModel, bo_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> bool:
        raise StorageFailed("The disk is full.")

    model.saves = True
    with monkeypatch.context() as patch:
        patch.setattr(JobStore, "save", refuses)
        status = deps.jobs.wait("ana", deps.jobs.start("ana", bo_id).job_id)
    assert status.state == "ready"


def test_two_workers_never_lease_the_same_lesson(deps: ToolDeps, bo_id: str) -> None:
    added = deps.memory.jobs.add("ana", bo_id)
    first, second = deps.memory.jobs.lease(), deps.memory.jobs.lease()
    assert first is not None
    assert (first.id, second) == (added.id, None)


def test_other_weights_make_a_concept_learned_again(
    deps: ToolDeps, model: ScriptedModel, bo_id: str
) -> None:
    model.fingerprint = "scripted-2"
    (status,) = deps.jobs.learn_anew("ana")
    assert status.reason == "new weights"
    assert deps.jobs.wait("ana", status.job_id).state == "ready"
    assert deps.memory.concepts.get("ana", bo_id).base_fingerprint == "scripted-2"
    assert deps.jobs.learn_anew("ana") == ()


def test_what_is_told_of_jobs_forgets_the_name_too(deps: ToolDeps, bo_id: str) -> None:
    status = deps.jobs.start("ana", bo_id)
    assert deps.jobs.wait("ana", status.job_id).state == "ready"
    forget_concept(deps, "ana", bo_id)
    [told] = deps.jobs.list("ana")
    assert told.has_ended
    assert "bo" not in f"{told.concept_name} {told.message}"


def test_a_forgotten_fact_is_learned_anew_without(
    deps: ToolDeps, model: ScriptedModel, photo_id: str
) -> None:
    mia = deps.memory.concepts.add("ana", "mia")
    deps.memory.concepts.attach_photo("ana", mia.id, photo_id)
    facts = [remembered(deps, mia.id, value) for value in ("a kite", "a bell")]
    deps.jobs.wait("ana", deps.jobs.start("ana", mia.id).job_id)
    old = deps.memory.concepts.get("ana", mia.id).tokens_sha256
    model.hold = threading.Event()
    assert forget_fact(deps, "ana", facts[0]) == "I am learning <mia> anew without it."
    assert deps.memory.concepts.get("ana", mia.id).tokens_sha256 is None
    assert old in model.released
    model.hold.set()
    [*_, status] = deps.jobs.list("ana")
    assert deps.jobs.wait("ana", status.job_id).state == "ready"
    first, _ = [r for r in model.of_type(LearnRequest) if r.name == "mia"][-2:]
    assert (first.start, [fact.value for fact in first.facts]) == (None, ["a bell"])

    later = remembered(deps, mia.id, "a ball")
    assert forget_fact(deps, "ana", later) == "", "it was said after the lesson"
    assert deps.memory.concepts.get("ana", mia.id).tokens_sha256 is not None


def test_a_running_lesson_begins_anew_without_a_forgotten_fact(
    deps: ToolDeps, model: ScriptedModel, photo_id: str
) -> None:
    model.saves, model.num_learn_steps, model.step_seconds = True, 1000, 0.01
    mia = deps.memory.concepts.add("ana", "mia")
    deps.memory.concepts.attach_photo("ana", mia.id, photo_id)
    fact_id = remembered(deps, mia.id, "a kite")
    status = deps.jobs.start("ana", mia.id)
    while status.step < 2:
        status = deps.jobs.wait("ana", status.job_id, seen=status)
    assert forget_fact(deps, "ana", fact_id)
    assert deps.jobs.wait("ana", status.job_id).state == "cancelled"
    model.num_learn_steps, model.step_seconds = 3, 0.0
    [*_, again] = deps.jobs.list("ana")
    assert again.job_id != status.job_id
    deps.jobs.close()
    assert all((r.start, r.facts) == (None, ()) for r in model.of_type(LearnRequest)[1:2]), (
        "it goes on from nothing that knew the fact"
    )


def remembered(deps: ToolDeps, concept_id: str, value: str) -> str:
    told = {"attribute": f"toy {value}", "value": value, "source": "said", "origin": "m"}
    return deps.memory.facts.add("ana", concept_id=concept_id, **told).id  # type: ignore[arg-type]  # as named
