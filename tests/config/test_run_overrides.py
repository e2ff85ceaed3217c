"""What was typed wrong is said at once, each fault with the nearest right name."""

import pytest
from run_helpers import call, composer

from benchmark.common.nearest import did_you_mean
from benchmark.config.overrides import Overrides, fits

COMPOSER = composer()


def faults(*texts, sweep=False):
    return Overrides(COMPOSER, texts, sweep).faults()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("attention=drm", "there is no attention 'drm'; did you mean 'dram'"),
        ("trainer.max_epoch=3", "there is no knob 'trainer.max_epoch'; did you mean 'trainer.max_epochs'"),
        ("trainer.max_steps=3", "'trainer.max_steps' is in no yaml, so it is added: +trainer.max_steps=3"),
        ("optimizer.make.amsgrad=true", "so it is added: +optimizer.make.amsgrad=true"),
        ("optimizer.make.amsgrat=true", "there is no knob 'optimizer.make.amsgrat'"),
        ("~trainer.max_steps", "there is no knob 'trainer.max_steps'"),
        ("sed=1", "did you mean 'seed'"),
        ("hydra.launcher.jbs=2", "did you mean 'hydra.launcher.jobs'"),
        ("optimizer.make.lr=abc", "has to be a number like 0.002, and not a word"),
        ("trainer.max_epochs=1.5", "a whole number"),
        ("trainer.max_epochs=null", "a whole number"),
        ("trainer=deflt", "did you mean 'default'"),
        ("+lrr=1", "nothing reads 'lrr'"),
        ("data=[digit_pairs,mnist_pairs]", "one choice of data"),
        ("seed=0,1", "several values for one run; a sweep is started with -m"),
        ("seed", "cannot be read as key=value"),
        ("runs=a/seed=0", """wants quotes of its own: 'runs="a/seed=0"'"""),
        ("look.size='8'", "a whole number"),
    ],
)
def test_a_wrong_override_is_explained(text, told):
    (fault,) = faults(*([] if text.startswith("attention=") else ["attention=dram"]), text)
    assert told in fault


def test_what_a_mechanism_asks_a_task_for_may_be_added():
    """The policy's knobs that a task may leave out are asked for with oc.select."""
    assert faults("attention=dram", "data=svhn_sample", "+look.wait=0.1", "+look.aim=0.2") == []
    assert faults("attention=none", "data=svhn_sample", "+look.wait=0.1")
    (fault,) = faults("attention=dram", "data=svhn_sample", "look.wait=0.1")
    assert fault == "look.wait=0.1: 'look.wait' is in no yaml, so it is added: +look.wait=0.1"


def test_all_faults_are_told_at_once():
    found = faults("attention=drm", "data=digit_pair", "trainer.max_epoch=3", "sed=3", "optimizer.make.lr=abc")
    assert [fault.split(":")[0] for fault in found] == [
        "attention=drm", "data=digit_pair", "trainer.max_epoch=3", "sed=3", "optimizer.make.lr=abc"]  # fmt: skip


def test_no_attention_lists_the_choices():
    (fault,) = faults("seed=1")
    assert "attention is not set" in fault
    assert all(name in fault for name in COMPOSER.choices("attention"))


@pytest.mark.parametrize(
    "texts",
    [
        ["attention=dram"],
        ["attention=dram", "optimizer.make.lr=1", "study=5", "seed=3"],
        ["attention=dram", "+optimizer.make.eps=0.1"],  # whether Adam takes it is for the check of the parts
        ["attention=dram", "trainer.limit_train_batches=0.5"],
        ["attention=dram", "hydra.launcher.jobs=3"],
        ["attention=dram", "hydra/launcher=basic"],
        ["attention=dram", "data.source.validation=10"],
        ["attention=dram", "threads=${seed}"],
    ],
)
def test_what_is_right_passes(texts):
    assert faults(*texts) == []


def test_a_sweep_is_looked_through_value_by_value():
    assert faults("attention=glob(*)", "seed=range(3)", "optimizer.make.lr=0.1,0.2", sweep=True) == []
    (fault,) = faults("attention=dram,rum", "seed=0,1", sweep=True)
    assert fault.startswith("attention=rum")
    (fault,) = faults("attention=dram", "optimizer.make.lr=0.1,x", sweep=True)
    assert fault.startswith("optimizer.make.lr=x")
    (fault,) = faults("attention=glob(zz*)", sweep=True)
    assert "matches no choice" in fault
    assert faults("attention=dram", "seed=range(0)", sweep=True) == [
        "seed=range(0): has no values, so that no run would start"
    ]


def test_a_knob_has_to_be_there_for_every_choice_of_a_sweep():
    (fault,) = faults("attention=dram,none", "attention.mechanism.whatwhere._partial_=true", sweep=True)
    assert "there is no knob" in fault


def test_values_fit_the_kind_that_stands_there():
    assert fits(1, 0.5) and fits(None, None) and fits([1], None) and fits(None, "word") and fits(5, "word")
    assert (
        not fits(True, 1) and not fits(1, True) and not fits(True, 0.5) and not fits([1], "word") and not fits(1, [1])
    )


def test_the_nearest_name():
    assert did_you_mean("trainer.max_epoch", ["trainer.max_epochs", "seed"]) == "; did you mean 'trainer.max_epochs'?"
    assert did_you_mean("lr", ["optimizer.make.lr", "seed"]) == "; did you mean 'optimizer.make.lr'?"
    assert did_you_mean("zzz", ["seed"]) == ""


def test_the_command_line_says_so_with_exit_code_2_and_without_traceback(tmp_path):
    code, out, err = call("attention=drm", "sed=3", cwd=tmp_path)
    assert (code, out) == (2, "")
    assert [line[:13] for line in err.splitlines()] == ["error: attent", "error: sed=3:"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["attention=item_hard", "objective=vimco", "baseline=state"], "objective=vimco has no baseline"),
        (["attention=item_hard", "objective=vimco", "reward=zero_one"], "objective=vimco has no reward"),
        (["attention=item_soft", "reward=zero_one"], "objective=likelihood has no reward"),
        (["attention=item_hard", "objective=reinforce,vimco", "baseline=state,none"], "objective=vimco has no"),
        (["attention=none,ram", "baseline=state"], ""),  # one run of each: none is a copy under another name
        (["attention=ram", "baseline=state", "reward=zero_one", "loss_mask=all_steps"], ""),
    ],
)
def test_a_part_that_no_objective_reads_is_refused(texts, told):
    """The same run would be trained under several names, and shown as a comparison."""
    found = Overrides(COMPOSER, texts, sweep=True)
    assert not found.faults()
    assert [told in fault for fault in found.unread_faults()] == [True] * bool(told)
