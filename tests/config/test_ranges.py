"""Every number of every yaml has a declared range; what lies outside is refused at its own knob, before anything."""

from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Interval, Len, MultipleOf
from run_helpers import composer

from benchmark.config.check import config_faults, find, parts
from benchmark.config.compose import plain, written
from benchmark.config.ranges import bare, words, wrong
from benchmark.config.references import set_at
from benchmark.config.settings import SETTINGS
from benchmark.config.signatures import passed_on, signature
from benchmark.sweep.planning import building_faults, distinct, job_faults
from datamodules.ranges import Colours, Count, Finite, Limit, NotAll, Positive, Share

COMPOSER = composer()
NAN, INF = float("nan"), float("inf")

GROUPS = ("attention", "data", "encoder", "context", "decoder", "baseline", "regularizer", "training_step", "passes",
          "features", "optimizer", "objective", "decoding", "feeding", "reward", "logger", "metrics")  # fmt: skip
CHOICES = {group: COMPOSER.choices(group) for group in GROUPS}
TURNS = [
    [f"{group}={names[turn % len(names)]}" for group, names in CHOICES.items()]
    for turn in range(max(map(len, CHOICES.values())))
]
"""Compositions in which every choice of every group stands once."""


def composed(*overrides):
    return COMPOSER.job(["attention=dram", "data=digit_pairs", *overrides])


def faults(*overrides):
    config = composed(*overrides)
    return config_faults(plain(config), written(config))


def numbers(node: Any, path: str):
    """Every number in a value, by its place."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if isinstance(node, int | float) and not isinstance(node, bool):
        yield path
    for key, value in items:
        if not (isinstance(value, dict) and "_target_" in value):
            yield from numbers(value, f"{path}[{key}]" if isinstance(node, list) else f"{path}.{key}")


def declared(config):
    """Of every knob of a configuration that holds numbers: its name, its value and its annotation, None for none."""
    for path, node in parts(config, ""):
        if node["_target_"].startswith("hydra_plugins"):
            continue
        knobs = signature(find(node["_target_"])).knobs
        yield from ((f"{path}.{key}", value, knobs.get(key)) for key, value in node.items() if not key.startswith("_"))
    for path, settings in SETTINGS.items():
        knobs, node = signature(settings).knobs, config[path] if path else config
        yield from ((f"{path}.{key}".lstrip("."), value, knobs.get(key)) for key, value in node.items()
                    if not isinstance(value, dict))  # fmt: skip


@pytest.fixture(scope="module")
def knobs():
    """Every knob that holds a number in some choice: where it is set, value, annotation, and a configuration."""
    found = {}
    for turn in TURNS:
        config = COMPOSER.job(turn)
        resolved, origin = plain(config), written(config)
        for path, value, hint in declared(resolved):
            if any(numbers(value, path)) and not (isinstance(value, dict) and "_target_" in value):
                found.setdefault((path, repr(hint)), (set_at(path, origin), value, hint, (resolved, origin)))
    return found


def test_no_number_of_a_yaml_is_without_a_range(knobs):
    assert len(knobs) > 150
    bare = {path: hint for (path, _), (_, value, hint, _) in knobs.items() if not ranged(value, hint)}
    bare.pop("optimizer.policy_rate.peak", None)  # location_soft sets it of Adam's schedule; others have no such knob
    assert bare == {
        "trainer.devices": signature(find("pytorch_lightning.Trainer")).knobs["devices"]
    }  # has its own check


def ranged(value, hint):
    inner = passed_on(hint)
    if isinstance(value, dict) and inner:
        return all(ranged(one, inner[0].knobs[key]) for key, one in value.items())
    return hint is not None and has_range(hint)


def has_range(hint):
    """Whether all numbers that an annotation allows have a declared range."""
    kind, bounds = bare(hint)
    if kind in (int, float):
        return bool(bounds)
    return get_origin(kind) is Literal or all(map(has_range, get_args(kind)))


def test_what_is_out_of_range_is_refused_at_the_knob_that_is_set(knobs):
    """NaN lies in no range, and no yaml's number may be replaced by it."""
    for path, value, hint, (resolved, origin) in knobs.values():
        if not isinstance(value, int | float) or path == "trainer.devices" or hint is None or "[" in path:
            continue
        node, (*way, last) = resolved, path.split(".")
        for step in way:
            node = node[step]
        node[last] = NAN
        told = [fault for fault in config_faults(resolved, origin) if fault.startswith(f"{path}: has to be ")]
        node[last] = value
        assert len(told) == 1 and told[0].endswith("and not nan"), path


