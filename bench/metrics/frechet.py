"""The Frechet distance of pictures' features, with an interval over pictures.

Source: Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium". Knows numbers alone.
"""

# B pictures, C features, R rows of a root

from typing import Final

import numpy as np
import numpy.typing as npt

from omnipersona.bench.metrics.intervals import Bounds

_NUM_DRAWS: Final = 100
_NORMAL: Final = 1.96  # standard errors on each side of 95 %

Features = npt.NDArray[np.float64]


def frechet_distance(made_BC: Features, true_BC: Features) -> float:
    """Return the squared Frechet distance of two normal distributions fitted to features.

    0 is none; blur, noise and missing variety all make it larger. Unit: that of the features,
    squared.
    """
    # Ours: torchmetrics' takes networks and divides by a picture less, which moves every figure.
    gap_C = made_BC.mean(axis=0) - true_BC.mean(axis=0)
    made_RC, true_RC = _root(made_BC), _root(true_BC)
    # The trace of the root of the product of both covariances.
    shared = np.linalg.norm(made_RC @ true_RC.T, "nuc")
    spread = np.square(made_RC).sum() + np.square(true_RC).sum() - 2.0 * shared
    return float(max(0.0, gap_C @ gap_C + spread))


def _root(features_BC: Features) -> Features:
    """Return a matrix (R, C) whose transpose times itself is the features' covariance.

    R is B or C, whichever is smaller: the distance of a few pictures is cheap.
    """
    centred_BC: Features = (features_BC - features_BC.mean(axis=0)) / np.sqrt(len(features_BC))
    num_pictures, num_features = centred_BC.shape
    if num_pictures <= num_features:
        return centred_BC
    values_C, vectors_CC = np.linalg.eigh(centred_BC.T @ centred_BC)
    root_CC: Features = np.sqrt(values_C.clip(0.0))[:, None] * vectors_CC.T
    return root_CC


def frechet_interval(made_BC: Features, true_BC: Features) -> Bounds | None:
    """Return the 95 % interval of the distance; None for fewer than two pictures.

    Rows of both belong to the same scenes and are drawn anew together. Its width is the bootstrap's
    standard error: a draw repeats pictures, which pushes its distance up and percentiles with it.
    """
    if len(made_BC) < 2:
        return None
    from scipy import stats  # late: it takes a second to import

    error = stats.bootstrap(
        (np.arange(len(made_BC)),),
        lambda drawn: frechet_distance(made_BC[drawn], true_BC[drawn]),
        n_resamples=_NUM_DRAWS,
        vectorized=False,
        method="percentile",
        rng=np.random.default_rng(0),
    ).standard_error
    value = frechet_distance(made_BC, true_BC)
    return max(0.0, value - _NORMAL * float(error)), value + _NORMAL * float(error)
