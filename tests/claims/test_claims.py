"""Claims as data: what a yaml may say, which runs decide it, verdicts by hand, the page, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from fabricated_runs import finished, record
from run_helpers import ROOT, composer

from benchmark.claims.claim import SurveyClaim, read_claim, read_claims
from benchmark.claims.command import carry_out
from benchmark.claims.evidence import ClaimEvidence, EvidenceFinder
from benchmark.claims.judged import JudgedClaim, judge_claims
from benchmark.claims.measure.base import EvidenceError
from benchmark.claims.measure.images_to_target import ImagesToTarget
from benchmark.claims.measure.record_number import RecordNumber
from benchmark.claims.measure.record_slope import RecordSlope
from benchmark.claims.measure.seconds_to_target import SecondsToTarget
from benchmark.claims.measure.to_target import grain
from benchmark.claims.page import markdown, page_of, render
from benchmark.claims.request import parse_request
from benchmark.claims.running import distinct, missing_runs, within
from benchmark.claims.tables import number_table
from benchmark.common.errors import ConfigFault
from benchmark.config.compose import Composer

COMPOSER = composer()
FINDER = EvidenceFinder(COMPOSER, "claims", "runs", {})
IMAGES = 400
OWN: dict[str, Any] = {
    "statement": "Learned places read better.", "source": "a paper", "tasks": {"digits": "data=digit_pairs"},
    "arms": {"learned": "attention=dram", "random": "attention=random"}, "seeds": 3, "minutes": 4.0, "fair": "alike",
    "measure": {"_target_": "benchmark.claims.measure.test_score.TestScore", "mode": "mean", "minus": ""},
    "rule": {"_target_": "benchmark.claims.rule.order.RisingOrder", "rising": ["learned", "random"], "by": 0.0},
}  # fmt: skip
"""A claim of two arms."""


def written(folder: Path, name: str = "own", **changes: Any) -> Path:
    """The yaml of OWN with changes; None leaves a key out."""
    (folder / "claim").mkdir(exist_ok=True)
    path = folder / "claim" / f"{name}.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in (OWN | changes).items() if value is not None}))
    return path


def claim(folder: Path, **changes: Any) -> SurveyClaim:
    return read_claim("own", written(folder, **changes))


def make_runs(found: ClaimEvidence, errors: dict[str, list[float]], **more: Any) -> None:
    """Fabricates the runs of some seeds of each arm, the first images of each wrong."""
    for run in found.runs:
        if run.address.seed >= len(errors.get(run.arm, [])):
            continue
        wrong_N = (np.arange(IMAGES) < round(errors[run.arm][run.address.seed] * IMAGES)).astype(float)
        value = {"mean": wrong_N, "random": np.ones(IMAGES)}
        address = run.address
        made = record(
            address.attention, address.data, address.seed, value, setting=address.setting,
            config_hash=address.config_hash, **more,
        )  # fmt: skip
        finished(address.folder.parents[2], made, value, np.zeros(IMAGES))


def evidence(claim: SurveyClaim, folder: Path) -> ClaimEvidence:
    (found,) = EvidenceFinder(COMPOSER, "claims", str(folder / "runs"), {}).gather([claim])
    return found


def judged(folder: Path, errors: dict[str, list[float]], **changes: Any) -> JudgedClaim:
    """The verdict on OWN with changes, over fabricated runs."""
    own = claim(folder, **changes)
    make_runs(evidence(own, folder), errors)
    (found,) = judge_claims([evidence(own, folder)])
    return found


CLEAR = {"learned": [0.10, 0.11, 0.12], "random": [0.50, 0.51, 0.52]}
TURNED = {"learned": CLEAR["random"], "random": CLEAR["learned"]}


def rule(name: str, **arguments: Any) -> dict[str, Any]:
    module = {"RisingOrder": "order", "Alike": "alike", "Ratio": "ratio", "Slope": "slope", "Level": "level"}[name]
    return {"_target_": f"benchmark.claims.rule.{module}.{name}", **arguments}


@pytest.mark.parametrize(
    ("errors", "of", "word"),
    [
        (CLEAR, OWN["rule"], "holds"),
        (TURNED, OWN["rule"], "does not hold"),
        ({"learned": [0.1, 0.3, 0.5], "random": [0.2, 0.3, 0.4]}, OWN["rule"], "cannot tell"),
        (CLEAR, rule("RisingOrder", rising=["learned", "random"], by=0.5), "does not hold"),
        (CLEAR, rule("Alike", first="learned", second="random", within=0.6), "holds"),
        (CLEAR, rule("Alike", first="learned", second="random", within=0.1), "does not hold"),
        (CLEAR, rule("Ratio", of="learned", to="random", above=0, below=0.5), "holds"),
        (CLEAR, rule("Ratio", of="random", to="learned", above=0, below=3.0), "does not hold"),
        (CLEAR, rule("Slope", at={"learned": 0, "random": 10}, power=False, above=0.02, below=0.08), "holds"),
        (CLEAR, rule("Slope", at={"learned": 1, "random": 2}, power=True, above=1.0, below=None), "holds"),
    ],
)
def test_verdicts(tmp_path: Path, errors: dict[str, list[float]], of: dict[str, Any], word: str) -> None:
    assert judged(tmp_path, errors, rule=of).word == word


def test_numbers_by_hand(tmp_path: Path) -> None:
    """Means 0.11 and 0.51: a difference of 40 points, a ratio of 0.51 / 0.11, an exponent of its binary logarithm."""
    parts = {
        name: judged(folder, CLEAR, rule=of).evidence.parts[0]
        for name, of in {
            "difference": OWN["rule"],
            "ratio": rule("Ratio", of="random", to="learned", above=1, below=None),
            "exponent": rule("Slope", at={"learned": 1, "random": 2}, power=True, above=0.0, below=None),
        }.items()
        if (folder := tmp_path / name) and folder.mkdir() is None
    }
    assert parts["difference"].found.difference == pytest.approx(0.4)
    assert parts["ratio"].shown(parts["ratio"].found.difference) == pytest.approx(0.51 / 0.11)
    assert parts["exponent"].found.difference == pytest.approx(np.log2(0.51 / 0.11))


def test_a_claim_whose_runs_are_missing_is_not_run(tmp_path: Path) -> None:
    found = judged(tmp_path, {"learned": CLEAR["learned"], "random": CLEAR["random"][:2]})
    assert (found.word, found.decision, len(found.evidence.lacking)) == ("not run", None, 1)
    page = page_of("claims", [found])
    assert "1 of 6 runs are missing" in render(page) and "not run" in markdown(page)


def test_a_run_of_another_configuration_is_no_run_of_the_claim(tmp_path: Path) -> None:
    own = claim(tmp_path)
    make_runs(evidence(own, tmp_path), CLEAR)
    other = claim(tmp_path, arms={"learned": "attention=dram look.glimpses=3", "random": "attention=random"})
    assert not evidence(own, tmp_path).lacking and len(evidence(other, tmp_path).lacking) == 3
    path = evidence(own, tmp_path).finished["random"][1].address.folder / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"config_hash": "1" * 64}))  # the folder is the same
    assert [(run.arm, run.address.seed) for run in evidence(own, tmp_path).lacking] == [("random", 1)]


def test_seeds_that_were_tested_on_other_images_are_unusable(tmp_path: Path) -> None:
    own = claim(tmp_path)
    make_runs(evidence(own, tmp_path), CLEAR)
    one = evidence(own, tmp_path).finished["random"][0].address.folder / "predictions.npz"
    held = dict(np.load(one))
    np.savez(one, **(held | {"index": held["index"] + 1}))
    (found,) = judge_claims([evidence(own, tmp_path)])
    assert found.word == "unusable" and "different images" in found.evidence.fault


@pytest.mark.parametrize("seeds", [1, 3])
def test_seeds_and_arms_of_one_data_set_have_one_fingerprint(tmp_path: Path, seeds: int) -> None:
    """Of one seed of an arm, or of the whole arm, the test images are others."""
    own = claim(tmp_path)
    make_runs(evidence(own, tmp_path), CLEAR)
    for run in evidence(own, tmp_path).finished["random"][:seeds]:
        path = run.address.folder / "record.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"fingerprints": {"test": "c" * 64}}))
    (found,) = judge_claims([evidence(own, tmp_path)])
    assert found.word == "unusable" and "were tested on different images" in found.evidence.fault


def test_a_mode_that_was_not_tested_is_named(tmp_path: Path) -> None:
    measure = OWN["measure"] | {"mode": "average"}
    found = judged(tmp_path, CLEAR, measure=measure)
    assert found.word == "unusable" and "'average', but in mean, random" in found.evidence.fault


def test_one_mode_minus_another(tmp_path: Path) -> None:
    """All images are wrong at random places, and 11 % at the learned ones."""
    measure = OWN["measure"] | {"minus": "random"}
    arms = {"learned": "attention=dram"}
    found = judged(tmp_path, CLEAR, measure=measure, arms=arms, rule=rule("Level", of="learned", above=None, below=0.0))
    assert found.word == "holds" and found.evidence.parts[0].found.difference == pytest.approx(-0.89)
    assert found.evidence.scale.unit == " points"


def test_a_number_of_the_record_and_its_slope(tmp_path: Path) -> None:
    shown = {"name": "cost", "factor": 1.0, "decimals": 0, "unit": ""}
    number = {
        "_target_": "benchmark.claims.measure.record_number.RecordNumber",
        "path": "cost.multiply_adds", "minus": "", **shown,
    }  # fmt: skip
    slope = {
        "_target_": "benchmark.claims.measure.record_slope.RecordSlope",
        "path": "cost.multiply_adds_by_side", "key": "", "power": True, "least": 0, **shown,
    }  # fmt: skip
    arms = {"learned": "attention=dram"}
    flat = judged(tmp_path, CLEAR, measure=slope, arms=arms, rule=rule("Level", of="learned", above=-0.1, below=0.1))
    assert flat.word == "holds" and flat.evidence.parts[0].found.difference == pytest.approx(0.0)
    more = claim(tmp_path, measure=number, arms=arms, rule=rule("Level", of="learned", above=1e6, below=None))
    assert judge_claims([evidence(more, tmp_path)])[0].evidence.parts[0].found.difference == 2_000_000
    less = claim(tmp_path, measure=number | {"minus": "cost.parameters"}, arms=arms, rule=more_rule())
    assert judge_claims([evidence(less, tmp_path)])[0].evidence.parts[0].found.difference == 750_000
    none = claim(tmp_path, measure=number | {"path": "cost.beauty"}, arms=arms, rule=more_rule())
    assert "no number cost.beauty" in judge_claims([evidence(none, tmp_path)])[0].evidence.fault


def test_the_slope_of_an_error_over_lengths_by_hand(tmp_path: Path) -> None:
    """Errors of 0.1, 0.2 and 0.6 at lengths 1, 2 and 4, whose means are 0.3 and 7 / 3. An entry of 10 images counts."""
    own = claim(tmp_path, arms={"learned": "attention=dram"}, rule=more_rule(), seeds=1)
    lengths = {"1": (10, 0.1), "2": (11, 0.2), "4": (99, 0.6), "5": (9, 0.0)}
    test = {"images": IMAGES, "mean": {"error": 0.1, "by_length": {
        length: {"images": images, "error": error} for length, (images, error) in lengths.items()}}}  # fmt: skip
    make_runs(evidence(own, tmp_path), {"learned": [0.1]}, test=test)
    runs = evidence(own, tmp_path).finished["learned"]
    (slope,) = RecordSlope("test.mean.by_length", "error", False, 10, "", 1.0, 2, "").score(runs).sample.seeds_S
    assert slope == pytest.approx((-4 / 3 * -0.2 - 1 / 3 * -0.1 + 5 / 3 * 0.3) / (16 / 9 + 1 / 9 + 25 / 9))


def test_the_grain_of_a_validation_is_the_step_to_it_and_of_an_arm_the_coarsest(tmp_path: Path) -> None:
    assert [grain([1.0, 3.0, 4.5], place) for place in range(3)] == [2.0, 2.0, 1.5] and grain([7.0], 0) == 0.0
    own = claim(tmp_path, arms={"learned": "attention=dram"}, rule=more_rule(), seeds=2)
    make_runs(evidence(own, tmp_path), {"learned": [0.1, 0.1]})
    runs = evidence(own, tmp_path).finished["learned"]
    for run, images in zip(runs, ([100, 400, 800], [100, 200, 400]), strict=True):  # there at the last
        lines = [json.dumps({"images": at, "val/error": 0.3 if at == images[-1] else 0.9}) for at in images]
        (run.address.folder / "metrics.jsonl").write_text("\n".join(lines))
    assert ImagesToTarget(0.4).score(runs).sample.grain == pytest.approx(1.0)
    (runs[0].address.folder / "metrics.jsonl").write_text(
        "\n".join(json.dumps({"images": at, "val/error": 0.3}) for at in (100, 800))
    )
    found = ImagesToTarget(0.4).score(runs).sample
    assert found.seeds_S == pytest.approx(np.log2([100, 400])) and found.grain == pytest.approx(3.0)


def test_which_numbers_another_machine_would_change() -> None:
    slope = [RecordSlope(path, "", False, 0, "", 1.0, 0, "").depends_on_machine for path in
             ("cost.seconds_by_side", "cost.memory_by_side", "cost.multiply_adds_by_side")]  # fmt: skip
    assert slope == [True, True, False]
    assert SecondsToTarget(0.4).depends_on_machine and not ImagesToTarget(0.4).depends_on_machine
    number = [RecordNumber(path, minus, "", 1.0, 0, "").depends_on_machine for path, minus in
              (("cost.peak_memory_bytes", ""), ("cost.steps", "cost.train_seconds"), ("cost.steps", ""))]  # fmt: skip
    assert number == [True, True, False]


def test_images_and_seconds_to_a_target_by_hand(tmp_path: Path) -> None:
    """800 and 400 of 800 images, of runs of 100 and 101 seconds; of a seed that never gets there all is a bound."""
    arms = {"learned": "attention=dram", "random": "attention=random"}
    own = claim(tmp_path, arms=arms, seeds=2)
    make_runs(evidence(own, tmp_path), {"learned": [0.1, 0.1], "random": [0.9, 0.9]})
    for run in evidence(own, tmp_path).runs:
        late = {"learned": [0.6, 0.4], "random": [0.9, 0.7]}[run.arm]
        values = late if run.address.seed == 0 else late[::-1]
        lines = [json.dumps({"step": 9, "images": 400 * (n + 1), "val/error": value}) for n, value in enumerate(values)]
        (run.address.folder / "metrics.jsonl").write_text("\n".join(lines))
    measures = "benchmark.claims.measure."
    scores = {
        name: claim(tmp_path, arms=arms, measure={"_target_": measures + name, "target": 0.4})
        for name in ("images_to_target.ImagesToTarget", "seconds_to_target.SecondsToTarget")
    }
    found = evidence(own, tmp_path).finished
    images, seconds = (each.measure for each in scores.values())
    assert images.score(found["learned"]).sample.seeds_S == pytest.approx(np.log2([800, 400]))
    late = images.score(found["random"]).sample
    assert late.seeds_S == pytest.approx(np.log2([800, 800])) and late.more_S.tolist() == [True, True]
    assert images.score(found["learned"]).sample.more_S.tolist() == [False, False]
    assert late.grain == pytest.approx(1.0)  # log2 of 800 images to 400
    assert seconds.score(found["learned"]).sample.seeds_S == pytest.approx(np.log2([100, 101 / 2]))
    assert seconds.scale(found["learned"]).name == "log2 of seconds to 40.00 % error"
    (found["random"][0].address.folder / "metrics.jsonl").write_text("{}")
    with pytest.raises(EvidenceError, match="no validation that can be used"):
        seconds.score(found["random"])


@pytest.mark.parametrize(("random", "words"), [(0.3, "at most 0.00 (0.47 or less)"), (0.9, "not known")])
@pytest.mark.parametrize("of", [OWN["rule"], rule("Alike", first="learned", second="random", within=1.0)])
def test_an_arm_that_never_gets_there_is_not_the_faster_one(
    tmp_path: Path, of: dict[str, Any], random: float, words: str
) -> None:
    """Both stop at 400 images, one of them there at best: nobody knows how much longer the other one takes."""
    measure = {"_target_": "benchmark.claims.measure.images_to_target.ImagesToTarget", "target": 0.4}
    own = claim(tmp_path, measure=measure, rule=of)
    make_runs(evidence(own, tmp_path), CLEAR)
    for run in evidence(own, tmp_path).runs:
        values = {200: 0.9, 300: 0.9, 400: {"learned": 0.9, "random": random}[run.arm]}
        lines = [json.dumps({"step": 9, "images": at, "val/error": value}) for at, value in values.items()]
        (run.address.folder / "metrics.jsonl").write_text("\n".join(lines))
    (found,) = judge_claims([evidence(own, tmp_path)])
    page = page_of("claims", [found])
    told = markdown(page)
    assert found.word == "cannot tell" and "> 8.64, > 8.64, > 8.64" in told.replace("\\>", ">")
    assert "did not get there: theirs is a lower bound" in told and "∞" in render(page)
    if of is OWN["rule"]:
        assert words in told


def test_data_of_another_folder_are_no_evidence(tmp_path: Path) -> None:
    """A folder is no part of which run it is, so that two sets of test images may come together."""
    own = claim(tmp_path)
    make_runs(evidence(own, tmp_path), CLEAR)
    for arm in ("learned", "random"):
        one = evidence(own, tmp_path).finished[arm][-1].address.folder / "record.json"
        text = one.read_text()
        one.write_text(json.dumps(json.loads(text) | {"origin": "synthetic"}))
        (found,) = judge_claims([evidence(own, tmp_path)])
        assert found.word == "unusable" and "different images (sample, synthetic data)" in found.evidence.fault
        one.write_text(text)
    apart = claim(tmp_path, arms={"learned": "attention=dram data.clutter=1", "random": "attention=random"})
    make_runs(evidence(apart, tmp_path), {"learned": CLEAR["learned"]}, fingerprints={"test": "c" * 64})
    assert judge_claims([evidence(apart, tmp_path)])[0].word == "holds"  # a claim about other data


@pytest.mark.parametrize(("path", "word"), [("cost.train_seconds", "unusable"), ("cost.parameters", "cannot tell")])
def test_speeds_of_different_machines_are_not_compared(tmp_path: Path, path: str, word: str) -> None:
    number = {"_target_": "benchmark.claims.measure.record_number.RecordNumber", "path": path, "minus": "",
              "name": "it", "factor": 1.0, "decimals": 0, "unit": ""}  # fmt: skip
    own = claim(tmp_path, measure=number)
    make_runs(evidence(own, tmp_path), {"learned": CLEAR["learned"]})
    other = {"cpu": "Another CPU", "cores": 8, "threads": 1, "accelerator": "cpu", "device": "cpu"}
    rest = {"random": CLEAR["random"]}
    make_runs(evidence(own, tmp_path), rest, hardware=other, git={"revision": "deadbeef0", "dirty": True})
    (found,) = judge_claims([evidence(own, tmp_path)])
    assert found.word == word and ("different hardware: A CPU" in found.evidence.fault) == (word == "unusable")
    html = render(page_of("claims", [found]))
    assert "Runs were made on different hardware" in html and "deadbeef0 with uncommitted changes" in html
    assert "Runs were made at different revisions" in html


def test_a_page_says_what_was_left_out(tmp_path: Path) -> None:
    asked = parse_request(COMPOSER, ["report", "learned_looks", "metrics_and_people", "seeds=3"]).remarks
    assert asked[0].startswith(f"2 of {len(NAMES)} claims: the correction is over their verdicts alone")
    assert asked[1].startswith("seeds=3, fewer than these ask for: learned_looks.")
    assert not parse_request(COMPOSER, ["report"]).remarks
    (learned,) = read_claims(COMPOSER, ["learned_looks"])
    assert len(parse_request(COMPOSER, ["report", "learned_looks", f"seeds={learned.seeds}"]).remarks) == 1
    assert asked[0] in render(page_of("claims", [], asked)) and asked[1] in markdown(page_of("claims", [], asked))


def test_a_number_says_what_its_interval_is_for(tmp_path: Path) -> None:
    """Of a record's number the images are not known; a published table has no runs at all."""
    number = {"_target_": "benchmark.claims.measure.record_number.RecordNumber", "path": "cost.parameters", "minus": "",
              "name": "size", "factor": 1.0, "decimals": 0, "unit": ""}  # fmt: skip
    arms = {"learned": "attention=dram"}
    found = judged(tmp_path, CLEAR, measure=number, arms=arms, rule=rule("Level", of="learned", above=0.0, below=None))
    assert number_table(found).note.endswith("for a new seed on these test images.")
    (published,) = judge_claims(FINDER.gather(read_claims(COMPOSER, ["metrics_and_people"])))
    assert number_table(published).note.endswith("No run decides it. 95 % interval.")


