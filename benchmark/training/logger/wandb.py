"""Logs a run to Weights & Biases."""

import contextlib
import netrc
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, final

import wandb
from pytorch_lightning.loggers import Logger, WandbLogger

from benchmark.common.errors import RunFault
from benchmark.results.run_id import RunId, digest, flatten
from benchmark.training.logger.base import About, RunLog, replay


@final
class WandbLog(RunLog):
    """One W&B run per run: config, metrics, pictures and the record; grouped by study, tagged by mechanism and data.

    mode: None takes WANDB_MODE; where that is not set, online with an account and offline without. The W&B id is a
    function of study and configuration, so a resumed run continues the same W&B run. The history of metrics.jsonl is
    logged again, and every row counts once. Online, the first rows are skipped: as many as the server has, since a
    resumed run repeats the same values. Offline there is no server to ask, and syncing two folders of one id would
    keep the last alone. So the new folder has the whole history, and the old one is removed.

    Raises RunFault where W&B cannot start the run.
    """

    def __init__(self, project: str, entity: str | None, mode: Literal["online", "offline", "disabled"] | None):
        self._project, self._entity = project, entity
        self._mode: Any = mode or os.environ.get("WANDB_MODE") or ("online" if has_account() else "offline")
        self._run: Any = None

    def open(self, about: About) -> list[Logger]:
        address, folder = about.address, about.folder
        # Flushed at once, so that a killed run keeps its rows. Offline, no error reports are sent.
        os.environ.setdefault("WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL", "1")
        os.environ.setdefault("WANDB_DATA_DIR", str(folder.path.resolve() / "wandb"))
        if self._mode != "online":
            os.environ["WANDB_ERROR_REPORTING"] = "false"
        wandb.finish()  # init would silently reuse a run that is still open in this process
        tags = [tag for tag in (address.attention, address.data, address.experiment) if tag]
        try:
            self._run = wandb.init(
                project=self._project, entity=self._entity, mode=self._mode, dir=folder.path.resolve(),
                id=run_id(address), resume="allow", name=address.name, group=address.study,
                job_type="train", tags=tags, config=dict(about.config),
                settings=wandb.Settings(silent=True, console="off"),
            )  # fmt: skip
        except wandb.Error as error:
            raise RunFault(
                f"W&B: {error}. Set logger.wandb.mode=offline (and `wandb sync` later), or logger=local."
            ) from error
        rows = Rows(self._run, self._run.starting_step)
        replay(about.history, rows)
        if self._mode == "offline":
            self._remove_older()
        return [rows]

    def _remove_older(self) -> None:
        mine = Path(self._run.dir).parent
        for folder in mine.parent.glob(f"offline-run-*-{self._run.id}"):
            if folder != mine:
                shutil.rmtree(folder)

    def results(self, record: Mapping[str, Any], pictures: list[Path]) -> None:
        self._run.summary.update({f"record/{key}": value for key, value in flatten(record).items()})
        for picture in pictures:
            self._run.log({f"pictures/{picture.stem}": wandb.Image(str(picture))})

    def close(self, exit_code: int) -> None:
        wandb.finish(exit_code=exit_code)


@final
class Rows(WandbLogger):
    """Logs each line of metrics.jsonl as a row, without the first `known`, which the server has."""

    def __init__(self, run: Any, known: int):
        super().__init__(experiment=run)
        self._known, self._seen = known, 0

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self._seen += 1
        if self._seen > self._known:
            super().log_metrics(metrics, step)


def run_id(address: RunId) -> str:
    """The id of a run in W&B, a function of study and configuration."""
    return digest([address.study, address.config_hash])[:16]


def has_account() -> bool:
    """Whether an API key is in the environment or in the user's .netrc."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai").split("//")[-1].split("/")[0].split(":")[0]
    with contextlib.suppress(OSError, netrc.NetrcParseError):
        return netrc.netrc().authenticators(host) is not None
    return False
