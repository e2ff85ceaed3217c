"""Importing torchvision, an optional extra, also where its compiled operators do not load."""

import importlib
import importlib.util
from functools import cache
from typing import Any

import torch

from benchmark.common.errors import ConfigFault

KNOB = "encoder.body"


def library() -> Any:
    """Torchvision. Raises ConfigFault where it is not installed."""
    if not installed():
        raise ConfigFault([f"{KNOB}: torchvision is not installed. pip install '.[pretrained]' brings it"])
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
    declare_operators()
    return importlib.import_module("torchvision")


def installed() -> bool:
    return importlib.util.find_spec("torchvision") is not None


@cache
def declare_operators() -> Any:
    """For a torchvision whose compiled operators do not load, as those of a CUDA build beside a CPU's torch.

    Importing it then fails, for anyone, at two operators whose schemas it expects. They are of detection; its
    classifiers are all Python. With the schemas declared it imports, and a call of one of the two still fails.
    """
    declared = torch.library.Library("torchvision", "DEF")  # kept by the cache as long as the process
    declared.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    declared.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return declared


def make_importable() -> None:
    """Imports torchvision where it is installed. For whoever is about to import Lightning, which imports it too, and
    would fail where its operators do not load.
    """
    if installed():
        library()
