"""Property tests draw the same cases each time; `pytest --hypothesis-profile=explore` looks for new ones."""

from hypothesis import settings

from benchmark.torchvision_import import make_importable

settings.register_profile("fixed", derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=500)
settings.load_profile("fixed")

make_importable()  # before any test imports Lightning, which imports torchvision where there is one
