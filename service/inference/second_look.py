"""A second look, at the mirror image, where the first does not show a clearly real face."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.inference.runs import Crop

Outputs = list[NDArray[Any]]
"""The network's outputs for N crops: fake and real activation, float (N,), mask, uint8 (N, S, S),
and method logits, float (N, M), where the network has them."""
Look = Callable[[Sequence[Crop]], Outputs]
"""Judges N crops, each uint8 (S, S, 3), once."""

_MASK = 2


def look_again(
    outputs: Outputs, crops: Sequence[Crop], above: float, look: Look
) -> tuple[Outputs, NDArray[np.int64]]:
    """The outputs of a first look at N crops, some averaged with those of a second; and which.

    Looked at again, as mirror images, are those whose fake_activation - real_activation is more
    than `above`; which these are comes as int64 (K,), ascending.
    outputs: of the first look, with a mask for each crop that is looked at again (IndexError
    where they are missing). They are not changed. Raises what `look` raises.
    WHY: faces are nearly symmetric, so the mirror image is a picture of the same face by which the
    network is misled by other accidents. A face that is clearly real costs no second run. What
    is gained is in the model card.
    """
    chosen = np.flatnonzero(outputs[0] - outputs[1] > above)
    if not len(chosen):
        return outputs, chosen
    second = look([crops[i][:, ::-1] for i in chosen.tolist()])
    result = []
    for place, (mine, yours) in enumerate(zip(outputs, second, strict=True)):
        output = mine.copy()
        if place == _MASK:
            # Two grey levels do not fit in a byte; a half is rounded up.
            output[chosen] = (mine[chosen].astype(np.uint16) + yours[..., ::-1] + 1) // 2
        else:
            output[chosen] = (mine[chosen] + yours) / 2
        result.append(output)
    return result, chosen