def test_a_number_itself_is_in_percent_and_what_could_be_seen_in_its_unit(tmp_path: Path) -> None:
    found = judged(tmp_path, CLEAR, arms={"learned": "attention=dram"},
                   rule=rule("Level", of="learned", above=None, below=0.2))  # fmt: skip
    ((_, value, bounds, seen),) = number_table(found).rows
    assert value.text.startswith("11.00 % (") and bounds.text == "below 20.00"
    assert found.decision is not None and found.decision.visible is not None
    assert seen.text == f"{100 * found.decision.visible[0]:.2f}" and float(seen.text) > 0.5


def test_a_verdict_that_the_correction_takes_is_named(tmp_path: Path) -> None:
    """A difference of 2.9 standard errors with four degrees of freedom is one alone, and none among eight."""
    own = claim(tmp_path)
    make_runs(evidence(own, tmp_path), {"learned": [0.10, 0.14, 0.18], "random": [0.20, 0.24, 0.28]})
    found = evidence(own, tmp_path)
    alone, among = judge_claims([found]), judge_claims([found] * 8)
    assert (alone[0].word, alone[0].alone) == ("holds", "")
    assert (among[0].word, among[0].alone) == ("cannot tell", "by itself: holds")
    assert "by itself: holds" in markdown(page_of("claims", among[:1]))


