"""Do the oldest versions that pyproject.toml allows still work? Once per release: python scripts/check_minima.py.

Makes an environment in a temporary folder with exactly those versions and this checkout's wheel, then runs in it a
tiny sweep of two mechanisms, a run that is logged to Weights & Biases offline, and the report over both. Takes minutes
and fetches packages from the index that pip is set up with; PyTorch from PyPI brings gigabytes of CUDA on Linux:
--torch names another version, one of a CPU index for example. Exit code 1 where a step fails; its output is shown.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from benchmark.common.errors import RunFault
from benchmark.process.program import program

ROOT = Path(__file__).resolve().parent.parent
TINY = (
    "data=digit_pairs", "data.batch_size=4", "data.validation_images=20", "data.test_images=20",
    "data.evaluation_batch_size=10", "trainer.max_epochs=1", "trainer.limit_train_batches=2", "trainer.accelerator=cpu",
    "decoder.hidden_size=8", "evaluation.samples=2", "evaluation.repeats=1", "evaluation.sides=[60]", "study=minima",
)  # fmt: skip
PLACES = ("TMPDIR", "HOME", "PATH", "LANG")
"""What of the surroundings the environment sees, with what configures pip; no PYTHONPATH, which would bring others."""


def minima(dependencies: Sequence[str]) -> list[str]:
    """The oldest version that each requirement allows: "torch>=2.6" gives "torch==2.6". Raises RunFault."""
    found = [re.fullmatch(r"([A-Za-z0-9_.-]+)>=([0-9.]+)(,<[0-9.]+)?", each.replace(" ", "")) for each in dependencies]
    if lacking := [each for each, match in zip(dependencies, found, strict=True) if match is None]:
        raise RunFault(f"pyproject.toml: no oldest version in {', '.join(lacking)}; write NAME>=VERSION.")
    return [f"{match[1]}=={match[2]}" for match in found if match]


def step(what: str, command: Sequence[str | Path], folder: Path) -> None:
    """Runs a command in a folder. Raises RunFault with its last lines where it fails."""
    print(f"{what} ...", flush=True)
    kept = {key: value for key, value in os.environ.items() if key in PLACES or key.startswith(("PIP_", "SSL_"))}
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=kept | {"OMP_NUM_THREADS": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        raise RunFault("\n".join([f"{what}: exit code {done.returncode}", *done.stdout.splitlines()[-40:]]))


def check(wanted: Sequence[str], folder: Path) -> None:
    """Installs the wheel beside these versions into an environment of its own, and uses it. Raises RunFault."""
    python = folder / "env/bin/python"
    step("making an environment", [sys.executable, "-m", "venv", folder / "env"], folder)
    step("installing the oldest versions", [python, "-m", "pip", "install", "--quiet", *wanted], folder)
    step("installing the wheel", [python, "-m", "pip", "install", "--quiet", ROOT, *wanted], folder)
    run: list[str | Path] = [python, "-m", "benchmark.run"]
    step("a sweep", [*run, "-m", "attention=item_soft,dram", "seed=0", *TINY], folder)
    step("a run with W&B offline", [*run, "attention=ram", "logger=wandb", "logger.wandb.mode=offline", *TINY], folder)
    step("the report", [folder / "env/bin/attention-report", "runs/minima"], folder)
    for made in ("runs/minima/report/index.html", "runs/minima/ram"):
        if not (folder / made).exists():
            raise RunFault(f"{made} was not made")


@program
def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", metavar="VERSION", help="of PyTorch, in place of the oldest one")
    parser.add_argument("--except", dest="spared", default=[], nargs="+", metavar="NAME", help="packages left open")
    choice = parser.parse_args()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [each for each in minima(project["dependencies"]) if each.partition("==")[0] not in choice.spared]
    if choice.torch:
        wanted = [f"torch=={choice.torch}" if each.startswith("torch==") else each for each in wanted]
    with tempfile.TemporaryDirectory() as folder:
        check(wanted, Path(folder))
    print(f"works with {', '.join(wanted)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
