"""How W&B's client runs here: whether there is an account for it, and where its files lie."""

import contextlib
import netrc
import os
from collections.abc import Iterator
from pathlib import Path

SERVICE = "https://api.wandb.ai"


def server() -> str:
    """The address of the W&B server that is used."""
    return os.environ.get("WANDB_BASE_URL", SERVICE)


def has_account() -> bool:
    """Whether an API key is in the environment or in the user's .netrc."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    host = server().split("//")[-1].split("/")[0].split(":")[0]
    with contextlib.suppress(OSError, netrc.NetrcParseError):
        return netrc.netrc().authenticators(host) is not None
    return False


@contextlib.contextmanager
def inside(folder: Path, mode: str) -> Iterator[None]:
    """Until it is left, W&B keeps all its files in a folder, except where a user has said where. Rows are written at
    once, so that a killed run keeps them. Offline, no error reports are sent.
    """
    place = folder.resolve()
    mine = {
        "WANDB_DATA_DIR": str(place), "WANDB_CACHE_DIR": str(place / "cache"),
        "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "1",
    }  # fmt: skip
    mine = {name: value for name, value in mine.items() if name not in os.environ}
    before = dict(os.environ)
    if mode != "online":
        mine["WANDB_ERROR_REPORTING"] = "false"
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)
            os.environ.update({name: before[name]} if name in before else {})
