"""The contracts of data sets, mechanisms, measures and objectives, for whoever writes one.

On the command line `python -m benchmark.check data=mine`, in tests `benchmark.check.suite.contracts("data=mine")`.
"""

from benchmark.common.torchvision_import import make_importable

make_importable()  # before any contract imports Lightning
