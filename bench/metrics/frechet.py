"""The Frechet distance of pictures' features, with an interval over pictures.

Source: Heusel et al. 2017, "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash
Equilibrium". Knows numbers alone.
"""

# B pictures, C features

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
    gap_C = made_BC.mean(axis=0) - true_BC.mean(axis=0)
    made_CC, true_CC = (np.cov(one, rowvar=False, bias=True) for one in (made_BC, true_BC))
    values_C, vectors_CC = np.linalg.eigh(true_CC)
    root_CC = (vectors_CC * np.sqrt(values_C.clip(0.0))) @ vectors_CC.T
    both_C = np.linalg.eigvalsh(root_CC @ made_CC @ root_CC).clip(0.0)
    spread = np.trace(made_CC) + np.trace(true_CC) - 2.0 * np.sqrt(both_C).sum()
    return float(max(0.0, gap_C @ gap_C + spread))


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