@pytest.mark.parametrize(("override", "told"), [
    ("data.canvas=-5", "data.canvas: has to be a whole number of at least 1, and not -5"),
    ("evaluation.sides=[60,a]", "evaluation.sides[1]: has to be a whole number of at least 1, and not 'a'"),
    ("evaluation.sides=[-1]", "evaluation.sides[0]: has to be a whole number of at least 1, and not -1"),
    ("evaluation.repeats=0", "evaluation.repeats: has to be a whole number of at least 1, and not 0"),
    ("look.glimpses=0", "look.glimpses: has to be a whole number of at least 1, and not 0"),
    ("look.hidden=0", "look.hidden: has to be a whole number of at least 1, and not 0"),
    ("look.unit=0", "look.unit: has to be a number above 0 and finite, and not 0"),
    ("look.explore=0", "look.explore: has to be a number above 0 and finite, and not 0"),
    ("look.wait=1", "look.wait: has to be a number of at least 0 and below 1, and not 1"),
    ("look.crop=1.5", "look.crop: has to be a whole number of at least 1, and not 1.5"),
    ("optimizer.make.lr=-1", "optimizer.make.lr: has to be a number of at least 0 and finite, and not -1"),
    ("optimizer.make.betas=[0.9]", "optimizer.make.betas: has to be a list of 2, and not [0.9]"),
    ("optimizer.clip_core=-1", "optimizer.clip_core: has to be a number above 0, and not -1"),
    ("optimizer.policy_wait=1.1", "optimizer.policy_wait: has to be a number from 0 to 1, and not 1.1"),
    ("optimizer.rate.warmup=-1", "optimizer.rate.warmup: has to be a number from 0 to 1, and not -1"),
    ("attention.mechanism.policy.std.until=2", "attention.mechanism.policy.std.until: has to be a number from 0 to 1"),
    ("encoder.body.layers=[[4,3]]", "encoder.body.layers[0]: has to be a list of 3, and not [4, 3]"),
    ("study=null", "study: has to be a word, and not null"),
    ("data.batch_size=0", "data.batch_size: has to be a whole number of at least 1, and not 0"),
    ("data.images_per_epoch=8", "data.images_per_epoch: 8 images do not fill one batch of data.batch_size=32"),
    ("trainer.accelerator=tpu", "trainer.accelerator: PyTorch finds no tpu on this machine; auto takes what there is"),
    ("trainer.accelerator=gpuu", "trainer.accelerator: there is no accelerator 'gpuu'; did you mean 'gpu'?"),
    ("trainer.limit_train_batches=-1", "trainer.limit_train_batches: -1: has to be above 0"),
])  # fmt: skip
def test_a_value_out_of_its_range_is_told_with_what_was_given(override, told):
    (fault,) = faults(override)
    assert fault.startswith(told)


def test_faults_of_equal_wording_are_not_folded_and_references_are():
    """look.size is an argument of mechanism and encoder; its fault is one, and those of others are others."""
    four = ["look.size=0", "look.glimpses=0", "look.scales=0", "look.crop=0"]
    named = {fault.split(":")[0] for fault in faults("attention=none_low", *four)}
    assert named == {"look.size", "look.glimpses", "look.scales", "look.crop"}
    assert len(faults("attention=none_low", *four)) == 4


def test_words_of_a_mode_are_listed():
    (fault,) = faults("logger=wandb", "logger.wandb.mode=sideways")
    assert fault == "logger.wandb.mode: has to be 'online' or 'offline' or 'disabled' or null, and not 'sideways'"


def test_knobs_that_a_function_hands_on_are_judged_and_unknown_ones_named():
    told = faults("data=coco", "data.jitter.hue=0.6", "data.std=[0.2,0,0.2]", "data.size=0", "+data.sice=3")
    assert {one.split(":")[0] for one in told} == {"data", "data.size", "data.std[1]", "data.jitter.hue"}
    assert any("has no knob 'sice'" in one for one in told)


