"""Kinds of configuration values, in words for messages."""

from typing import Any

from omegaconf import OmegaConf


def fits(value: Any, usual: Any) -> bool:
    """Whether a value is of the default's kind. Null fits a null, text or structure; anything fits a null default."""
    if usual is None or (isinstance(value, str) and value.startswith("${")):
        return True
    if value is None:
        return not isinstance(usual, bool | int | float)
    if isinstance(usual, float) and not isinstance(usual, bool):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(usual, str):
        return not isinstance(value, list | dict)
    return kind(value) == kind(usual)


KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"), (int, "a whole number"), (float, "a number"), (dict, "a group of values"), (str, "a word"),
)  # fmt: skip


def kind(value: Any) -> str:
    """The kind of a value, in words."""
    if OmegaConf.is_dict(value):
        return "a group of values"
    if OmegaConf.is_list(value) or isinstance(value, list):
        return "a list"
    return next((name for type_, name in KINDS if isinstance(value, type_)), "a word")
