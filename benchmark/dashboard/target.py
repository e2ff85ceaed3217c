"""Where in Weights & Biases a dashboard lies: the account or team, and its project."""

import re
from typing import NamedTuple

from benchmark.common.errors import ConfigFault

ENTITY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
PROJECT = re.compile(r"[^/\\#?%:\s\x00-\x1f][^/\\#?%:\x00-\x1f]{0,127}")
"""What W&B takes as a name: of a project, up to 128 characters and none of / \\ # ? % :"""
UNKNOWN = "your-account"
"""In place of the account's default entity, where no account is asked."""


class Target(NamedTuple):
    """entity: the account or team; None for the account's default."""

    entity: str | None
    project: str

    @classmethod
    def parse(cls, text: str) -> "Target":
        """From `entity/project` or `project`. Raises ConfigFault."""
        entity, slash, project = text.rpartition("/")
        if not PROJECT.fullmatch(project) or (slash and not ENTITY.fullmatch(entity)):
            raise ConfigFault([
                f"{text!r} is not entity/project: the account or team in W&B (letters, digits, - and _), a slash, and "
                "the project's name, which has none of / \\ # ? % : in it. Example: my-team/attention-benchmark"
            ])  # fmt: skip
        return cls(entity or None, project)
