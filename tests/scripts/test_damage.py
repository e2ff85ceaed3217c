"""Damaged files of every format end in words that name the file: some of the mutations of scripts/measure_damage.py."""

import random
import sys

import pytest
from run_helpers import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from damage import damaged
from damage_data_files import READERS
from damage_workshop import Workshop, digest

MUTATIONS = 6
SOUND = ("right or unnoticeable", "refused in words", "wrong")
"""What is wrong differs in content without a sum, which nobody can see."""
SEEN_THROUGH = ("download from a mirror", "sum kept of an archive", "cache entry (npy)", "cache entry (about.json)")
"""With a sum over all of it, damage never passes."""


@pytest.mark.parametrize("name", READERS)
def test_damage_ends_in_words(tmp_path, name):
    with Workshop(name, READERS[name], tmp_path) as workshop:
        found = [workshop.trial(number, random.Random(f"{name}/{number}")) for number in range(MUTATIONS)]
    assert [outcome for outcome in found if outcome.kind not in SOUND] == []
    if name in SEEN_THROUGH:
        assert "wrong" not in {outcome.kind for outcome in found}


def test_a_mutation_is_the_same_each_time_and_changes_something():
    content = b'{"images": [{"id": 1}, {"id": 2}], "annotations": []}'
    once, again = ([damaged(content, random.Random(seed)) for seed in range(50)] for _ in range(2))
    assert once == again and sum(told != content for told, _ in once) > 40


def test_values_are_told_apart_by_what_they_hold():
    import numpy as np
    import torch

    same = [{"a": np.arange(3), "b": [torch.ones(2), ("x", None)]} for _ in range(2)]
    assert digest(same[0]) == digest(same[1])
    assert len({digest(each) for each in (np.arange(3), np.arange(3.0), np.arange(4), [0, 1, 2], "0 1 2")}) == 5
