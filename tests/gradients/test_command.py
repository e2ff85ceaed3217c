"""The command: a run is trained and measured, a stored one is measured, the report shows both, faults are words."""

import json
import shutil

import pytest
import torch
from run_helpers import TINY, composer

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.gradients.__main__ import main
from benchmark.gradients.command import measure
from benchmark.gradients.comparing import refuse_misuse
from benchmark.gradients.estimators import estimators
from benchmark.gradients.findings import Bias, EstimatorFinding, Measured, PointFindings, findings_of
from benchmark.gradients.plot import bias, plot
from benchmark.gradients.points import FRESH
from benchmark.gradients.request import parse_request
from benchmark.gradients.subject import subject
from benchmark.gradients.tables import decomposition, row
from benchmark.report.__main__ import main as report
from benchmark.results.checksums import is_intact
from benchmark.results.run_folder import RunFolder, read_json, write_json
from benchmark.training.checkpoints import read_checkpoint

COMPOSER = composer()
HARD = ("attention=item_hard", "look.glimpses=1", *TINY)
ESTIMATORS = ("objective=reinforce,bound", "baseline=none,moving_average")
FEW = ("draws=20", "fit=2")


def asked(*texts):
    measure(parse_request(COMPOSER, texts), COMPOSER)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gradients") / "study"
    asked(*HARD, *ESTIMATORS, *FEW, f"runs={folder.parent}", "study=study")
    return folder


@pytest.fixture(scope="module")
def run(study):
    (place,) = study.glob("item_hard/digit_pairs/seed=0*")
    return RunFolder(place)


@pytest.fixture(scope="module")
def record(run):
    (path,) = run.gradients.glob("*/record.json")
    return read_json(path)


def test_the_record_says_what_was_measured(run, record):
    (place,) = run.gradients.iterdir()
    assert place.name.startswith("reinforce-bound-") and (place / "gradients.png").stat().st_size > 10_000
    assert is_intact(record) and record["run"] == f"study/item_hard/digit_pairs/{run.path.name}"
    assert record["asked"]["settings"] == {"draws": 20, "batches": 1, "fit": 2} and record["images"] == 4
    found = findings_of(record)
    assert [(point.name, point.step) for point in found.points] == [("start", 0), ("middle", 2), ("end", 4)]
    assert found.estimators == ["reinforce baseline=none", "reinforce baseline=moving_average", "bound"]
    for point in found.points:
        assert point.reason == "" and point.values["marginal"] > point.values["bound"]
        one, _, bound = point.findings
        assert (one.trajectories, bound.trajectories) == (2, 0)
        assert one.variance["policy"].value > 0
        assert bound.variance["all"].value == 0 and bound.bias["bound"]["all"].text == "0"
        assert bound.bias["exact"]["all"].share > 0  # that of log p(y) is another
        assert all(each.seconds > 0 and each.bytes > 0 for each in point.findings)


def test_the_start_of_a_run_that_kept_none_is_initialised_again(run, tmp_path):
    copy = tmp_path / "study" / "item_hard" / "digit_pairs" / run.path.name
    shutil.copytree(run.path, copy)
    kept = read_checkpoint(run.kept(0.0))["state_dict"]
    for share in (0.0, 0.5, 1.0):
        RunFolder(copy).kept(share).unlink()
    points = subject(RunFolder(copy), [], 1, COMPOSER).points
    assert [(point.name, point.step, point.progress) for point in points][:: len(points) - 1] == [
        ("start", 0, 0.0),
        ("last", 4, 1.0),
    ]
    assert points[0].source == FRESH
    assert all(torch.equal(value, kept[f"rnn.{name}"]) for name, value in points[0].weights.items())


def test_it_is_skipped_and_replaced(run, record, capsys):
    (place,) = run.gradients.iterdir()
    asked(f"run={run.path}", *ESTIMATORS, *FEW)
    assert capsys.readouterr().out == f"finished before, skipped: {place}\n"
    with pytest.raises(RunFault, match="holds another measurement"):
        asked(f"run={run.path}", "objective=bound", "draws=20", f"out={place.name}")
    shutil.copytree(place, run.gradients / "broken")
    (run.gradients / "broken" / "record.json").write_text("{")
    with pytest.raises(RunFault, match="is damaged, or of no measurement"):
        asked(f"run={run.path}", "objective=bound", "draws=20", "out=broken")
    shutil.rmtree(run.gradients / "broken")