def test_runs_that_answer_every_image_alike_are_named(tmp_path: Path) -> None:
    """One of three runs with random glimpses gives all images the answer 0; a learned one has other answers."""
    own = claim(tmp_path)
    make_runs(evidence(own, tmp_path), CLEAR)
    for arm, seed, answers_N in (("random", 1, np.zeros(IMAGES)), ("learned", 1, np.arange(IMAGES) % 2)):
        (run,) = (run for run in evidence(own, tmp_path).runs if (run.arm, run.address.seed) == (arm, seed))
        with np.load(run.address.folder / "predictions.npz") as held:
            arrays = dict(held)
        np.savez(run.address.folder / "predictions.npz", prediction_mean=answers_N[:, None], **arrays)
    shown = page_of("claims", judge_claims([evidence(own, tmp_path)]))
    said = "in 1 of 3 runs of random all test images get the same answer"
    assert shown.verdicts.rows[0][2].notes == (said,)
    assert [line.partition(".")[0] for line in shown.sections[0].lines] == [f"digits: {said}"]
    assert said in render(shown) and said in markdown(shown)


def test_published_numbers_of_the_runs_are_judged_on_the_page(tmp_path: Path) -> None:
    """RAM on MNIST pairs, 8 % where 9 are published; and a page of embedded digits, of which nothing is published."""
    tasks = {"MNIST": "data=mnist_pairs data.root={mnist}"}
    found = judged(tmp_path, {"learned": [0.08] * 3, "random": [0.5] * 3}, tasks=tasks,
                   arms={"learned": "attention=ram", "random": "attention=ram_random"})  # fmt: skip
    shown = page_of("claims", [found])
    ((mechanism, measured, published, verdict),) = shown.published.rows
    assert (mechanism.text, measured.text, published.text) == ("ram", "8.00 %", "9 %")
    assert verdict.notes[0].endswith("; by another protocol (no experiment; the published one is table1_ram)")
    assert 'id="published"' in render(shown) and "Ba et al. 2015" in markdown(shown)
    none = page_of("claims", [judged(tmp_path, CLEAR)])
    assert not none.published.rows and 'id="published"' not in render(none)


