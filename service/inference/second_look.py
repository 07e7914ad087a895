"""A second look, at the mirror image, where the first does not show a clearly real face."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Crop = NDArray[np.uint8]
Look = Callable[[Sequence[Crop]], list[NDArray[Any]]]
"""The network's outputs for N crops: fake and real activation, float (N,), mask, uint8 (N, S, S),
and method logits, float (N, M), where the network has them."""


_MASK = 2


def worth_it(outputs: Sequence[NDArray[Any]], above: float) -> NDArray[np.int64]:
    """Which crops are looked at again: fake_activation - real_activation is more than `above`."""
    return np.flatnonzero(outputs[0] - outputs[1] > above)


def look_again(
    outputs: Sequence[NDArray[Any]], crops: Sequence[Crop], above: float, look: Look
) -> list[NDArray[Any]]:
    """The outputs of a first look, averaged with those of a second where that is worth it.

    outputs: of a `Look` at `crops`, each uint8 (S, S, 3), with a mask for each crop that is worth
    a second look. They are not changed.
    WHY: faces are nearly symmetric, so the mirror image is a picture of the same face by which the
    network is misled by other accidents; most of what is asked of the service is clearly real and
    costs no second run. The gain is in the model card.
    """
    chosen = worth_it(outputs, above)
    if not len(chosen):
        return list(outputs)
    second = look([crops[i][:, ::-1] for i in chosen])
    result = []
    for place, (mine, yours) in enumerate(zip(outputs, second, strict=True)):
        output = mine.copy()
        if place == _MASK:
            # Two grey levels do not fit in a byte; a half is rounded up.
            output[chosen] = (mine[chosen].astype(np.uint16) + yours[..., ::-1] + 1) // 2
        else:
            output[chosen] = (mine[chosen] + yours) / 2
        result.append(output)
    return result
