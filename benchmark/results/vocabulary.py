"""The names under which a run is told to loggers: the axes and parts of a metric's name, and what joins them.

docs/vocabulary.md lists every name with its unit, and where it is found.
"""

import re

from benchmark.results.run_id import digest

EPOCH, IMAGES = "epoch", "images"
"""The axes: epochs from 0, and training images seen, repeated ones counted again."""
TRAIN, VAL, BEST, TEST, PICTURES, RECORD = "train", "val", "best", "test", "pictures", "record"
"""The first part of a name: a mean since the line before; of the validation split after an epoch; of the validation
split at the best checkpoint; of the test split, by that checkpoint; images and tables; an entry of record.json.
"""
LOSS = f"{TRAIN}/loss"
LEARNING_RATE, GRADIENT_NORM = f"{TRAIN}/learning_rate", f"{TRAIN}/gradient_norm"
"""With `_core` or `_policy` after them."""
POLICY_STD = f"{TRAIN}/policy_std"
HIT_RATE, ATTENTION_ENTROPY = "hit_rate", "attention_entropy"
PRIMARY = "primary_metric"
"""`best/primary_metric` and `test/primary_metric` are the same key for all tasks."""
PRIMARY_NAME, PRIMARY_HIGHER = f"{PRIMARY}/name", f"{PRIMARY}/higher_is_better"
PANEL, EXAMPLES = f"{PICTURES}/panel_validation", f"{PICTURES}/examples"
COLUMNS = ("image", "truth", "answer", "probability", "right", "where")
"""Of the table EXAMPLES."""
IDENTITY = "identity"
"""The key of the configuration in W&B that holds the run's id."""

COMPARISON = "comparison"
"""Job type of the run that holds the tables of a study, and the first part of their names."""
MOST_OF_A_TAG, MOST_OF_A_GROUP = 64, 128
"""Characters that W&B takes."""
OTHER = re.compile(r"[^A-Za-z0-9_/]+")


def named(*parts: object) -> str:
    """Parts of a name, joined by a slash. Anything but letters, digits, `_` and `/` becomes `_`: names with others
    neither sort nor filter in W&B.
    """
    return OTHER.sub("_", "/".join(str(part) for part in parts))


def cut(text: str, most: int) -> str:
    """A text of at most so many characters; the end of a longer one is a hash of it."""
    return text if len(text) <= most else f"{text[: most - 9]}-{digest(text)[:8]}"
