"""Contract checks of data sets, mechanisms, measures and objectives, for authors of new ones.

On the command line `python -m benchmark.check data=mine`, in tests `benchmark.check.suite.contracts("data=mine")`.
"""

from benchmark.common.torchvision_import import make_importable

make_importable()  # before any contract imports Lightning