def test_the_report_shows_it_and_no_broken_file_breaks_the_page(study, run, record, capsys):
    (place,) = run.gradients.iterdir()
    hostile = {**record, "run": "<script>alert(1)</script>", "sha256": {}}
    for name, content in {"cut": "{", "list": "[]", "empty": "{}", "hostile": json.dumps(hostile)}.items():
        (run.gradients / name).mkdir()
        (run.gradients / name / "record.json").write_text(content)
    estimators = record["points"][0]["estimators"]
    for number, wrong in enumerate(
        ({"variance": {}}, {"seconds": -1}, {"seconds": float("nan")}, {"trajectories": "x"})
    ):
        broken = {**record, "points": [{**record["points"][0], "estimators": [estimators[0] | wrong]}]}
        broken.pop("sha256")
        (run.gradients / f"wrong-{number}").mkdir()
        write_json(run.gradients / f"wrong-{number}" / "record.json", broken)
    assert report([str(study)]) == 0
    page = (study / "report" / "index.html").read_text()
    capsys.readouterr()
    for path in run.gradients.iterdir():
        if path != place:
            shutil.rmtree(path)
    assert page.count("The gradients in item_hard/digit_pairs/") == 8 and "<script>" not in page
    section = page.split('id="gradients"')[1].split("<section")[0]
    assert section.count("<svg") > 4 and "reinforce baseline=<wbr>none" in section and "bound gap" in section
    tables = (study / "report" / "tables.md").read_text()
    assert "gradients at end, step 4" in tables


def test_biases_are_told_from_zero_by_three_standard_errors():
    def bias(squared, error, norm=4.0):
        entry = {"value": squared, "error": error}
        one = {"policy": entry, "rest": entry, "all": entry}
        norms = {target: dict.fromkeys(one, norm) for target in ("bound", "exact")}
        estimator = {"name": "x", "trajectories": 1, "variance": {part: {"value": 1.0, "error": 0.1} for part in one},
                     "squared_bias": {"bound": one}, "seconds": 0.5, "bytes": 8}  # fmt: skip
        point = {"name": "p", "step": 3, "values": {}, "reason": "", "squared_norm": norms, "estimators": [estimator]}
        found = findings_of({"gradients": 1, "run": "r", "images": 4, "settings": {"draws": 20}, "points": [point]})
        assert len(plot(found).axes) == 6 and found.points[0].findings[0].at_equal_time("policy") == 0.5
        return found.points[0].findings[0].bias["bound"]["all"]

    assert bias(0.04, 0.01).text == "10 % ± 1.2 %"  # sqrt(0.04 / 4), and 0.01 / (2 sqrt(0.04) sqrt(4))
    assert bias(0.03, 0.01).text == "< 12 %"  # sqrt((0.03 + 3 * 0.01) / 4)
    assert bias(-0.5, 0.0).text == "0" and bias(1.0, 0.0, norm=0.0) == Bias(None, 0.0, float("inf"))
    assert bias(16.0, 0.0).text == "200 %"


def test_the_bias_of_a_part_is_a_share_of_that_part_s_gradient():
    parts = {"policy": (0.04, 4.0), "rest": (0.09, 1.0), "all": (0.13, 5.0)}
    entry = {
        "name": "x", "trajectories": 1, "seconds": 0.5, "bytes": 8,
        "variance": {part: {"value": 1.0, "error": 0.1} for part in parts},
        "squared_bias": {"bound": {part: {"value": squared, "error": 0.0} for part, (squared, _) in parts.items()}},
    }  # fmt: skip
    norms = {target: {part: norm for part, (_, norm) in parts.items()} for target in ("bound", "exact")}
    point = {"name": "p", "step": 3, "values": {}, "reason": "", "squared_norm": norms, "estimators": [entry]}
    found = findings_of({"gradients": 1, "run": "r", "images": 4, "settings": {"draws": 20}, "points": [point]})
    (one,) = found.points[0].findings
    assert bias(one, "policy") == pytest.approx((10.0, False))  # in the plot, in percent
    assert {part: each.share for part, each in one.bias["bound"].items()} == pytest.approx(
        {"policy": 0.1, "rest": 0.3, "all": (0.13 / 5) ** 0.5}
    )