def more_rule() -> dict[str, Any]:
    return rule("Level", of="learned", above=None, below=1.0)


def test_data_in_folders_do_not_change_which_run_it_is(tmp_path: Path) -> None:
    own = claim(tmp_path, tasks={"MNIST": "data=mnist_pairs data.root={mnist}"})
    here, there = (
        EvidenceFinder(COMPOSER, "claims", "runs", folders).gather([own])[0].runs[0].address
        for folders in ({}, {"mnist": "/elsewhere"})
    )
    assert here == there


def test_the_cheapest_claims_fit_a_budget_and_common_runs_count_once(tmp_path: Path) -> None:
    claims = [
        claim(tmp_path, minutes=4.0),
        claim(tmp_path, minutes=4.0, arms={"learned": "attention=dram", "random": "attention=centre"}),
        claim(tmp_path, minutes=1.0, arms={"learned": "attention=none", "random": "attention=nic"}),
    ]
    request = parse_request(COMPOSER, ["run", "learned_looks"])
    found = EvidenceFinder(COMPOSER, "claims", str(tmp_path / "runs"), {}).gather(claims)
    missing = missing_runs(found, request)
    assert [each.evidence.claim.minutes for each in missing] == [1.0, 4.0, 4.0]
    assert len(within(missing, None, places=2)) == 3 and len(distinct(missing)) == 6 + 6 + 3
    assert len(within(missing, 3.0, places=2)) == 1 and len(within(missing, 2.9, places=2)) == 0
    assert len(within(missing, 15.0, places=2)) == 2  # (6 + 24) / 2 minutes
    open_ = [claim(tmp_path, tasks={"MNIST": "data=mnist_pairs data.root={mnist}"})]
    left = missing_runs(EvidenceFinder(COMPOSER, "claims", str(tmp_path / "runs"), {}).gather(open_), request)
    assert left[0].folders == ("mnist",) and within(left, None, places=2) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"statment": "x"}, "there is no key 'statment' in a claim; did you mean 'statement'?"),
        ({"source": None}, "source is missing"),
        ({"seeds": 0}, "seeds: "),
        ({"seeds": "three"}, "seeds: "),
        ({"rule": rule("RisingOrder", rising=["learned", "randm"], by=0.0)}, "no arm 'randm'; did you mean 'random'?"),
        ({"rule": rule("RisingOrder", rising=["learned"], by=0.0)}, "rule: an order needs two arms"),
        ({"rule": rule("Level", of="learned", above=None, below=1.0)}, "arms.random: the rule does not use it"),
        ({"rule": OWN["rule"] | {"_target_": "benchmark.claims.rule.order.Ordr"}}, "cannot be imported"),
        ({"rule": OWN["rule"] | {"_target_": "benchmark.claims.measure.test_score.TestScore"}}, "has to name a class"),
        ({"rule": OWN["rule"] | {"twice": 1}}, "has no knob 'twice'"),
        ({"measure": {"mode": "mean"}}, "measure._target_: has to name a class"),
        ({"arms": {"learned": "attention=dram seed=3", "random": "attention=random"}}, "seeds are the claim's"),
        ({"rule": rule("RisingOrder", rising=["learned", "random", "learned"], by=0.0)}, "learned is named twice"),
        ({"rule": rule("Alike", first="learned", second="learned", within=0.1)}, "learned is named twice"),
        ({"rule": rule("Ratio", of="random", to="random", above=1, below=None)}, "random is named twice"),
        ({"rule": rule("Ratio", of="random", to="learned", above=0, below=None)}, "without a bound"),
        ({"rule": rule("Level", of="learned", above=0.5, below=0.2)}, "above: 0.5 has to be less than below: 0.2"),
        ({"rule": rule("Slope", at={"learned": 0, "random": 1}, power=True, above=1.0, below=None)}, "no logarithm"),
        ({"tasks": {}}, "tasks: at least one is needed"),
        ({"arms": {"learned": {"other": "attention=dram"}, "random": "attention=random"}}, "one for each of the tasks"),
        ({"arms": {"learned": 3, "random": "attention=random"}}, "arms"),
    ],
)  # fmt: skip
def test_what_a_claim_may_not_say(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        claim(tmp_path, **changes)
    assert said in "\n".join(fault.value.faults)


def test_an_arm_may_be_another_one_on_each_task(tmp_path: Path) -> None:
    tasks = {"digits": "data=digit_pairs", "cells": "data=digit_pairs look.glimpses=3"}
    learned = {"digits": "attention=dram", "cells": "attention=dram attention/policy=map"}
    own = claim(tmp_path, tasks=tasks, arms={"learned": learned, "random": "attention=random"})
    assert own.overrides("digits", "learned") == ["attention=dram", "data=digit_pairs"]
    assert own.overrides("cells", "learned") == [*learned["cells"].split(), *tasks["cells"].split()]
    assert own.overrides("cells", "random") == ["attention=random", *tasks["cells"].split()]


def test_all_faults_of_all_claims_are_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, "one", statement=None, seeds=-1)
    written(tmp_path, "two", rule=OWN["rule"] | {"by": "far"})
    (tmp_path / "claim" / "three.yaml").write_text("a: [")
    with pytest.raises(ConfigFault) as fault:
        read_claims(Composer(str(tmp_path)), ["one", "two", "three", "learned_lokks"])
    told = "\n".join(fault.value.faults)
    assert "did you mean 'learned_looks'" in told and "one.yaml: statement is missing" in told
    assert "one.yaml: seeds" in told and "two.yaml: rule.by" in told and "three.yaml: is no yaml" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rum"], "is none of list, run, report; did you mean 'run'?"),
        (["run", "learned_looks", "budget=soon"], "has to be a number of minutes"),
        (["run", "clutter", "mnits=here"], "there is no such setting; did you mean 'mnist'?"),
        (["report", "learned_looks", "study=../x"], "study: "),
        (["report", "learned_looks", "seeds=2.5"], "seeds=2.5: has to be a whole number above zero"),
    ],
)
def test_what_a_command_line_may_not_say(arguments: list[str], said: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        parse_request(COMPOSER, arguments)
    assert said in "\n".join(fault.value.faults)


def test_a_page_of_an_unknown_study_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "looks").mkdir(parents=True)
    with pytest.raises(ConfigFault) as fault:
        carry_out(parse_request(COMPOSER, ["report", "metrics_and_people", "study=lokos"]), COMPOSER)
    assert "there is no such study in runs; did you mean 'looks'? There are looks" in fault.value.faults[0]
    assert carry_out(parse_request(COMPOSER, ["report", "metrics_and_people"]), COMPOSER) == 0
    assert "metrics_and_people" in (tmp_path / "runs" / "claims" / "claims" / "claims.md").read_text()


