"""Files of weights: nothing in them is run, and what is damaged is never taken for weights."""

import io
import os
import pickle
import random
import zipfile
from collections import Counter, OrderedDict

import pytest
import torch
from torch import nn

from benchmark.common.errors import RunFault
from benchmark.common.weight_files import read_weights, refuse_not_finite, tensors
from benchmark.training.checkpoints import read_checkpoint

torch.manual_seed(0)
CONTENT = {
    "state_dict": nn.Linear(5, 7).state_dict(), "epoch": 3, "symbols": ["a", "b"], "milestones": Counter([3]),
    "optimizer_states": [{"state": {0: {"exp_avg": torch.rand(7, 5)}}}],
}  # fmt: skip


def saved(path, content=CONTENT, **how):
    torch.save(content, path, **how)
    return path


def rewritten(path, change, packed=zipfile.ZIP_STORED):
    """An archive whose checksums hold, with other content of its pickle."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", packed) as archive:
        for name, content in held.items():
            archive.writestr(name, change(content) if name.endswith("data.pkl") else content)
    return path


@pytest.mark.parametrize("how", [{}, {"_use_new_zipfile_serialization": False}])
def test_what_was_saved_is_read(tmp_path, how):
    found = read_weights(saved(tmp_path / "one.ckpt", **how))
    assert found["epoch"] == 3 and found["symbols"] == ["a", "b"] and found["milestones"] == Counter([3])
    torch.testing.assert_close(found["state_dict"], CONTENT["state_dict"], rtol=0, atol=0)
    assert sum(value.numel() for value in tensors(found)) == 35 + 7 + 35


def test_a_single_flipped_bit_changes_no_weight_unseen(tmp_path):
    """`torch.load` takes 298 of 300 such files, 110 with other weights."""
    path, rng, refused = saved(tmp_path / "one.ckpt"), random.Random(0), 0
    whole = path.read_bytes()
    for _ in range(300):
        place = rng.randrange(8 * len(whole))
        spoilt = bytearray(whole)
        spoilt[place // 8] ^= 1 << place % 8
        path.write_bytes(spoilt)
        try:
            found = read_checkpoint(path)
        except RunFault as fault:
            assert str(path) in str(fault) and "delete it to start this run anew" in str(fault)
            refused += 1
        else:
            torch.testing.assert_close(found["state_dict"], CONTENT["state_dict"], rtol=0, atol=0)
            assert found["epoch"] == 3
    assert refused > 100


class Trap:
    def __init__(self, call, *arguments):
        self._told = call, arguments

    def __reduce__(self):
        return self._told


@pytest.mark.parametrize("how", [{}, {"_use_new_zipfile_serialization": False}])
@pytest.mark.parametrize("call, arguments", [
    (os.system, ("touch {}",)), (eval, ("open({!r}, 'w')",)), (exec, ("open({!r}, 'w')",)), (io.open, ("{}", "w")),
    (bytearray, (2**33,)),
])  # fmt: skip
def test_a_checkpoint_that_calls_something_is_refused(tmp_path, how, call, arguments):
    marker = tmp_path / "sprung"
    told = [each.format(str(marker)) if isinstance(each, str) else each for each in arguments]
    path = saved(tmp_path / "one.ckpt", {"state_dict": {"a": Trap(call, *told)}}, **how)
    with pytest.raises(RunFault, match=r"one\.ckpt .*holds more than tensors and plain values, which is never loaded"):
        read_checkpoint(path)
    assert not marker.exists()


def test_a_tensor_that_claims_more_than_is_stored_is_refused(tmp_path):
    """A view of one number may have any shape, and to look at it takes all memory."""
    path = saved(tmp_path / "one.ckpt", {"state_dict": {"a": torch.zeros(1).expand(2**40)}})
    with pytest.raises(RunFault, match="larger than what is stored of it"):
        read_checkpoint(path)


def test_sparse_and_packed_files_are_refused(tmp_path):
    path = saved(tmp_path / "one.ckpt", {"state_dict": {"a": torch.eye(3).to_sparse()}})
    with pytest.raises(RunFault, match="never loaded"):
        read_checkpoint(path)
    path = rewritten(saved(tmp_path / "two.ckpt"), lambda content: content, zipfile.ZIP_DEFLATED)
    with pytest.raises(RunFault, match="packed entries"):
        read_checkpoint(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    weights = OrderedDict(a=torch.tensor([1.0, value]), b=torch.ones(2), c=torch.tensor(3))
    path = saved(tmp_path / "one.ckpt", {"state_dict": weights})
    with pytest.raises(RunFault, match=r"one\.ckpt holds weights that are not finite: a\. Put back"):
        read_checkpoint(path)
    refuse_not_finite(path, {"b": weights["b"], "c": weights["c"]})


@pytest.mark.parametrize("content", [
    {}, [1], {"state_dict": {}}, {"state_dict": [torch.ones(1)]}, {"state_dict": {"a": 1}}, {"state_dict": {1: 2}},
    {"state_dict": CONTENT["state_dict"], "symbols": "ab"}, {"state_dict": CONTENT["state_dict"], "symbols": [1]},
])  # fmt: skip
def test_what_is_no_checkpoint_of_a_run_is_said_so(tmp_path, content):
    with pytest.raises(RunFault, match=r"one\.ckpt is (no checkpoint of a run|damaged \(its symbols)"):
        read_checkpoint(saved(tmp_path / "one.ckpt", content))


def test_no_file_a_folder_and_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, why in ((tmp_path, "is not a regular file"), (tmp_path / "none", "cannot be read"),
                      (tmp_path / "pipe", "is not a regular file")):  # fmt: skip
        with pytest.raises(RunFault, match=why):
            read_checkpoint(path)


def test_a_pickle_alone_is_no_file_of_weights(tmp_path):
    (tmp_path / "one.ckpt").write_bytes(pickle.dumps({"state_dict": {"a": 1.0}}))
    with pytest.raises(RunFault, match=r"one\.ckpt"):
        read_checkpoint(tmp_path / "one.ckpt")