def test_the_tables_by_hand():
    """A step of 0.25 s, of which four fit into a second."""
    variance = {"policy": Measured(4.0, 0.1), "rest": Measured(20.0, 0.1), "all": Measured(24.0, 0.1)}
    estimator = EstimatorFinding("reinforce", 2, variance, {}, 0.25, 3_000_000)
    assert row(estimator) == ["reinforce", "2", "4.00e+00", "2.00e+01", "1.00e+00", "5.00e+00", "250.0", "3.0"]
    values = {"marginal": -1.0, "bound": -1.5, "deviation": 0.75, "mode": -1.25, "expectation": -1.75}
    told = decomposition(PointFindings("end", 4, (estimator,), values, ""))
    assert told == [
        ("log p(y)", "-1.0000"), ("its bound", "-1.5000"), ("bound gap", "0.5000"),
        ("standard deviation of one trajectory", "0.7500"), ("mode minus bound", "+0.2500"),
        ("expectation minus bound", "-0.2500"),
    ]  # fmt: skip


FAULTS = [
    (["objective=reinforce"], "neither run=FOLDER nor attention=NAME"),
    (["attention=item_hard"], "objective is not set"),
    (["attention=item_hard", "objective=vimco", "draws=25"], "draws=25: has to be a multiple of 10"),
    (["attention=item_hard", "objective=vimco", "draws=x", "batches=0"], "(?s)draws=x: has .*batches=0"),
    (["attention=item_hard", "objective=vimco", "look.glimpsess=1"], "did you mean 'look.glimpses'"),
    (["attention=item_hard,dram", "objective=vimco"], "several values for one run"),
    (["run=runs/x", "objective=vimco", "look.glimpses=1"], "a run that is there is measured as it is"),
    (["run=runs/x", "objective=vimco", "out=a/b", "again=maybe"], "(?s)again=maybe.*out=a/b"),
    (["run=runs/x", "objective=vimco"], "no folder of a run that has trained"),
]


@pytest.mark.parametrize("texts, told", FAULTS, ids=[" ".join(texts) for texts, _ in FAULTS])
def test_faults_are_told_in_words(texts, told):
    with pytest.raises((ConfigFault, RunFault), match=told):
        asked(*texts)


OF_ESTIMATORS = [
    (["objective=renforce"], "did you mean 'reinforce'"),
    (["objective=vimco", "objective.sample=3"], "there is no knob"),
    (["baseline=none"], "objective is not set"),
    (["objective=vimco", "objective.samples=1"], "at least 2"),
    (["objective=likelihood"], "samples where to look"),
    (["objective=exact", "objective.most=3"], r"objective\.most is 3"),
]


def test_faults_of_estimators_are_told_in_words(run):
    found = subject(run, [], 1, COMPOSER)
    for texts, told in OF_ESTIMATORS:
        with pytest.raises(ConfigFault, match=told):
            refuse_misuse(estimators(found.saved.config, texts, COMPOSER), found.meter)


def test_a_mechanism_that_an_estimator_is_not_for_is_told_before_anything_is_trained(tmp_path):
    with pytest.raises(ConfigFault, match="exact needs glimpses that are sampled from finitely many places"):
        asked("attention=ram", *TINY, "objective=reinforce,exact", f"runs={tmp_path}")
    assert not list(tmp_path.rglob("*.ckpt"))


def test_help_explains(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["attention-gradients", "--help"])
    assert main() == 0
    out = capsys.readouterr().out
    assert "run=FOLDER" in out and "what is left of it when steps are as many as fit into the same time" in out
