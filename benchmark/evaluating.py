"""Evaluates a stored run again, into a record of its own beside the run's: <run>/evaluations/<name>/record.json."""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from benchmark.common.errors import ConfigFault, RunFault
from benchmark.common.listing import listing, sha256_of
from benchmark.common.paths import at_home
from benchmark.config.compose import Composer
from benchmark.results.checksums import is_intact, sealed
from benchmark.results.primary_metric import Headline
from benchmark.results.record import git_state, versions
from benchmark.results.run_folder import RunFolder, explained, now, read_json, write_json
from benchmark.results.run_id import digest
from benchmark.retested import SAMPLES, Retest, retest, retested
from benchmark.trained import SavedRun, saved_run

FORMAT = 1
"""The entry `evaluation` of a record; a run's record has none, and the entry `format` instead."""
SAME = "same"
"""The name of an evaluation in which nothing differs from the run's own."""
MOST = 80
"""Most characters of a name that is made of what differs."""
NAME = re.compile(r"\w[\w.+=-]*")


class EvaluateArguments(NamedTuple):
    """The arguments of the command. data, decoding: overrides of these groups. samples: None for the run's own. out:
    the name of the evaluation, "" for one that is made of what differs. again: whether to repeat a finished one.
    """

    run: RunFolder
    data: list[str]
    decoding: list[str]
    samples: int | None
    out: str
    again: bool


def parse_arguments(arguments: Sequence[str]) -> EvaluateArguments:
    """Parses the command line. Raises ConfigFault with all faults."""
    known: dict[str, str] = {"run": "", "out": "", "again": "false", SAMPLES: ""}
    chosen: dict[str, list[str]] = {"data": [], "decoding": []}
    faults = []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if equals and key in known:
            known[key] = value
        elif equals and (group := key.lstrip("+").split(".")[0]) in chosen:
            chosen[group].append(argument)
        else:
            faults.append(f"{argument}: is none of run=FOLDER data=NAME data.KNOB=VALUE decoding=NAME "
                          f"decoding.KNOB=VALUE {SAMPLES}=N out=NAME again=true")  # fmt: skip
    if not known["run"]:
        faults.append("run: has to be given: run=FOLDER")
    samples = known[SAMPLES]
    if samples and not (samples.isascii() and samples.isdigit() and len(samples) < 7 and int(samples)):
        faults.append(f"{SAMPLES}={samples}: has to be a whole number of at least 1")
    if faults := faults + place_faults(known["out"], known["again"]):
        raise ConfigFault(faults)
    run, again = RunFolder(Path(at_home(known["run"]))), known["again"].lower() == "true"
    return EvaluateArguments(run, chosen["data"], chosen["decoding"], int(samples) if samples else None, known["out"],
                             again)  # fmt: skip


def place_faults(out: str, again: str) -> list[str]:
    """Faults of where a command writes beside a run, and whether again. out: "" for a name that is made."""
    faults = [] if again.lower() in ("true", "false") else [f"again={again}: has to be true or false"]
    if out and not NAME.fullmatch(out):
        faults.append(f"out={out}: cannot be the name of a folder; letters, digits and . _ - + = can be in it")
    return faults


def evaluate(choice: EvaluateArguments, composer: Composer) -> None:
    """Evaluates the run's best checkpoint and prints the primary metric, or that it was done before.

    Raises ConfigFault, RunFault and DataFault. What the run itself has left is only read.
    """
    best = choice.run.best
    before = listing(best, ())
    saved = saved_run(choice.run, composer)
    what = retest(saved, choice.data, choice.decoding, choice.samples, composer)
    place = choice.run.evaluations / (choice.out or name_of(what.differs))
    asked = {"differs": what.differs, "checkpoint": sha256_of(best)}
    if listing(best, ()) != before:
        raise RunFault(f"{best} changed while it was read: the run is still training. Start this again")
    if not choice.again and _is_finished(place, asked):
        print(f"finished before, skipped: {place}", flush=True)
        return
    started = now()
    with replaced(choice.run.evaluations, place) as folder:
        result = retested(saved, what, folder)
        record = {
            **_head(saved, what, asked),
            "origin": result.spec.origin,
            "image_shape": list(result.spec.image_shape),
            "fingerprints": result.fingerprints,
            "hardware": result.hardware,
            "started": started,
            "finished": now(),
            "measure": result.headline._asdict(),
            "test": result.found.test,
            "localisation": result.found.localisation,
        }
        write_json(folder.record, sealed(record, folder.path, folder.sealed))
    _report(result.headline, record["test"], read_json(choice.run.record), place)


def name_of(differs: Mapping[str, Any]) -> str:
    """The name of an evaluation, made of what differs from the run: data=mnist_cluttered-clutter=8-samples=20."""
    if not differs:
        return SAME
    parts = [f"{key.partition('.')[2] or key}={_written(value)}" for key, value in differs.items()]
    text = "-".join(parts)
    name = re.sub(r"[^\w.+=-]+", "_", text)[:MOST]
    return name if name == text else f"{name}-{digest(dict(differs))[:8]}"


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_finished(place: Path, asked: Mapping[str, Any]) -> bool:
    """Whether this evaluation has a record. Raises RunFault where the record is of another one, or damaged."""
    path = RunFolder(place).record
    if not path.exists():
        return False
    record = read_json(path)
    cure = "again=true replaces it, out=NAME gives this one another name"
    if record.get("evaluation") != FORMAT or not is_intact(record):
        raise RunFault(f"{path} is damaged, or no evaluation's. {cure}")
    if record.get("checkpoint") != asked["checkpoint"]:
        raise RunFault(f"{place} is an evaluation of other weights: the run was trained further since. {cure}")
    if record.get("differs") != json.loads(json.dumps(asked["differs"])):
        raise RunFault(f"{place} holds another evaluation ({name_of(record.get('differs') or {})}). {cure}")
    return True


@contextmanager
def replaced(parent: Path, place: Path) -> Iterator[RunFolder]:
    """A new folder, which takes the place of an earlier one when all is written. Nothing that lies there is written to:
    in a stranger's folder it may be a link. parent: the folder of the place. Raises RunFault for links.
    """
    for path in (parent, place):
        if path.is_symlink():
            raise RunFault(f"{path} is a link, which is not followed. Delete it")
    with explained(parent):
        parent.mkdir(exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=parent, prefix=f".{place.name}-"))
    try:
        fresh.chmod(0o755)
        yield RunFolder(fresh)
        with explained(place):
            if place.exists():
                shutil.rmtree(place)
            fresh.rename(place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _head(saved: SavedRun, what: Retest, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What was evaluated, of which run, with which code."""
    return {
        "evaluation": FORMAT,
        "run": "/".join(saved.folder.path.absolute().parts[-4:]),
        "trained_on": {"data": saved.spec.name, "image_shape": list(saved.spec.image_shape)},
        **asked,
        "settings": what.values(),
        "git": git_state(Path(__file__).parent),
        "versions": versions(),
    }


def _report(headline: Headline, test: Mapping[str, Any], own: Mapping[str, Any], place: Path) -> None:
    """Prints the primary metric; on the error stream that of the run itself, where it has the same metric."""
    print(f"test {headline.name} {headline.written(test['mean'][headline.key])}; {place / 'record.json'}", flush=True)
    before = own.get("test", {}).get("mean", {}).get(headline.key) if own.get("measure") == headline._asdict() else None
    if isinstance(before, int | float):
        print(f"in the run's own test: {headline.written(before)}", file=sys.stderr)
