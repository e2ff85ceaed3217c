"""The variance of a mean over images that share what they are made of.

Axes: N images, K sources of an image, X any number of values.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def clustered_variance(value_N: Floats, sources_NK: NDArray[np.int64]) -> float:
    """The variance of a mean over images of which some share a source, as canvases share a digit.

    Images are dependent where they have a source in common (Cameron, Gelbach & Miller 2011, by inclusion and
    exclusion); never below what independent images would give. sources_NK: numbers of an image's sources, negative for
    none; with more than two sources an image, images that share several count for each.
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
    """A number for each different pair of sources."""
    return np.unique(sources_N2, axis=0, return_inverse=True)[1].ravel()


def squares_of_sums(value_X: Floats, number_X: NDArray[np.int64]) -> float:
    """Values added up by their number; the sum of the squares of these sums."""
    _, place_X = np.unique(number_X, return_inverse=True)
    return float(np.square(np.bincount(place_X.ravel(), weights=value_X)).sum()) if len(value_X) else 0.0
