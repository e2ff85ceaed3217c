"""Placeholder."""


def killed_sweeps(kills: int) -> list[str]:
    return []
