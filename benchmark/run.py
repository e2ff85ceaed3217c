"""The command line: one run, or with -m a sweep. `python -m benchmark.run --help` explains it.

Nothing here imports PyTorch until a run really starts, so that help, completion and skipping are quick.
"""

import ctypes
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from benchmark.common.blame import described, packages_of
from benchmark.common.errors import BusyFault, ConfigFault, RunFault
from benchmark.common.moved import renamed
from benchmark.config.compose import CONFIG_NAME, Composer, config_source, plain, register_plugins
from benchmark.config.hydra_internals import command_line
from benchmark.config.overrides import Overrides
from benchmark.config.typed import as_text
from benchmark.process.program import ending, program, report_error, system_fault
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.same_data import KnownData
from benchmark.stored import StoredRuns
from benchmark.sweep.launcher import PoolLauncher, composer_of
from benchmark.sweep.overrides import as_sweeps
from benchmark.sweep.pool import PARENT
from benchmark.training.rehearsal import rehearsed


@program
def main() -> int:
    """The entry point."""
    end_with_parent()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors reach the lines below instead of being printed and lost
    register_plugins(PoolLauncher)
    arguments = command_line()
    composer = Composer(arguments.config_dir)
    try:
        if not (arguments.help or arguments.hydra_help or arguments.shell_completion or arguments.info):
            named = tell_instead(renamed(arguments.overrides), arguments.overrides)
            texts = tell_instead(as_text(composer, named, is_sweep(arguments)), named)
            typed = Overrides(composer, texts, is_sweep(arguments))
            refuse(typed.name_faults() if arguments.cfg else typed.faults())
            if typed.sweep:
                tell_instead(as_sweeps(composer, typed), texts)
                if typed.jobs > 1 and not arguments.cfg:
                    print(f"checking {typed.jobs} jobs", flush=True)  # each is composed: a second or so
        hydra.main(version_base="1.3", config_path=config_source(), config_name=CONFIG_NAME)(task)()
    except KeyboardInterrupt:
        return report_error(128 + signal.SIGINT, ["interrupted; started again, it resumes"])
    return 0


def is_sweep(arguments: Namespace) -> bool:
    """Whether a sweep was asked for."""
    texts = (text.replace(" ", "").lower() for text in arguments.overrides)
    return arguments.multirun or "hydra.mode=multirun" in texts


def tell_instead(instead: Mapping[str, str], texts: Sequence[str]) -> list[str]:
    """Has Hydra told some overrides differently from how they were typed; all of them, as they are then."""
    sys.argv = [sys.argv[0], *(instead.get(text, text) for text in sys.argv[1:])]
    return [instead.get(text, text) for text in texts]


def refuse(faults: list[str]) -> None:
    """Raises ConfigFault where there are any."""
    if faults:
        raise ConfigFault(faults)


def task(config: DictConfig) -> float | None:
    """What Hydra calls with each composed configuration; the validation headline, for sweepers that search."""
    settings = HydraConfig.get()
    try:
        experiment = str(settings.runtime.choices.get("experiment") or "")
        composer = composer_of(OmegaConf.create({"hydra": settings}))
        return one(composer.as_job(config, settings), composer, experiment)
    except (ConfigFault, RunFault, BusyFault) as fault:
        if settings.mode == RunMode.MULTIRUN:
            raise  # another launcher than ours collects what its jobs raise
        sys.exit(report_error(*ending(fault)))


def one(config: DictConfig, composer: Composer, experiment: str) -> float | None:
    """One run, or the word that it is finished; the headline of its best weights on the validation split, None of a
    rehearsal. Raises ConfigFault and RunFault.
    """
    address = StoredRuns().address(composer.address(config), config)
    folder = RunFolder(address.folder)
    if folder.is_finished(address.config_hash):
        made = read_json(folder.record).get("fingerprints", {})
        untold = KnownData().refuse_others(config, made, f"{folder.path} holds a finished run")
        print(f"finished before, skipped: {address.folder}{untold and f' ({untold})'}", flush=True)
        return validated(folder)
    from benchmark.sweep.planning import job_faults  # imports every part it checks, PyTorch with them

    if faults := job_faults({address.folder: config})[address.folder]:
        raise ConfigFault(faults)
    from benchmark.job import run_one

    batches = int(config.trainer.get("fast_dev_run") or 0)
    beyond = composer.address(config, experiment).beyond if experiment else address.beyond
    with rehearsed(address._replace(experiment=experiment, beyond=beyond), batches) as place:
        try:
            run_one(config, place)
        except (ConfigFault, RunFault, BusyFault):
            raise
        except Exception as error:
            told = system_fault(error) if isinstance(error, OSError) else described(error, packages_of(plain(config)))
            raise RunFault(f"{told} (the traceback is in {RunFolder(place.folder).log})") from error
    return validated(folder)


def validated(folder: RunFolder) -> float | None:
    """The headline that chose a finished run's weights; None where there is no record."""
    record = read_json(folder.record)
    found: float | None = record["validation"][record["measure"]["key"]] if record else None
    return found


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