NAMES = sorted(path.stem for path in (ROOT / "conf" / "claim").glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_each_claim_can_be_composed(name: str) -> None:
    """Every run that it needs has an identity: no arm or task has an unknown knob or choice."""
    (own,) = read_claims(COMPOSER, [name])
    found = EvidenceFinder(COMPOSER, "claims", "runs", {}).gather([own])
    assert all(len({run.address.folder for run in each.runs}) == len(each.runs) for each in found)
    assert own.statement.endswith(".") and own.source and own.fair
    assert not own.arms or own.seeds >= 3


def test_the_page_of_a_users_claim_escapes_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From --config-dir, through the command: a claim of one's own is found, judged and shown."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    own = Composer(str(tmp_path / "mine"))
    written(tmp_path / "mine", "mine", statement="Places <b>matter</b> & more.", source="<script>alert(1)</script>")
    (found,) = EvidenceFinder(own, "claims", "runs", {}).gather(read_claims(own, ["mine"]))
    odd = {"cpu": "<img src=x>\n# All hold \ud800\x07", "cores": 1, "threads": 1, "accelerator": "cpu", "device": "cpu"}
    make_runs(found, CLEAR, hardware=odd)
    assert carry_out(parse_request(own, ["report", "mine", "out=page"]), own) == 0
    assert capsys.readouterr().out.split() == ["holds", "mine", "on", "digits", "page:", "page/index.html"]
    html = Path("page/index.html").read_text()
    assert "Places &lt;b&gt;matter&lt;/b&gt; &amp; more." in html and "<script>" not in html
    assert "40.00 points" in html and "3 seeds an arm, 400 test images" in html and "and new test images" in html
    assert "python -m benchmark.run -m attention=dram data=digit_pairs study=claims seed=0,1,2" in html
    told = Path("page/claims.md").read_text()
    assert "above 0.00" in told and "holds" in told
    assert not [line for line in told.splitlines() if line.startswith("# All") or "<img" in line or "<b>" in line]
    assert carry_out(parse_request(own, ["list", "mine"]), own) == 0
    assert "digits: 6 runs finished" in capsys.readouterr().out
    carry_out(parse_request(own, ["list", "mine", "seeds=4"]), own)
    assert "digits: 2 of 8 runs missing, 8 min 00 s" in capsys.readouterr().out
