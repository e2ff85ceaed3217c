"""The command line: one run, or with -m a sweep. `python -m benchmark.run --help` explains it.

Nothing here imports PyTorch until a run really starts, so that help, completion and skipping are quick.
"""

import ctypes
import os
import signal
import sys
from argparse import Namespace

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from benchmark.compose import CONFIG_NAME, Composer, config_source, register_plugins
from benchmark.faults import ConfigFault, RunFault
from benchmark.folder import RunFolder
from benchmark.launcher import PoolLauncher, composer_of
from benchmark.overrides import Overrides
from benchmark.pool import PARENT
from benchmark.program import ending, first_line, program, said, system_fault
from benchmark.sweeping import as_sweeps


@program
def main() -> int:
    """The entry point."""
    end_with_parent()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach the lines below instead of being printed and lost
    register_plugins(PoolLauncher)
    arguments = get_args_parser().parse_args()
    composer = Composer(arguments.config_dir)
    try:
        if not (arguments.help or arguments.hydra_help or arguments.shell_completion or arguments.info):
            typed = Overrides(composer, arguments.overrides, is_sweep(arguments))
            if not arguments.cfg:
                refuse_faults(typed)
            if typed.sweep:
                instead = as_sweeps(composer, typed)
                sys.argv = [instead.get(text, text) for text in sys.argv]
        hydra.main(version_base="1.3", config_path=config_source(), config_name=CONFIG_NAME)(task)()
    except KeyboardInterrupt:
        return said(128 + signal.SIGINT, ["interrupted; started again, it resumes"])
    return 0


def is_sweep(arguments: Namespace) -> bool:
    """Whether a sweep was asked for."""
    texts = (text.replace(" ", "").lower() for text in arguments.overrides)
    return arguments.multirun or "hydra.mode=multirun" in texts


def refuse_faults(typed: Overrides) -> None:
    """Raises ConfigFault with every fault of what was typed."""
    if faults := typed.faults():
        raise ConfigFault(faults)


def task(config: DictConfig) -> None:
    """What Hydra calls with each composed configuration."""
    settings = HydraConfig.get()
    try:
        experiment = str(settings.runtime.choices.get("experiment") or "")
        one(config, composer_of(OmegaConf.create({"hydra": settings})), experiment)
    except (ConfigFault, RunFault) as fault:
        if settings.mode == RunMode.MULTIRUN:
            raise  # another launcher than ours collects what its jobs raise
        sys.exit(said(*ending(fault)))


def one(config: DictConfig, composer: Composer, experiment: str) -> None:
    """One run, or the word that it is finished. Raises ConfigFault and RunFault."""
    address = composer.address(config)
    folder = RunFolder(address.folder)
    if folder.is_finished(address.config_hash):
        print(f"finished before, skipped: {address.folder}", flush=True)
        return
    from benchmark.planning import job_faults  # imports every part it checks, PyTorch with them

    if faults := job_faults({address.folder: config})[address.folder]:
        raise ConfigFault(faults)
    from benchmark.job import run_one

    try:
        run_one(config, composer.address(config, experiment))
    except (ConfigFault, RunFault):
        raise
    except Exception as error:
        told = system_fault(error) if isinstance(error, OSError) else f"{type(error).__name__}: {first_line(error)}"
        raise RunFault(f"{told} (the traceback is in {folder.log})") from error


def end_with_parent() -> None:
    """A job of a sweep ends with the sweep, even where the sweep is killed and can stop nobody."""
    parent = os.environ.pop(PARENT, None)
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
    if os.getppid() != int(parent):
        sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
