"""Whether two faces of frames one after the other lie where one and the same would."""

import math

from service.faces.crop import Box
from service.faces.detection import Detection, overlap

# Faces further apart than this, in face widths, are two people or a cut between scenes.
MOST_DISTANCE = 0.8
# A face may double or halve its width between two analysed frames, not more.
MOST_ZOOM = 2.0


def cost(a: Detection, b: Detection) -> float | None:
    """How unlike two faces lie, from 0; None where they cannot be the same."""
    zoom = max(a.box.width / b.box.width, b.box.width / a.box.width)
    distance = _distance(a, b) / max(a.box.width, b.box.width)
    if zoom > MOST_ZOOM or distance > MOST_DISTANCE:
        return None
    return distance + 1.0 - overlap(a.box, b.box)


def _distance(a: Detection, b: Detection) -> float:
    if a.landmarks and b.landmarks:
        pairs = zip(a.landmarks, b.landmarks, strict=True)
        return sum(math.dist(p, q) for p, q in pairs) / len(a.landmarks)
    return math.dist(_middle(a.box), _middle(b.box))


def _middle(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2
