"""A whole comparison at toy size: every method runs, results resume, the report stands alone."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from omnipersona.bench.omnip.claims import findings
from omnipersona.bench.omnip.compare import Ground, compare, plan_of, sweep
from omnipersona.bench.omnip.items import concept_items
from omnipersona.bench.omnip.library import Library
from omnipersona.bench.omnip.methods import methods
from omnipersona.bench.omnip.report import said_anew, write_report
from omnipersona.bench.omnip.run import Plan, results_folder, run
from omnipersona.bench.omnip.subjects import QUICK, Counts, Subject
from omnipersona.bench.omnip.summary import as_table, figures
from omnipersona.bench.omnip.sweep import swept
from omnipersona.bench.omnip.world_subjects import world_subjects
from omnipersona.bench.reader import Reader, load_reader
from omnipersona.model.bagel.backbone import load_pipeline
from omnipersona.model.bagel.concept_training.trainer import TrainingConfig
from omnipersona.model.bagel.pipeline import Pipeline
from omnipersona.model.registry import NANO_FOLDER

CONFIG = TrainingConfig(num_steps=1, num_drawings=1, rate=0.01, gen_rate=0.01, is_thorough=False)
COUNTS = Counts(photos=1, recognition=2, questions=1, prompts=1, wishes=1, edits=1, chain=2)


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    found, _ = load_pipeline("nano")
    sampling = replace(found.config.sampling, num_steps=1)
    found.config = replace(found.config, sampling=sampling, max_strangeness=None)
    return found


@pytest.fixture(scope="module")
def reader() -> Reader:
    return load_reader()


def _subjects(pipeline: Pipeline, reader: Reader, count: int) -> list[Subject]:
    return world_subjects(pipeline, reader, count, COUNTS)


def _plan(*names: str, concepts: int = 1) -> Plan:
    return Plan(names=names, concepts=concepts, seeds=1, counts=COUNTS, config=CONFIG)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(methods(CONFIG, Library(Path()))))
def test_every_method_answers_draws_and_edits(
    pipeline: Pipeline, reader: Reader, tmp_path: Path, name: str
) -> None:
    before = {key: value.clone() for key, value in pipeline.model.state_dict().items()}
    [result] = run(pipeline, _subjects(pipeline, reader, 1), _plan(name), tmp_path, lambda _: None)
    told = {"recall", "specificity", "vqa", "qa", "identity", "parg", "edit add", "kept after 2"}
    assert told <= set(result.scores)
    assert all(0.0 <= s <= 1.0 for scores in result.scores.values() for s in scores)
    after = pipeline.model.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())


@pytest.mark.slow
def test_a_cut_run_goes_on_and_its_report_stands_alone(
    pipeline: Pipeline, reader: Reader, tmp_path: Path
) -> None:
    told: list[str] = []
    plan = _plan("base", "omnipersona", concepts=2)
    subjects = _subjects(pipeline, reader, 2)
    first = run(pipeline, subjects, plan, tmp_path, told.append)
    folder = results_folder(pipeline, plan, tmp_path)
    (folder / "omnipersona-0-1.json").unlink()
    kept = (folder / "omnipersona-0-0.json").stat().st_mtime_ns
    again = run(pipeline, subjects, plan, tmp_path, told.append)
    assert (folder / "omnipersona-0-0.json").stat().st_mtime_ns == kept
    assert [r.scores for r in again] == [r.scores for r in first]
    found = figures(again)
    assert "omnipersona" in as_table(found)
    lessons = [one.lesson(0, plan.num_photos) for one in subjects]
    write_report(found, findings(again), lessons, folder, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    pictured = {one.name for one in folder.glob("pictures/omnipersona/*/*.png")}
    assert {"0.png", "2-before.png"} <= pictured
    assert page.count("data:image/webp") >= 8
    assert "<dt>T̂</dt>" in page
    assert 'src="http' not in page
    assert said_anew(page, found, findings(again)) == page
    changed = said_anew(page, found, [])
    assert "<h2>Claims</h2>" not in changed
    assert changed.count("data:image/webp") == page.count("data:image/webp")


@pytest.mark.slow
def test_a_quick_comparison_claims_nothing(
    pipeline: Pipeline, reader: Reader, tmp_path: Path
) -> None:
    plan = replace(_plan("omnipersona", "text-prompt"), counts=QUICK)
    told = compare(
        Ground(pipeline, _subjects(pipeline, reader, 1)),
        plan,
        tmp_path,
        lambda _: None,
        as_json=False,
    )
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<b>text-prompt</b>: Its header tells colour and kind alone" in page
    for text in (told, (tmp_path / "claims.md").read_text("utf-8"), page.split("</style>")[1]):
        assert "no claim: 1 concept, a quick plan" in text
        assert "reproduced" not in text


def test_other_plans_and_other_sampling_have_results_of_their_own(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = _plan("base", concepts=1)
    first = results_folder(pipeline, plan, tmp_path)
    assert results_folder(pipeline, replace(plan, concepts=2, seeds=3), tmp_path) == first
    assert results_folder(pipeline, replace(plan, num_photos=3), tmp_path) != first
    sampling = replace(pipeline.config.sampling, edit_fresh_noise=False)
    monkeypatch.setattr(pipeline, "config", replace(pipeline.config, sampling=sampling))
    assert results_folder(pipeline, plan, tmp_path) != first


def test_items_are_the_same_every_time_and_need_facts() -> None:
    one, same = (concept_items(3, 64, COUNTS) for _ in range(2))
    assert one == same
    assert one != concept_items(4, 64, COUNTS)
    assert all(wish.needed for wish in one.wishes)
    stated = {fact.attribute for fact in one.facts}
    assert {name for wish in one.wishes for name in wish.needed} <= stated
    assert all(fact.value not in wish.message for wish in one.wishes for fact in one.facts)


def test_an_unknown_method_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no method 'magic'.*omnipersona"):
        plan_of(("magic",), concepts=1, seeds=1, quick=True, num_photos=1, num_examples=0)


@pytest.mark.parametrize("setting", ["examples", "photos", "preset", "steps", "tokens"])
def test_a_sweep_changes_one_setting(setting: str) -> None:
    plan = _plan("omnipersona")
    plans = swept(plan, setting)
    assert len(plans) >= 3
    settings = [asdict(changed) | asdict(changed.config) for changed in plans.values()]
    varied = {key for key in settings[0] if len({str(one[key]) for one in settings}) > 1}
    counts = {"num_examples", "num_photos", "num_steps", "num_und", "num_gen"}
    of_a_preset = {"num_drawings", "rate", "gen_rate", "is_thorough", "routing", "probe_every"}
    allowed = counts | of_a_preset if setting == "preset" else counts
    assert varied - {"config"} <= allowed
    assert len({label for label in plans}) == len(plans)


def test_a_sweep_ends_with_the_last_value_s_difference_from_the_first(
    pipeline: Pipeline, reader: Reader, tmp_path: Path
) -> None:
    counts = Counts(recognition=2, questions=2, prompts=0, wishes=0, edits=0, chain=0)
    plan = replace(_plan("base", "text-prompt"), counts=counts)
    on = Ground(pipeline, world_subjects(pipeline, reader, 1, counts))
    sweep(on, plan, "photos", tmp_path, lambda _: None, as_json=False)
    found = json.loads((tmp_path / "sweep-photos.json").read_text("utf-8"))["figures"]
    values = [f"photos {count}" for count in (1, 3, 5, 10)]
    values.append("photos 10 - photos 1")
    assert list(found) == [f"{name}, {one}" for name in plan.names for one in values]
    for name in plan.names:
        first, last, gained = (found[f"{name}, {values[i]}"] for i in (0, 3, 4))
        assert gained.keys() == first.keys() == last.keys()
        for metric, gain in gained.items():
            difference = last[metric]["value"] - first[metric]["value"]
            assert gain["value"] == pytest.approx(difference)


def test_an_unknown_sweep_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no sweep over 'mood'.*photos"):
        swept(_plan("base"), "mood")


def test_figures_are_json(tmp_path: Path) -> None:
    assert json.loads(json.dumps({"nothing": figures([])})) == {"nothing": {}}


def test_the_shipped_model_is_what_is_compared() -> None:
    assert NANO_FOLDER.is_dir()
