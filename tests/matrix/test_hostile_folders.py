"""A run's folder from a stranger is data: whatever stands in it, nothing of it is run, and one line says why."""

import builtins
import json
import os
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hostile_folders import captioning_run, with_toy
from omegaconf import OmegaConf

from benchmark.build import without_weight_files
from benchmark.common.errors import RunFault
from benchmark.results.run_folder import RunFolder
from benchmark.trained import trained


@pytest.fixture(scope="module")
def choices(tmp_path_factory):
    return with_toy(tmp_path_factory.mktemp("choices"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return captioning_run(tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture
def run(whole, tmp_path):
    shutil.copytree(whole.path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


@pytest.fixture
def marker(tmp_path):
    return tmp_path / "sprung"


class Trap:
    def __init__(self, call, *arguments):
        self._told = call, arguments

    def __reduce__(self):
        return self._told


def refused(run, choices, marker, file, word=None):
    """In one line that names the file, with nothing run."""
    before = {name for name in sys.modules if name.startswith("antigravity")}
    with pytest.raises(RunFault, match=word) as fault:
        trained(run, [], choices)
    assert str(file) in str(fault.value) and len(str(fault.value).splitlines()) == 1
    assert "\x1b" not in str(fault.value) and len(str(fault.value)) < 2000
    assert not marker.exists() and before == {name for name in sys.modules if name.startswith("antigravity")}


def planted(run, key, node):
    """A value of the saved configuration in the place of another."""
    config = OmegaConf.load(run.config)
    OmegaConf.update(config, key, node, force_add=True, merge=False)
    run.config.write_text(OmegaConf.to_yaml(config))


def touch(marker):
    return f"open({str(marker)!r}, 'w').close()"


def targets(marker):
    """Nodes that would touch the marker, by name."""
    folder = marker.parent
    return {
        "os.system": {"_target_": "os.system", "command": f"touch {marker}"},
        "posix.system": {"_target_": "posix.system", "command": f"touch {marker}"},
        "subprocess": {"_target_": "subprocess.Popen", "args": ["touch", str(marker)]},
        "eval": {"_target_": "builtins.eval", "_args_": [touch(marker)]},
        "exec": {"_target_": "builtins.exec", "_args_": [touch(marker)]},
        "open": {"_target_": "builtins.open", "file": str(marker), "mode": "w"},
        "touch": {"_target_": "pathlib.Path.touch", "_args_": [str(marker)]},
        "runpy": {"_target_": "runpy.run_path", "path_name": str(folder / "code.py")},
        "torch.load": {"_target_": "torch.load", "f": str(folder / "trap.pt"), "weights_only": False},
        "torch.hub": {"_target_": "torch.hub.load", "repo_or_dir": str(folder), "model": "go", "source": "local"},
        "numpy.load": {"_target_": "numpy.load", "file": str(folder / "trap.npy"), "allow_pickle": True},
        "joblib": {"_target_": "joblib.load", "filename": str(folder / "trap.pt")},
        "pickle": {"_target_": "pickle.loads", "data": "x"},
        "hydra": {"_target_": "hydra.utils.instantiate", "config": {"_target_": "os.system", "command": "x"}},
        "get_object": {"_target_": "hydra.utils.get_object", "path": "antigravity.fly"},
        "import": {"_target_": "importlib.import_module", "name": "antigravity"},
        "module of ours": {"_target_": "benchmark.results.run_folder.write_whole", "path": str(marker), "content": "x"},
        "private of ours": {"_target_": "benchmark.build.make", "node": {"_target_": "os.system", "command": "x"}},
        "through ours": {"_target_": "benchmark.training.start.start.torch.load", "f": str(folder / "trap.pt")},
        "lookalike": {"_target_": "benchmark.model.passes.single.f\u043erward"},
        "dots": {"_target_": "..os.system", "command": f"touch {marker}"},
        "a list": {"_target_": ["os.system"], "command": f"touch {marker}"},
        "a mapping": {"_target_": {"_target_": "os.system", "command": f"touch {marker}"}},
        "null": {"_target_": None, "command": "x"},
        "escapes": {"_target_": "os.\x1b[2Jsystem\x1b]0;owned\x07", "command": f"touch {marker}"},
        "no target": {"_args_": [1], "_partial_": True},
    }  # fmt: skip


NAMES = list(targets(Path("x/y")))


@pytest.fixture
def traps(marker):
    folder = marker.parent
    (folder / "code.py").write_text(touch(marker))
    (folder / "hubconf.py").write_text(f"def go():\n    {touch(marker)}\n")
    (folder / "trap.pt").write_bytes(pickle.dumps(Trap(os.system, f"touch {marker}")))
    np.save(folder / "trap.npy", np.array([Trap(os.system, f"touch {marker}")], dtype=object), allow_pickle=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_target_that_no_installed_choice_names(run, choices, marker, traps, name):
    node = targets(marker)[name]
    planted(run, "decoding", node)
    refused(run, choices, marker, run.config, "config.yaml")


@pytest.mark.parametrize("place", [
    "data", "data.jitter", "attention.mechanism.encoder", "attention.mechanism.alignment", "reading",
    "notes", "notes.of.mine", "start", "logger", "trainer.callbacks",
])  # fmt: skip
@pytest.mark.parametrize("inside", [lambda node: node, lambda node: [[node]], lambda node: {"a": [{"b": node}]}])
def test_wherever_it_hides(run, choices, marker, place, inside):
    planted(run, place, inside(targets(marker)["os.system"]))
    refused(run, choices, marker, run.config, "os.system is named by no installed choice")


@pytest.mark.parametrize("change", [
    {"_target_": "benchmark.model.decoding.beam.Beam", "width": 2, "_args_": [{"_target_": "os.system"}]},
    {"_target_": "benchmark.model.decoding.beam.Beam", "width": 2, "_recursive_": False},
    {"_target_": "benchmark.model.decoding.beam.Beam", "width": 2, "_convert_": "none"},
    {"_target_": "benchmark.model.decoding.beam.Beam", "width": 2, "_partial_": "yes"},
    {"_target_": "benchmark.model.decoding.beam.Beam", "width": 2, "_future_": 1},
    {"_target_": "benchmark.model.decoding.beam.Beam", "width": 2, "command": "x"},
    {"_target_": "benchmark.model.decoding.beam.Beam", "width": {"_target_": "benchmark.model.decoding.greedy.Greedy"}},
])  # fmt: skip
def test_an_installed_part_in_another_way(run, choices, marker, change):
    planted(run, "decoding", change)
    refused(run, choices, marker, run.config, "decoding: ")


ALIASES = "a: &a [x, x]\n" + "".join(
    f"{n}: &{n} [*{p}, *{p}]\n" for p, n in zip("abcdefghij", "bcdefghijk", strict=True)
)
TEXTS = {
    "aliases": (ALIASES, "alias or an anchor"),
    "merge keys": ("a: &a {b: 1}\nc:\n  <<: *a\n", "alias or an anchor"),
    "python/object": ("a: !!python/object/apply:os.system ['touch x']\n", "uses a tag"),
    "python/name": ("a: !!python/name:os.system\n", "uses a tag"),
    "a tag of its own": ("a: !mine {b: 1}\n", "uses a tag"),
    "binary": ("a: !!binary aGVsbG8=\n", "uses a tag"),
    "environment": ("a: ${oc.env:HOME}\n", "a reference"),
    "resolver": ("a: {b: ['${oc.decode:x}']}\n", "a reference"),
    "reference": ("a: 1\nb: ${a}\n", "a reference"),
    "in a key": ("'${oc.env:HOME}': 1\n", "config.yaml"),
    "missing": ("a: ???\n", "no value"),
    "digits": (f"a: {'9' * 400}\n", "400 digits"),
    "more digits": (f"a: {'9' * 5000}\n", "is damaged"),
    "deep lists": (f"a: {'[' * 5000}{']' * 5000}\n", "nested too deeply"),
    "deep mappings": ("".join(f"{' ' * n}a:\n" for n in range(200)) + " " * 200 + "b: 1\n", "nested too deeply"),
    "many": ("a: [" + "1, " * 30_000 + "1]\n", "more than 20,000 values"),
    "large": ("a: " + "x" * 2**21 + "\n", "bytes, at most"),
    "empty": ("", "no configuration"),
    "a list": ("- 1\n", "no mapping"),
    "text": ("hello", "damaged|no mapping|no configuration"),
    "two documents": ("a: 1\n---\nb: 2\n", "damaged"),
    "keys twice": ("a: 1\na: 2\n", "damaged"),
    "keys of numbers": ("a: {1: 2}\n", "a key that is no text"),
    "no utf-8": ("a: \udcff\n", "damaged"),
    "control characters": ("a: \x1b[2J\n", "damaged"),
    "a broken bracket": ("attention: [", "damaged"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_yaml_can_do_and_no_run_saves(run, choices, marker, name):
    text, word = TEXTS[name]
    run.config.write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(run, choices, marker, run.config, word)


@pytest.mark.parametrize("name", ["config", "task", "best"])
def test_a_link_out_of_the_folder_is_not_followed(run, whole, choices, marker, name):
    path = getattr(run, name)
    path.unlink()
    path.symlink_to(getattr(whole, name))
    refused(run, choices, marker, path, "is a link out of the run's folder")


@pytest.mark.parametrize("name", ["config", "task", "best"])
def test_what_is_no_file(run, choices, marker, name):
    path = getattr(run, name)
    path.unlink()
    os.mkfifo(path)
    refused(run, choices, marker, path.name, "missing")


@pytest.mark.parametrize("call, argument", [
    (os.system, "touch {}"), (builtins.eval, "open({!r}, 'w')"), (builtins.exec, "open({!r}, 'w')"),
])  # fmt: skip
def test_a_checkpoint_with_code_in_it(run, choices, marker, call, argument):
    content = {"state_dict": {"rnn.x": torch.ones(1)}, "callbacks": Trap(call, argument.format(str(marker)))}
    torch.save(content, run.best)
    refused(run, choices, marker, run.best, "which is never loaded")


def test_a_checkpoint_whose_words_are_another_run_s(run, choices, marker):
    content = torch.load(run.best, weights_only=True)
    torch.save({**content, "symbols": content["symbols"][::-1]}, run.best)
    refused(run, choices, marker, run.best, "in another order")
    torch.save(content, run.best)
    run.symbols.write_text(json.dumps(content["symbols"][::-1]))
    refused(run, choices, marker, run.symbols, "lists other symbols than")


TASKS = {
    "deep": "[" * 100_000, "a list": "[]", "empty": "", "digits": '{"a": ' + "9" * 400 + "}", "nothing": "{}",
    "no utf-8": "\udcff",
}  # fmt: skip


@pytest.mark.parametrize("name", TASKS)
def test_a_task_that_is_none(run, choices, marker, name):
    run.task.write_bytes(TASKS[name].encode("utf-8", "surrogateescape"))
    refused(run, choices, marker, run.task, "is damaged")


@pytest.mark.parametrize("change", [
    {"image_shape": [3, 10**9, 10**9]}, {"image_shape": [3, 32]}, {"image_shape": "3"}, {"max_steps": 10**12},
    {"max_steps": True}, {"end": 99}, {"end": "x"}, {"symbols": []}, {"symbols": [1]}, {"background": "x"},
    {"background": float("nan")}, {"origin": "elsewhere"}, {"box_names": [None]}, {"more": 1}, {"name": None},
    {"symbols": ["\x1b]0;owned\x07", *"abcde"]}, {"symbols": ["\x9b2J", *"abcde"]},
])  # fmt: skip
def test_a_task_that_cannot_be(run, choices, marker, change):
    run.task.write_text(json.dumps(json.loads(run.task.read_text()) | change))
    refused(run, choices, marker, run.task, "is damaged")


@pytest.mark.parametrize("key, value", [
    ("decoder.hidden_size", 10**12), ("attention.glimpses", 10**9), ("threads", 10**6), ("threads", "many"),
    ("attention.name", None), ("decoder", None), ("attention", "dram"), ("decoder.hidden_size", "wide"),
    ("decoder.hidden_size", -3), ("attention.mechanism.encoder.layers", [[10**5, 5, 2]] * 3),
    ("attention.glimpses", {}), ("decoder.hidden_size", float("nan")), ("data.name", ["toy"]),
])  # fmt: skip
def test_values_that_no_run_has_had(run, choices, marker, key, value):
    planted(run, key, value)
    if key == "data.name":  # which the toy takes, whatever it is
        assert trained(run, [], choices).spec.symbols
    else:
        refused(run, choices, marker, run.path)


def test_a_name_that_is_a_path_chooses_no_yaml_of_the_folder(run, choices, marker, tmp_path):
    (tmp_path / "evil.yaml").write_text("decoding:\n  _target_: os.system\n  command: x\n")
    planted(run, "attention.name", os.path.relpath(tmp_path / "evil", choices.loader.get_sources()[1].path))
    with pytest.raises(RunFault, match="of that run is no installed choice"):
        trained(run, ["decoding=beam"], choices)


@pytest.mark.parametrize("weights, left", [("DEFAULT", "later"), ("/etc/passwd", "later"), ("none", "none")])
def test_weights_from_elsewhere_are_neither_fetched_nor_read(weights, left):
    """Not even looked for: the checkpoint has them all."""
    body = {"_target_": "benchmark.model.encoder.torchvision.Torchvision", "weights": weights}
    config = OmegaConf.create({"attention": {"mechanism": {"encoder": {"body": body}}}, "encoder": {"body": body}})
    config = without_weight_files(config)
    assert config.attention.mechanism.encoder.body.weights == config.encoder.body.weights == left


def test_a_checkpoint_that_is_not_the_one_of_its_record(run, choices, marker):
    run.record.write_text(json.dumps({"sha256": {"checkpoints/best.ckpt": "0" * 64}}))
    refused(run, choices, marker, run.best, "does not match its checksum")
    run.record.write_text("[" * 100_000)
    refused(run, choices, marker, run.record, "nested too deeply")


def test_a_run_of_our_own_is_read(run, choices):
    assert trained(run, [], choices).rnn and trained(run, ["decoding=beam"], choices).rnn
