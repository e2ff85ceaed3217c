"""The group `debug`: short runs, each of an identity and, by default, in a study of its own."""

import pytest
import torch
from omegaconf import OmegaConf
from run_helpers import ROOT, TINY, composer

from benchmark.config.check import config_faults
from benchmark.config.compose import plain, written
from benchmark.job import run_one
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.training.callbacks.heartbeat import Heartbeat
from benchmark.training.module import AttentionModule

COMPOSER = composer()
CHOICES = sorted(path.stem for path in (ROOT / "conf" / "debug").glob("*.yaml"))
SHORT = [name for name in CHOICES if name != "none"]


def address(*texts):
    return COMPOSER.address(COMPOSER.job(["attention=dram", *texts]))


def test_none_is_what_a_run_is_without_it():
    assert address("debug=none") == address()
    assert address().study == "default" and address().setting == "" and not address().differs


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("texts", [[], ["experiment=pairs_small"], ["data=coco_sample", "attention=item_soft"]])
def test_a_short_run_is_never_taken_for_another(name, texts):
    config = COMPOSER.job(["attention=dram", *texts, f"debug={name}"])
    assert config_faults(plain(config), written(config)) == []
    short, usual = address(*texts, f"debug={name}"), address(*texts)
    assert short.study == "debug" != usual.study and short.config_hash != usual.config_hash
    assert short.setting and "debug" not in short.differs and set(short.differs) - set(usual.differs)
    assert address(*texts, f"debug={name}", "study=mine").study == "mine"


def test_each_short_run_is_another():
    assert len({address(f"debug={name}").config_hash for name in CHOICES}) == len(CHOICES)


@pytest.mark.parametrize("name", ["fast_run", "profile"])
def test_a_short_run_runs(name, tmp_path):
    kept = [text for text in TINY if text.split("=")[0] not in OmegaConf.load(ROOT / f"conf/debug/{name}.yaml")]
    kept = [text for text in kept if not text.startswith(("trainer.max", "trainer.limit", "evaluation", "log_every"))]
    config = COMPOSER.job(["attention=none", *kept, f"debug={name}", f"runs={tmp_path}"])
    place = COMPOSER.address(config)
    run_one(config, place)
    record = read_json(RunFolder(place.folder).record)
    assert record["study"] == "debug" and record["cost"]["epochs"] == 1
    assert record["cost"]["steps"] == config.trainer.limit_train_batches
    assert (place.folder / "fit-profile.txt").exists() == (name == "profile")


def test_the_batches_of_every_epoch_are_those_of_the_first(tmp_path, monkeypatch):
    """In a resumed run too."""
    seen, step = [], AttentionModule.training_step

    def noted(module, batch, number):
        seen.append(batch.image.clone())
        return step(module, batch, number)

    def pulled(_self, trainer, _module):
        if trainer.current_epoch == 2:
            raise KeyError("the plug")

    monkeypatch.setattr(AttentionModule, "training_step", noted)
    config = COMPOSER.job(["attention=none", *TINY, "debug=overfit", "trainer.max_epochs=4", f"runs={tmp_path}"])
    with monkeypatch.context() as patch:
        patch.setattr(Heartbeat, "on_train_epoch_start", pulled, raising=False)
        with pytest.raises(KeyError):
            run_one(config, COMPOSER.address(config))
    assert len(seen) == 4
    run_one(config, COMPOSER.address(config))
    assert len(seen) == 8 and not torch.equal(seen[0], seen[1])
    assert all(torch.equal(image, seen[number % 2]) for number, image in enumerate(seen))
