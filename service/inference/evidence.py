"""What the network says about one crop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Evidence:
    """The network's raw outputs for one crop, before calibration.

    fake_activation, real_activation: mean absolute activation of each half of the latent
        features (BTAS 2019, section 3), at least 0.
    mask: uint8 (size, size), grey, 255 = manipulated; None where nobody asked for one, the
        crop being clearly real.
    method_logits: float32 (methods,), in the order of the model's metadata; None where the
        model has no method output.
    looks: how often the crop was judged; with 2 the rest are averages.
    """

    fake_activation: float
    real_activation: float
    mask: NDArray[np.uint8] | None
    method_logits: NDArray[np.float32] | None
    looks: int = 1
