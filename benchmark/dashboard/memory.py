"""What a study's folder remembers of its dashboard."""

import os
from pathlib import Path
from typing import final

from benchmark.results.run_folder import explained, write_whole


def fresh_key() -> str:
    return os.urandom(6).hex()


@final
class DashboardFolder:
    """The folder `dashboard` of a study: the key of its dashboard, and the custom charts that W&B has stored for it."""

    def __init__(self, study: Path):
        self._key, self._charts = (study / "dashboard" / name for name in ("key", "charts"))

    def key(self) -> str:
        """The key by which a second call finds what the first has sent. It is made once, so that two studies of one
        name in a project do not overwrite each other. Raises RunFault where it can't be written.
        """
        if not self._key.exists():
            with explained(self._key.parent):
                self._key.parent.mkdir(exist_ok=True)
            write_whole(self._key, fresh_key().encode())
        return self._key.read_text(encoding="utf-8").strip()

    def planned_key(self) -> str:
        """The key that `key` would return, without writing: that of an earlier call, else a new one, not kept."""
        return self.key() if self._key.exists() else fresh_key()

    def has_chart(self, name: str) -> bool:
        return self._charts.exists() and name in self._charts.read_text(encoding="utf-8").splitlines()

    def add_chart(self, name: str) -> None:
        known = self._charts.read_text(encoding="utf-8") if self._charts.exists() else ""
        write_whole(self._charts, f"{known}{name}\n".encode())
