"""The command line of the dashboard: python -m benchmark.dashboard runs/<study> [entity/project]."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.common.errors import ConfigFault
from benchmark.dashboard.target import UNKNOWN, Target
from benchmark.process.program import program
from benchmark.results.run_folder import explained
from benchmark.results.wandb_sync import sync_line


def parser() -> argparse.ArgumentParser:
    """The command line's arguments."""
    made = argparse.ArgumentParser(
        prog="python -m benchmark.dashboard",
        description="Make, or update, the workspace of a study in Weights & Biases: mechanism by task with intervals, "
        "learning curves, cost against quality, pictures, knobs, failures, published numbers. The numbers are those of "
        "python -m benchmark.report, from the folders of the runs. Needs wandb-workspaces, and but for --dry-run an "
        "account.",
        epilog="Exit code: 0 sent, 1 not sent, 2 wrong input. "
        "Example: python -m benchmark.dashboard runs/compare my-team/attention-benchmark",
    )
    made.add_argument("study", type=Path, help="folder of the study, runs/<study>")
    made.add_argument(
        "target", nargs="?", metavar="ENTITY/PROJECT", help="where in W&B (default: where the runs of the study are)"
    )
    made.add_argument("--dry-run", type=Path, metavar="FILE", help="write what would be sent as JSON, and send nothing")
    return made


@program
def main(arguments: Sequence[str] | None = None) -> int:
    """Make a dashboard. Exit code: 0 sent, 1 not sent, 2 wrong input."""
    given = parser().parse_args(arguments)
    target = Target.parse(given.target) if given.target else None
    from benchmark.dashboard.document import Document  # --help needs no wandb-workspaces, and no second
    from benchmark.dashboard.memory import DashboardFolder
    from benchmark.dashboard.study import read_contents, wandb_folders

    study = read_contents(given.study)
    if target is None and study.project is None:
        raise ConfigFault([f"no run of {given.study} was logged to W&B (logger=wandb): name the place, entity/project"])
    target = target or Target(study.entity, str(study.project))
    folder = DashboardFolder(given.study)
    for fault in study.faults:
        note(fault)
    if given.dry_run:
        document = Document.of(study, Target(target.entity or UNKNOWN, target.project), folder.planned_key())
        with explained(given.dry_run):
            given.dry_run.write_text(document.as_json(), encoding="utf-8")
        print(f"written, not sent: {given.dry_run}")
        return 0
    from benchmark.dashboard.send import Connection

    connection = Connection()
    document = Document.of(study, connection.full(target), folder.key())
    print(f"dashboard: {connection.send(document, folder, note)}")
    if missing := sum(not folder.is_dir() for folder in wandb_folders(given.study)):
        note(f"{missing} runs were not logged to W&B (logger=wandb): curves, pictures and knobs are without them")
    if waiting := sync_line([given.study]):
        note(f"runs were {waiting}")
    return 0


def note(message: str) -> None:
    print(f"note: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
