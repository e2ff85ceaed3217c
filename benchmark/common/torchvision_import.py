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
    """Declares the schemas of two operators for a torchvision whose compiled operators do not load.

    That is so for a CUDA build of torchvision beside a CPU build of torch: importing it fails at these two schemas.
    The operators are for detection, and the classifiers are pure Python. A call of one of the two still fails.
    """
    declared = torch.library.Library("torchvision", "DEF")  # the cache holds a reference until the process ends
    declared.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    declared.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return declared


def make_importable() -> None:
    """Imports torchvision where it is installed. Call before importing Lightning, which imports torchvision too and
    would fail where its operators do not load.
    """
    if installed():
        library()