@pytest.mark.parametrize(("hint", "good", "bad", "said"), [
    (Count, [1, 7], [0, 1.0, True, "1", None], "a whole number of at least 1"),
    (Share, [0, 0.5, 1], [-0.1, 1.1, NAN], "a number from 0 to 1"),
    (NotAll, [0, 0.99], [1, -1], "a number of at least 0 and below 1"),
    (Finite, [-3, 0.5], [INF, -INF, NAN, "a"], "a number that is finite"),
    (Positive, [1e-9], [0, INF], "a number above 0 and finite"),
    (Limit, [1, INF], [0, NAN], "a number above 0"),
    (Colours, [[0.1, 0, 1]], [[1, 2], 1, None], "a list of 3"),
    (list[Count] | None, [[], [1], None], [[0], 1], "a list or null"),
    (tuple[Count, Share], [[1, 0.5]], [[1], [1, 2, 3], [0, 0]], "a list"),
    (Literal["a", 1], ["a", 1], ["b", True, 1.0], "'a' or 1"),
    (dict[str, Count], [{}, {"a": 1}], [{"a": 0}, []], None),
    (Annotated[int, Interval(gt=2), MultipleOf(4)], [4, 8], [0, 5], "a whole number above 2 in steps of 4"),
    (Annotated[list[Annotated[int, Ge(3)]], Len(1)], [[3]], [[], [2]], "a list of at least 1"),
    (str, ["", "a"], [1, None], "a word"),
    (object, [1, None, "a", {}], [], None),
])  # fmt: skip
def test_a_type_says_what_it_takes(hint, good, bad, said):
    assert all(not [*wrong(value, hint)] for value in good)
    assert all([*wrong(value, hint)] for value in bad)
    assert said is None or words(hint) == said


def test_parts_that_do_not_fit_are_told_before_any_job_starts(tmp_path):
    """Each job's own faults; jobs that differ in their seeds alone are built once."""
    jobs = {
        tmp_path / name: composed(*overrides)
        for name, overrides in {
            "good": ["attention=ram"],
            "large": ["attention=ram", "look.size=50"],
            "large again": ["attention=ram", "look.size=50", "seed=1"],
            "strides": ["attention=item_soft", "encoder.pad=false", "encoder.layers=[[4,99,1]]"],
            "decoder": ["attention=adaptive", "decoder=single_layer"],
            "drawn": ["attention=dram", "objective=likelihood"],
            "no file": ["attention=ram", "start=checkpoint", f"start.checkpoint={tmp_path}/none.ckpt"],
            "captions": ["attention=item_soft", "data=coco", "encoder.layers=[[4,999,1]]", "encoder.pad=false"],
        }.items()
    }
    found = {folder.name: told for folder, told in job_faults(jobs).items()}
    assert found["good"] == []
    assert found["large"] == found["large again"] and found["large"][0].startswith("look.size: a glimpse of 50 px does")
    assert found["strides"][0].startswith("encoder.layers: an image of") and found["captions"][0].startswith("encoder")
    assert found["decoder"][0].startswith("decoder: ") and found["drawn"][0].startswith("objective: ")
    assert found["no file"] == [f"start.checkpoint: {tmp_path}/none.ckpt is not there. Give the .ckpt file of a run"]
    assert all(len(told) == 1 for name, told in found.items() if name != "good")


def test_a_wrong_seed_is_told_of_its_job_alone(tmp_path):
    """Jobs that differ in their seeds share a check of their knobs, but not with a seed that is none."""
    jobs = {tmp_path / seed: composed("attention=none", f"seed={seed}") for seed in ("-1", "0", "word", "1")}
    found = {folder.name: told for folder, told in job_faults(jobs).items()}
    assert found["0"] == found["1"] == []
    assert all(any(line.startswith("seed: ") for line in found[seed]) for seed in ("-1", "word")), found


def test_a_file_that_is_no_checkpoint_is_told_but_not_where_a_run_resumes(tmp_path):
    (tmp_path / "a.ckpt").write_text("no checkpoint")
    config = composed("attention=ram", "start=checkpoint", f"start.checkpoint={tmp_path}/a.ckpt")
    (told,) = building_faults(config, resumes=False)
    assert "a.ckpt" in told
    assert building_faults(config, resumes=True) == []


def test_what_a_model_does_not_depend_on_makes_no_job_distinct():
    def key(*overrides):
        return distinct(plain(composed(*overrides)))

    assert key("seed=1", "study=a", "evaluation.samples=3") == key()
    assert len({key(), key("look.hidden=9"), key("data.canvas=24"), key("trainer.max_epochs=3")}) == 4
