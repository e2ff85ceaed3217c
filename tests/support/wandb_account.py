"""A recorder of W&B's server as the account of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import wandb
from wandb_server import Recorded, recording


@contextmanager
def account(home: Path) -> Iterator[Recorded]:
    """Until it is left, W&B's client in this process sends to a recorder. W&B keeps the settings that it has read."""
    with recording() as (address, recorded), pytest.MonkeyPatch.context() as patch:
        for name, value in {"WANDB_BASE_URL": address, "WANDB_API_KEY": "a" * 40, "HOME": str(home),
                            "WANDB_ERROR_REPORTING": "false"}.items():  # fmt: skip
            patch.setenv(name, value)
        wandb.teardown()
        try:
            yield recorded
        finally:
            wandb.teardown()
