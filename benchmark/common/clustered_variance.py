"""The variance of a mean over images that share sources, such as digits pasted on several canvases.

Axes: N images, K sources of an image, X any number of values.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def clustered_variance(value_N: Floats, sources_NK: NDArray[np.int64]) -> float:
    """The cluster-robust variance of a mean over images of which some share a source.

    Images with a common source are dependent (multi-way clustering by inclusion and exclusion, Cameron, Gelbach &
    Miller 2011). At least the variance of independent images. sources_NK: ids of an image's sources, negative for none.
    With more than two sources per image, pairs that share several count once for each.
    """
    count, residual_N = len(value_N), value_N - value_N.mean()
    independent = float(np.square(residual_N).sum())
    sources_NK = np.sort(sources_NK, axis=1)
    repeated_NK = np.zeros(sources_NK.shape, bool)
    repeated_NK[:, 1:] = sources_NK[:, 1:] == sources_NK[:, :-1]
    known_NK = (sources_NK >= 0) & ~repeated_NK
    shared = squares_of_sums(residual_N.repeat(known_NK.sum(1)), sources_NK[known_NK])
    if sources_NK.shape[1] == 2:
        both_N = known_NK.all(axis=1)
        shared -= squares_of_sums(residual_N[both_N], pair_numbers(sources_NK[both_N]))
    shared += float(np.square(residual_N[~known_NK.any(axis=1)]).sum())
    return max(independent, shared) / (count * max(count - 1, 1))


def pair_numbers(sources_N2: NDArray[np.int64]) -> NDArray[np.int64]:
    """The index of each row among the distinct pairs of sources."""
    return np.unique(sources_N2, axis=0, return_inverse=True)[1].ravel()


def squares_of_sums(value_X: Floats, number_X: NDArray[np.int64]) -> float:
    """The sum over groups of the squared sum of values. number_X: the group of each value."""
    _, place_X = np.unique(number_X, return_inverse=True)
    return float(np.square(np.bincount(place_X.ravel(), weights=value_X)).sum()) if len(value_X) else 0.0
