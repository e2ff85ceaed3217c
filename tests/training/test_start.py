"""Where a run's weights come from."""

import pytest
import torch
from models import built

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.training.start.checkpoint import CheckpointWeights
from benchmark.training.symbols import difference, refuse_others


def weights(parts):
    return {name: value.clone() for name, value in parts.module.rnn.state_dict().items()}


def checkpoint(parts, path):
    torch.save({"state_dict": parts.module.state_dict()}, path)
    return path


def test_the_weights_of_a_checkpoint_are_taken(tmp_path):
    old = built("dram", seed=1)
    path = checkpoint(old, tmp_path / "best.ckpt")
    new = built("dram", "start=checkpoint", f"start.checkpoint={path}", seed=2)
    assert all(torch.equal(value, weights(old)[name]) for name, value in weights(new).items())


def test_weights_move_to_a_larger_canvas(tmp_path):
    old = built("dram", seed=1)
    path = checkpoint(old, tmp_path / "best.ckpt")
    new = built("dram", "start=checkpoint", f"start.checkpoint={path}", "data.canvas=32", seed=2)
    assert all(torch.equal(value, weights(old)[name]) for name, value in weights(new).items())


def test_what_no_pattern_matches_stays_fresh(tmp_path):
    old, fresh = built("location_soft", seed=1), built("location_soft", seed=2)
    path = checkpoint(old, tmp_path / "best.ckpt")
    taken = "attention.localiser.*"
    new = built("location_soft", "start=checkpoint", f"start.checkpoint={path}", f"start.take=['{taken}']", seed=2)
    before, other, after = weights(old), weights(fresh), weights(new)
    for name, value in after.items():
        source = before if name.startswith("attention.localiser.") else other
        assert torch.equal(value, source[name]), name
    assert not torch.equal(before["attention.localiser.body.0.weight"], other["attention.localiser.body.0.weight"])


def test_what_does_not_fit_is_said_in_words(tmp_path):
    path = checkpoint(built("dram"), tmp_path / "best.ckpt")
    with pytest.raises(RunFault, match=r"decoder\.head\.0\.weight is \[55, 128\] there and \[55, 64\] here"):
        built("dram", "start=checkpoint", f"start.checkpoint={path}", "look.hidden=64")
    with pytest.raises(RunFault, match=r"does not fit this model: .*decoder\.cell\.cell\.weight_ih is not in it"):
        built("item_soft", "start=checkpoint", f"start.checkpoint={path}")


def test_a_missing_or_foreign_file_and_an_idle_pattern(tmp_path):
    model = built("none").module.rnn
    with pytest.raises(RunFault, match=r"nowhere\.ckpt is not there"):
        CheckpointWeights(str(tmp_path / "nowhere.ckpt"), ["*"])(model, "ab")
    (tmp_path / "foreign.ckpt").write_bytes(b"not a checkpoint")
    with pytest.raises(RunFault, match="damaged or cut off"):
        CheckpointWeights(str(tmp_path / "foreign.ckpt"), ["*"])(model, "ab")
    path = checkpoint(built("none"), tmp_path / "best.ckpt")
    with pytest.raises(ConfigFault, match=r"start\.take: 'localiser\*' matches no weights"):
        CheckpointWeights(str(path), ["localiser*"])(model, "ab")


def test_a_checkpoint_of_other_symbols_is_refused_where_they_matter(tmp_path):
    old = built("dram", seed=1)
    symbols = [f"other {n}" for n in range(len(old.spec.symbols))]
    path = tmp_path / "best.ckpt"
    torch.save({"state_dict": old.module.state_dict(), "symbols": symbols}, path)
    with pytest.raises(RunFault, match=r"other symbols \(55, not 55; without .* and with 'other 0'.*start\.take"):
        built("dram", "start=checkpoint", f"start.checkpoint={path}", seed=2)
    new = built("dram", "start=checkpoint", f"start.checkpoint={path}", "start.take=['attention.*']", seed=2)
    assert any(torch.equal(value, weights(old)[name]) for name, value in weights(new).items())


def test_how_symbols_differ_is_said_in_words():
    assert difference({"symbols": ["a", "b"]}, ("a", "b")) == "" == difference({}, ("a",))
    assert difference({"symbols": ["a", "c"]}, ("a", "b")) == "other symbols (2, not 2; without 'b' and with 'c')"
    assert difference({"symbols": ["b", "a"]}, ("a", "b")) == "other symbols (2, not 2; in another order)"
    assert difference({"symbols": [*"abcdef"]}, ("a",)) == "other symbols (6, not 1; with 'b', 'c', 'd' ...)"
    with pytest.raises(RunFault, match=r"begun with other symbols .*the captions have changed since"):
        refuse_others({"symbols": ["a", "c"]}, ("a", "b"))
