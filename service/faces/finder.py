"""Faces in a picture of any size, coarse to fine."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from service.errors import ConfigurationError
from service.faces.crop import Box
from service.faces.detection import Detection, Detector, merge, overlap
from service.faces.libfacedetection import LibFaceDetector
from service.faces.plan import DetectorPlan
from service.faces.pyramid import Pyramid
from service.faces.yunet import YuNetDetector

# A find below the plan's score but above this may be a face seen too small: worth a closer look.
_DOUBTFUL_SCORE = 0.4
# The detector sees faces down to this width; narrower finds have boxes too coarse to cut by.
_TINY_PX = 16
# People in one picture differ in size: a pass may only be the last where faces half as wide
# as its largest would have been seen.
_SETTLING_PX = 2 * _TINY_PX
# Beside a large face there may be others that are large enough to be judged: a pass may only be the
# last where these would have been seen, if coarsely. Of portraits 12 pixels wide 73 % are seen with
# some doubt at least, of those of 10 pixels 37 %.
_JUDGED_PX = 64
_SEEN_PX = 12
# A part of a picture that is too long for the largest pass, and what it shares with the next: a
# face that reaches over the end of one is whole in the other, or large enough for the first pass.
_PART_PX = 6144
_SHARED_PX = 1536
# A close look shows twice the face's size at this side; 3 ms, and integer boxes are exact enough.
_CLOSE_SIDE = 192
_CLOSE_MARGIN = 2.0
# A face that seems to lean is looked at larger, enlarged if need be: only landmarks of a face half
# as wide as this follow its tilt, those of smaller ones are drawn nearly upright whatever it is.
_LEANING_SIDE = 320
_SAME_FACE = 0.3
_MOST = 0.7
# A detector knows faces on their side or upside down, but places them badly, and the network takes
# them for fakes. Of upright portraits nearly all score higher than this, of turned ones hardly any.
_SURELY_UPRIGHT = 0.91
# Whoever turns a picture must not hide by it: of people whose heads take a twelfth of its width, an
# eighth was seen at 192, nearly all at 640. Only pictures without a surely upright face pay for it.
_LYING_SIDE = 640
_SURELY_SEEN = 0.85
_CLEARLY_HIGHER = 0.03


@dataclass(frozen=True, slots=True)
class Found:
    """What a search gave.

    faces: by falling box area, at most the number asked for.
    left_out: those beside them, by falling box area as well. They were not looked at up close:
        their boxes and landmarks are coarse.
    """

    faces: tuple[Detection, ...]
    left_out: tuple[Detection, ...]


class FaceFinder:
    """Runs a detector over a picture: a small pass first, larger ones only where it left doubt.

    Each face is then looked at once more, up close, when the pass that found it was much smaller
    than the picture, or when it seems to lean: it sharpens the box and the landmarks for a
    fraction of a large pass. What is seen with some doubt is looked at on either side and upside
    down, too, and a picture that shows no face surely upright as a whole. Of pictures too long for
    the largest pass parts are searched as well.
    """

    def __init__(self, detector: Detector, plan: DetectorPlan) -> None:
        self._detector = detector
        self._plan = plan

    def find(self, rgb: NDArray[np.uint8], most: int) -> Found:
        """Find up to `most` faces in a uint8 RGB (H, W, 3) picture, in its pixels."""
        whole = self._find(rgb, most)
        if max(rgb.shape[:2]) * _SEEN_PX <= self._plan.sides[-1] * _JUDGED_PX:
            return whole
        faces, left_out = [*whole.faces], [*whole.left_out]
        for left, top, part in _parts(rgb):
            found = self._find(part, most)
            faces += [face.mapped(1.0, left, top) for face in found.faces]
            left_out += [face.mapped(1.0, left, top) for face in found.left_out]
        return _found(merge_by_area(faces), most, left_out)

    def _find(self, rgb: NDArray[np.uint8], most: int) -> Found:
        longest, pyramid = max(rgb.shape[:2]), Pyramid(rgb)
        found: list[Detection] = []
        for side in self._plan.sides:
            scale = min(side / longest, 1.0)
            seen = self._detector.detect(pyramid.at(scale))
            # A larger pass places what it sees better: of two views of a face the later one wins.
            found = _prefer([d.mapped(1 / scale) for d in seen], found)
            if side >= longest or self._settled(found, scale):
                break
        faces = [d for d in found if d.score >= self._plan.min_score and _touches(d.box, rgb)]
        faces.sort(key=_area, reverse=True)
        closer = [self._righted(rgb, self._close_look(rgb, d, scale)) for d in faces[:most]]
        left_out = faces[most:]
        if not any(d.turns == 0 and d.score >= _SURELY_UPRIGHT for d in closer):
            # What lies is seen by chance where it is looked at upright: one that was says nothing
            # of the others.
            scale = min(_LYING_SIDE / longest, 1.0)
            lying = self._lying(pyramid.at(scale), scale)
            known = [*closer, *left_out]
            lying = [
                d
                for d in lying
                if _touches(d.box, rgb) and all(overlap(d.box, k.box) < _SAME_FACE for k in known)
            ]
            closer += [self._righted(rgb, self._close_look(rgb, d, scale)) for d in lying[:most]]
            left_out += lying[most:]
        return _found(merge_by_area(closer), most, left_out)

    def _settled(self, found: list[Detection], scale: float) -> bool:
        likely = [d for d in found if d.score >= _DOUBTFUL_SCORE]
        widths = [d.box.width * scale for d in likely]
        return (
            bool(likely)
            and scale * _JUDGED_PX >= _SEEN_PX
            and min(widths) >= _TINY_PX
            and max(widths) >= _SETTLING_PX
            and all(d.score >= self._plan.min_score for d in likely)
        )

    def _close_look(self, rgb: NDArray[np.uint8], face: Detection, scale: float) -> Detection:
        side = round(_CLOSE_MARGIN * max(face.box.width, face.box.height))
        zoom = _LEANING_SIDE / side if face.leans else min(_CLOSE_SIDE / side, 1.0)
        if zoom < scale * 1.2:
            return face
        same = self._seen_close(rgb, face, side, zoom, face.turns)
        return face if same is None else replace(same, score=max(same.score, face.score))

    def _seen_close(
        self, rgb: NDArray[np.uint8], face: Detection, side: int, zoom: float, turns: int
    ) -> Detection | None:
        """The same face in a square about it, looked at as if that had been turned clockwise."""
        left = max(round(face.box.x + face.box.width / 2 - side / 2), 0)
        top = max(round(face.box.y + face.box.height / 2 - side / 2), 0)
        window = _zoomed(rgb[top : top + side, left : left + side], zoom)
        views = [d.mapped(1 / zoom, left, top) for d in self._turned(window, turns)]
        # A face held another way may have got a box far too large: what is surely seen in it is it.
        same = [
            d
            for d in views
            if overlap(d.box, face.box) >= _SAME_FACE
            or (turns != face.turns and d.score >= _SURELY_SEEN and _within(d.box, face.box))
        ]
        return max(same, key=lambda d: overlap(d.box, face.box), default=None)

    def _turned(self, rgb: NDArray[np.uint8], turns: int) -> list[Detection]:
        """Faces that are turned clockwise by so many quarters."""
        upright = np.ascontiguousarray(np.rot90(rgb, turns))
        height, width = upright.shape[:2]
        return [d.turned(turns, width, height) for d in self._detector.detect(upright)]

    def _righted(self, rgb: NDArray[np.uint8], face: Detection) -> Detection:
        """A face as it is seen best: upright, on either side or upside down."""
        if face.score >= _SURELY_UPRIGHT or face.turns:
            return face
        side = round(_CLOSE_MARGIN * max(face.box.width, face.box.height))
        zoom = min(_CLOSE_SIDE / side, 1.0)
        views = [self._seen_close(rgb, face, side, zoom, turns) for turns in (1, 2, 3)]
        best = max((d for d in views if d is not None), key=lambda d: d.score, default=face)
        if best.score < face.score + _CLEARLY_HIGHER:
            return face
        return self._close_look(rgb, best, zoom) if best.leans else best

    def _lying(self, rgb: NDArray[np.uint8], scale: float) -> list[Detection]:
        """Faces of a picture that shows none surely upright, by falling box area.

        rgb: the picture, shrunk by scale.
        """
        seen = [d.mapped(1 / scale) for turns in (1, 2, 3) for d in self._turned(rgb, turns)]
        return merge_by_area([d for d in seen if d.score >= self._plan.min_score])


def _parts(rgb: NDArray[np.uint8]) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
    """Where parts of a long picture begin, across and down, and what they show."""
    height, width = rgb.shape[:2]
    for top in range(0, max(height - _SHARED_PX, 1), _PART_PX - _SHARED_PX):
        for left in range(0, max(width - _SHARED_PX, 1), _PART_PX - _SHARED_PX):
            yield left, top, rgb[top : top + _PART_PX, left : left + _PART_PX]


def _zoomed(window: NDArray[np.uint8], zoom: float) -> NDArray[np.uint8]:
    if zoom <= 1:
        return Pyramid(window).at(zoom)
    size = (round(window.shape[1] * zoom), round(window.shape[0] * zoom))
    return np.asarray(cv2.resize(window, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _area(face: Detection) -> float:
    return face.box.width * face.box.height


def _found(faces: list[Detection], most: int, left_out: list[Detection]) -> Found:
    """The first of these, and all else."""
    rest = sorted([*faces[most:], *left_out], key=_area, reverse=True)
    return Found(tuple(faces[:most]), tuple(rest))


def merge_by_area(faces: list[Detection]) -> list[Detection]:
    """Merge overlapping faces; the rest by falling box area."""
    return sorted(merge(faces), key=_area, reverse=True)


@functools.cache
def face_finder(plan: DetectorPlan) -> FaceFinder:
    """The finder of a plan; built once per process and plan. Raises ConfigurationError."""
    if plan.kind == "libfacedetection":
        return FaceFinder(LibFaceDetector(), plan)
    if plan.yunet_path is None:
        raise ConfigurationError("The face detector 'yunet' needs the path of its model file")
    return FaceFinder(YuNetDetector(plan.yunet_path), plan)


def _prefer(later: list[Detection], earlier: list[Detection]) -> list[Detection]:
    later = merge(later)
    return later + [
        old for old in earlier if all(overlap(old.box, new.box) < _SAME_FACE for new in later)
    ]


def _within(box: Box, other: Box) -> bool:
    """Whether most of a box lies in another."""
    return box.shared(other) >= _MOST * box.width * box.height


def _touches(box: Box, rgb: NDArray[np.uint8]) -> bool:
    height, width = rgb.shape[:2]
    middle_x, middle_y = box.x + box.width / 2, box.y + box.height / 2
    return box.width >= 2 and box.height >= 2 and 0 <= middle_x < width and 0 <= middle_y < height
