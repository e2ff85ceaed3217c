"""What is wrong with a search is said at once, before the first trial."""

import re
import shlex

import pytest
from run_helpers import ROOT, TINY, composer

from benchmark.common.errors import ConfigFault
from benchmark.process.terminal import Quiet
from benchmark.search.checking_ends import refuse_impossible
from benchmark.search.command import search
from benchmark.search.request import search_request, sorted_out
from benchmark.sweep.ready import ready

COMPOSER = composer()
PAGE = (ROOT / "docs/sweeps.md").read_text().replace("\\\n", " ")
COMMANDS = [shlex.split(line) for line in re.findall(r"^python -m benchmark\.search (.*)$", PAGE, re.MULTILINE)]
LR = "optimizer.make.lr=tag(log,interval(1e-4,1e-2))"


def faults(*texts):
    with pytest.raises(ConfigFault) as fault:
        search_request(COMPOSER, texts)
    return fault.value.faults


def test_a_command_line_is_sorted_out():
    found = search_request(
        COMPOSER,
        ["attention=dram,none", "data=digit_pairs", "seed=0,1", LR, "search=exploration", "look.explore=0.7",
         "trainer.max_epochs=3", "budget=7", "sampler.n_startup_trials=2", "hydra.launcher.jobs=3",
         "pruner={_target_: optuna.pruners.NopPruner}"],
    )  # fmt: skip
    assert found.mechanisms == [("dram", "digit_pairs"), ("none", "digit_pairs")] and found.seeds == [0, 1]
    assert [each.knob for each in found.ranges] == ["optimizer.make.lr", "optimizer.policy_wait"]  # one is fixed
    assert found.fixed == ["look.explore=0.7", "trainer.max_epochs=3"] and found.of_hydra == ["hydra.launcher.jobs=3"]
    assert found.settings.pruner == {"_target_": "optuna.pruners.NopPruner"}
    assert found.settings.budget == 7 and found.settings.sampler["n_startup_trials"] == 2
    assert found.of_runs(("none", "digit_pairs"), ["a=1"])[1] == [
        "attention=none", "data=digit_pairs", "look.explore=0.7", "trainer.max_epochs=3", "a=1", "seed=1",
    ]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_commands_of_the_docs_are_searches(words):
    found = search_request(COMPOSER, words)
    assert len(found.mechanisms) == 2 and found.ranges


def test_all_faults_of_a_command_line_are_said_at_once():
    found = faults(
        "attention=none", "cell=lstmm", "look.hiden=interval(1,2)", "optimizer.clip_core=interval(2,1)", "budget=0",
        "search=rates", "pruner.n_start=1", "~data.clutter", "study=a,b", "optimizer.make.lr=choice(",
    )  # fmt: skip
    text = "\n".join(found)
    for words in (
        "there is no cell 'lstmm'", "no knob 'look.hiden'; did you mean 'look.hidden'", "2 is not below 1",
        "budget: has to be a whole number of at least 1, and not 0", "search=rates: there is no such yaml",
        "exploration, learning_rate", "pruner.n_start=1: there is no setting", "cannot leave out a knob",
        "study has one value in a search", "cannot be read as key=value",
    ):  # fmt: skip
        assert words in text, words


def test_a_search_needs_a_range_and_mechanisms():
    assert any("no range is given" in fault for fault in faults("attention=dram"))
    found: list[str] = []
    sorted_out(COMPOSER, [], found)
    assert any("attention is not set" in fault for fault in found)
    assert any("sampler: " in fault for fault in faults("attention=dram", LR, "+sampler.nonsense=1"))


def test_ranges_are_checked_at_their_ends_with_every_mechanism():
    request = search_request(
        COMPOSER, ["attention=none,nic", "look.hidden=interval(0,16)", "+attention.mechanism.bands=4"]
    )
    with pytest.raises(ConfigFault) as fault:
        refuse_impossible(COMPOSER, request, Quiet())
    whole = "look.hidden=interval(0,16): look.hidden: has to be a whole number of at least 1, and not"
    has_no = "has no knob 'bands'; it has spec, query_size, encoder"
    assert sorted(fault.value.faults) == [
        f"{whole} 0.0; write look.hidden=int(interval(0,16))",
        f"{whole} 16.0; write look.hidden=int(interval(0,16))",
        f"nic/digit_pairs: attention.mechanism: benchmark.model.attention.once.ImageOnce {has_no}",
        f"none/digit_pairs: attention.mechanism: benchmark.model.attention.none.NoAttention {has_no}",
    ]


def test_launchers_that_a_search_cannot_use_are_refused():
    usual = search_request(COMPOSER, ["attention=none", LR]).usual
    with pytest.raises(ConfigFault, match="needs a launcher of this package"):
        ready(COMPOSER.compose([*usual, "hydra/launcher=basic"]), "a search")
    with pytest.raises(ConfigFault, match="a search waits for its runs"):
        ready(COMPOSER.compose([*usual, "hydra/launcher=slurm", "hydra.launcher.detach=true"]), "a search")


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert search(COMPOSER, ["attention=none", *TINY, LR, "budget=3", "hydra.launcher.jobs=2"], dry=True) == 0
    out = capsys.readouterr().out
    assert "none on digit_pairs: 3 trials" in out and "3 runs, 2 trials of a mechanism at once, 2 places" in out
    assert not list(tmp_path.iterdir())
