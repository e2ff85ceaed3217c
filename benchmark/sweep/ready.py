"""The launcher of a program that waits for its runs."""

from typing import Any

from omegaconf import DictConfig, OmegaConf

from benchmark.common.errors import ConfigFault
from benchmark.config.check import argument_faults, find
from benchmark.sweep.base import SweepLauncher
from benchmark.sweep.dry_run import launcher_of


def ready(config: DictConfig, who: str) -> SweepLauncher:
    """The launcher that is configured. who: the program, for messages: "a search". Raises ConfigFault for a launcher
    that cannot be waited for, and its knobs' faults.
    """
    knobs: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    target = find(str(knobs["_target_"]))
    if not issubclass(target, SweepLauncher):
        usable = "a launcher of this package, such as pool or slurm"
        raise ConfigFault([f"hydra/launcher: {who} needs {usable}, and not {target.__name__}"])
    faults = [f"{knob}: {message}" for knob, message in argument_faults("hydra.launcher", knobs, target)]
    if knobs.get("detach"):
        faults.append(f"hydra.launcher.detach=true: {who} waits for its runs, since their results are what it uses")
    if faults:
        raise ConfigFault(faults)
    launcher = launcher_of(config)
    assert launcher is not None
    launcher.setup(hydra_context=None, task_function=None, config=config)  # type: ignore[arg-type]
    return launcher
