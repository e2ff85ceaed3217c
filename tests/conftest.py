"""Property tests draw the same cases each time; `pytest --hypothesis-profile=explore` looks for new ones.

Tests lie in the tree of the code they are about; what several of them use is in
support/, or with the test that it belongs to.
"""

import sys
from pathlib import Path

from hypothesis import settings

from benchmark.common.torchvision_import import make_importable

for folder in sorted({path.parent for path in Path(__file__).parent.rglob("test_*.py")}):
    sys.path.append(str(folder))

settings.register_profile("fixed", derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=500)
settings.load_profile("fixed")

make_importable()  # before any test imports Lightning, which imports torchvision where there is one
