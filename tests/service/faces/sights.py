"""Faces of made-up clips, one sight in each frame."""

from collections.abc import Sequence

from service.faces.crop import Box
from service.faces.detection import Detection
from service.faces.looks import Look
from service.faces.track import Sight
from service.faces.tracks import Tracker
from service.media.stretches import Interval


def face(x: float, y: float = 0, width: float = 100) -> Detection:
    return Detection(Box(x, y, width, width * 1.25), (), 0.9)


def at(time_s: float) -> Interval:
    """On screen for no time at all."""
    return Interval(time_s, time_s)


def sights(detections: Sequence[Detection], looks: Sequence[Look] | None = None) -> list[Sight]:
    seen = [None] * len(detections) if looks is None else looks
    return [Sight(*each) for each in zip(detections, seen, strict=True)]


class EverySecond(Tracker):
    """Of a clip with an analysed frame every second."""

    def see(
        self,
        detections: Sequence[Detection],
        looks: Sequence[Look] | None = None,
        left_out: Sequence[Detection] = (),
        left_out_looks: Sequence[Look] | None = None,
    ) -> list[int]:
        others = sights(left_out, left_out_looks)
        return self.update(at(self._frame + 1.0), sights(detections, looks), others)
