"""The files and functions that one training step of `dram` crosses, in order of first call, and the shapes on its way.

    python scripts/trace_step.py            # prints the lists of docs/one_step.md
    python scripts/trace_step.py --write    # puts them into the page
    python scripts/trace_step.py --json     # the same with all files and shapes, for the test of the page

The command that the page begins with is carried out here, up to the gradient of its first step. It gets one batch to
train on and small splits to evaluate on; neither changes a shape of the step. Counted are functions with a name, and
methods, in `benchmark` and `datamodules`.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from contextlib import suppress
from inspect import CO_OPTIMIZED
from pathlib import Path
from textwrap import fill
from types import FrameType
from typing import Any, NamedTuple

from benchmark.process.program import program

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PAGE = ROOT / "docs/one_step.md"
OURS = (str(ROOT / "benchmark"), str(ROOT / "datamodules"))
COMMAND = ["attention=dram"]
SHORT = [
    "trainer.max_epochs=1", "trainer.limit_train_batches=1", "trainer.accelerator=cpu", "data.validation_images=4",
    "data.test_images=4", "progress=false",
]  # fmt: skip
BATCH, LOSS, GRADIENT = (
    "BaseData.transfer_batch_to_device", "AttentionModule.training_step", "AttentionModule.configure_gradient_clipping",
)  # fmt: skip
"""The functions that make the batch, compute the loss, and come after the backward pass."""
STEP = {"batch": "The batch", "loss": "The loss", "gradient": "After the backward pass"}


class Call(NamedTuple):
    """A call of one of our functions. part: "command" or a key of STEP. depth: how many of ours are being called."""

    file: str
    function: str
    part: str
    depth: int


class GradientReached(BaseException):
    """Ends the run: what comes after the first gradient is not traced."""


class Tracer:
    """A profile function: collects calls, and from the batch on the shapes of tensors, by name of variable."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.shapes: dict[str, set[tuple[int, ...]]] = {}
        self.part, self.depth = "command", 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event not in ("call", "return") or not code.co_filename.startswith(OURS):
            return
        if code.co_name.startswith("<") or not code.co_flags & CO_OPTIMIZED:  # a lambda, or the body of a class
            return
        if event == "call":
            self._enter(code.co_filename, code.co_qualname)
        else:
            self._leave(code.co_qualname, frame.f_locals)

    def _enter(self, file: str, function: str) -> None:
        if function == BATCH and self.part == "command":
            self.part, self.depth = "batch", 0
        elif function == LOSS:
            self.part, self.depth = "loss", 0
        self.depth += 1
        self.calls.append(Call(Path(file).relative_to(ROOT).as_posix(), function, self.part, self.depth))

    def _leave(self, function: str, values: dict[str, Any]) -> None:
        self.depth -= 1
        if self.part != "command":
            for name, value in values.items():
                if hasattr(value, "shape"):
                    self.shapes.setdefault(name, set()).add(tuple(value.shape))
        if function == LOSS:
            self.part, self.depth = "gradient", 0
        if function == GRADIENT:
            raise GradientReached


def traced() -> Tracer:
    """Of the command, run in a folder that is thrown away."""
    import benchmark.job
    import benchmark.sweep.planning  # noqa: F401  # imported beforehand, which is quicker than under a trace
    from benchmark.run import main

    tracer = Tracer()
    with tempfile.TemporaryDirectory() as folder, suppress(GradientReached):
        os.chdir(folder)
        sys.argv = ["benchmark.run", *COMMAND, *SHORT]
        sys.setprofile(tracer)  # ends when GradientReached is raised from it
        sys.exit(main())
    os.chdir(ROOT)
    return tracer


def by_file(calls: list[Call]) -> dict[str, list[str]]:
    """The functions of each file, both in order of first call."""
    found: dict[str, list[str]] = {}
    for call in calls:
        functions = found.setdefault(call.file, [])
        if call.function not in functions:
            functions.append(call.function)
    return found


def counted(what: str, calls: list[Call]) -> str:
    functions = {(call.file, call.function) for call in calls}
    return f"| {what} | {len(by_file(calls))} | {len(functions)} |"


def listing(calls: list[Call]) -> str:
    """A numbered list of files with their functions."""
    lines = []
    for number, (file, functions) in enumerate(by_file(calls).items(), 1):
        text = f"{number}. `{file}`: {', '.join(f'`{name}`' for name in functions)}"
        lines.append(fill(text, 120, subsequent_indent="   ", break_long_words=False, break_on_hyphens=False))
    return "\n".join(lines)


def blocks(calls: list[Call]) -> dict[str, str]:
    """What stands in the page between `<!-- name -->` and `<!-- end -->`."""
    of = {part: [call for call in calls if call.part == part] for part in ("command", *STEP)}
    deepest = max(call.depth for call in of["loss"])
    rows = [
        "| traced | files | functions |",
        "|---|---:|---:|",
        counted(f"`training_step` alone ({deepest} calls deep)", of["loss"]),
        counted("the step: its batch, its loss, its gradient", [call for part in STEP for call in of[part]]),
        counted("the command line, up to the step", of["command"]),
        counted("both", calls),
    ]
    parts = [f"**{title}.**\n\n{listing(of[part])}" for part, title in STEP.items()]
    return {"numbers": "\n".join(rows), "step": "\n\n".join(parts), "command": listing(of["command"])}


def written(page: str, made: dict[str, str]) -> str:
    """The page with its blocks replaced."""
    for name, text in made.items():
        page, count = re.subn(
            rf"(<!-- {name} -->\n\n).*?(\n\n<!-- end -->)", rf"\g<1>{text}\g<2>", page, flags=re.DOTALL
        )
        assert count == 1, f"{PAGE} has no block {name}"
    return page


@program
def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Trace one training step of dram, from the command line on.")
    parser.add_argument("--write", action="store_true", help="put the lists and numbers into docs/one_step.md")
    parser.add_argument("--json", action="store_true", help="print what was traced as JSON")
    options = parser.parse_args()
    found = traced()
    made = blocks(found.calls)
    if options.json:
        shapes = {name: sorted(shapes) for name, shapes in found.shapes.items()}
        print(json.dumps({"blocks": made, "files": list(by_file(found.calls)), "shapes": shapes}))
    elif options.write:
        PAGE.write_text(written(PAGE.read_text(), made))
    else:
        print("\n\n".join(made.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
