"""The main command: one run, or a sweep with -m. See `python -m benchmark.run --help`.

PyTorch is imported only when a run starts, so that --help, completion and skipping of finished runs are quick.
"""

import os
import shlex
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
from benchmark.config.command_line import DRY_RUN, taken_out
from benchmark.config.compose import CONFIG_NAME, Composer, config_source, plain, register_plugins
from benchmark.config.hydra_internals import command_line, leave_checks_to, save_where_possible
from benchmark.config.overrides import Overrides
from benchmark.config.told import told
from benchmark.config.typed import as_text
from benchmark.process.parent import end_with_parent
from benchmark.process.program import ending, program, report_error, system_fault
from benchmark.process.ranks import given_ranks
from benchmark.results.primary_metric import on_validation
from benchmark.results.run_folder import RunFolder, read_json
from benchmark.results.wandb_sync import sync_line
from benchmark.same_data import KnownData
from benchmark.same_start import refuse_other_start
from benchmark.stored import StoredRuns
from benchmark.sweep.base import SweepLauncher, composer_of
from benchmark.sweep.dry_run import dry_run
from benchmark.sweep.job_checks import faults_of_one, job_checks
from benchmark.sweep.overrides import as_sweeps
from benchmark.training.rehearsal import rehearsed


@program
def main() -> int:
    """The entry point."""
    end_with_parent()
    dry = taken_out(DRY_RUN)
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra raises errors instead of printing them
    register_plugins()
    leave_checks_to(SweepLauncher)
    save_where_possible()
    arguments = command_line()
    if dry and is_sweep(arguments):
        job_checks().prepare()
    composer = Composer(arguments.config_dir)
    try:
        if not (arguments.help or arguments.hydra_help or arguments.shell_completion or arguments.info):
            named = replace_arguments(renamed(arguments.overrides), arguments.overrides)
            texts = replace_arguments(as_text(composer, named, is_sweep(arguments)), named)
            typed = Overrides(composer, texts, is_sweep(arguments))
            wrong = (one_configuration(typed) if arguments.cfg else []) or typed.faults()
            refuse(wrong or typed.unread_faults())
            if typed.sweep:
                texts = replace_arguments(as_sweeps(composer, typed), texts)
                if typed.jobs > 1:
                    print(f"checking {typed.jobs} jobs", flush=True)
            if dry and not arguments.cfg:
                return dry_run(Composer(arguments.config_dir, typed.search), texts, typed.sweep)
        hydra.main(version_base="1.3", config_path=config_source(), config_name=CONFIG_NAME)(task)()
    except KeyboardInterrupt:
        return report_error(128 + signal.SIGINT, ["interrupted; started again, it resumes"])
    return 0


def one_configuration(typed: Overrides) -> list[str]:
    """The fault of --cfg with a sweep, with the command for its first job; none for one run."""
    if not typed.sweep:
        return []
    first = shlex.join(["python", "-m", "benchmark.run", *typed.first_job, "--cfg", "job"])
    return [f"--cfg shows the configuration of one run, and -m starts several. That of the first job: {first}"]


def is_sweep(arguments: Namespace) -> bool:
    """Whether the command line requests a sweep."""
    texts = (text.replace(" ", "").lower() for text in arguments.overrides)
    return arguments.multirun or "hydra.mode=multirun" in texts


def replace_arguments(instead: Mapping[str, str], texts: Sequence[str]) -> list[str]:
    """Replaces overrides in sys.argv, which Hydra reads; returns all overrides after that."""
    sys.argv = [sys.argv[0], *(instead.get(text, text) for text in sys.argv[1:])]
    return [instead.get(text, text) for text in texts]


def refuse(faults: list[str]) -> None:
    """Raises ConfigFault if there are any."""
    if faults:
        raise ConfigFault(faults)


def task(config: DictConfig) -> float | None:
    """The task function of hydra.main. Returns the primary metric on validation, for sweepers that optimise."""
    settings = HydraConfig.get()
    try:
        experiment = str(settings.runtime.choices.get("experiment") or "")
        composer = composer_of(OmegaConf.create({"hydra": settings}))
        return one(composer.as_job(config, settings), composer, experiment)
    except (ConfigFault, RunFault, BusyFault) as fault:
        if settings.mode == RunMode.MULTIRUN:
            raise  # other launchers collect what their jobs raise
        sys.exit(report_error(*ending(fault)))


def one(config: DictConfig, composer: Composer, experiment: str) -> float | None:
    """Executes one run, or prints that it is finished. Returns the primary metric of its best checkpoint on the
    validation split; None for a fast_dev_run. Raises ConfigFault, RunFault and BusyFault.
    """
    address = StoredRuns().address(composer.address(config), config)
    folder = RunFolder(address.folder)
    if folder.is_finished(address.config_hash):
        record, what = read_json(folder.record), f"{folder.path} holds a finished run"
        refuse_other_start(config, record.get("weights", ()), what)
        reason = KnownData().refuse_others(config, record.get("fingerprints", {}), what)
        print(f"finished before, skipped: {address.folder}{reason and f' ({reason})'}", flush=True)
        return on_validation(record)
    refuse(faults_of_one(address.folder, config))
    from benchmark.companions import refuse_other_numbers

    refuse_other_numbers(config.trainer.devices, ranks := given_ranks(os.environ))
    if ranks.rank > 0:
        from benchmark.fitting import assist

        assist(config, folder.path)
        return None
    from benchmark.job import run_one

    batches = int(config.trainer.get("fast_dev_run") or 0)
    beyond = composer.address(config, experiment).beyond if experiment else address.beyond
    named = address._replace(experiment=experiment, beyond=beyond, told=told(composer, config, experiment))
    with rehearsed(named, batches) as place:
        try:
            run_one(config, place)
        except (ConfigFault, RunFault, BusyFault):
            raise
        except Exception as error:
            message = (
                system_fault(error) if isinstance(error, OSError) else described(error, packages_of(plain(config)))
            )
            log = RunFolder(place.folder).log
            raise RunFault(f"{message} (the traceback is in {log})" if log.is_file() else message) from error
        if config.progress and (line := sync_line([place.folder])):
            print(line, flush=True)
    return on_validation(read_json(folder.record))


if __name__ == "__main__":
    sys.exit(main())
