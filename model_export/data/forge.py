"""Makes one real/fake pair with its mask out of pictures of real faces."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from model_export.data.camera import draw_history
from model_export.data.cover import draw_caption, middle_of_face
from model_export.data.degrade import degrade, draw_degradation
from model_export.data.donors import Donors
from model_export.data.editing import draw_edit
from model_export.data.faces import FaceIndex, RealFace
from model_export.data.families import ALL, FAMILIES
from model_export.data.manipulation import Canvas, Manipulation
from model_export.data.retouch import beautify
from model_export.data.rng import Rng, between, chance
from model_export.data.scene import draw_scene
from model_export.data.softness import draw_softness
from model_export.data.surroundings import draw_surroundings
from model_export.data.tilt import draw_tilt
from model_export.data.view import CONTEXT, draw_view, draw_view_inside, window_of
from model_export.data.warp import Picture, Points, move_points, warp
from service.faces.crop import CropRule, cut_square
from service.faces.sharpening import amount_at

SIDES = (100.0, 420.0)
"""Smallest and largest side of the network's crop in the picture that gets manipulated."""
ENLARGED = 1.15
"""How much a source picture may be enlarged for that: more shows as blur on real and fake."""
SOFTENED = 0.5
"""Share of the tight pictures whose continuation beyond their edge is unsharp: mirrored eyes are
no background, but an unsharp background alone would hide that a fake is softer than it."""
UNCUT = 0.75
"""Share of the tight pictures of which only what lies inside their edge is seen. A real face in a
sharp square with something softer around it looks like what a generator's square pasted into a
picture looks like: who learns from too many of them takes such squares for real."""
WHOLE_WEIGHT = 50.0
"""How much oftener a picture that holds the whole face and its surroundings is drawn than one cut
tight: the service sees faces with their surroundings, and only there does a face show that is
softer than what is around it."""
BEAUTIFIED = 0.15
"""Share of the pairs whose real person used a beauty filter."""
CRISP = 0.8
"""Share of the pairs whose crop is cut with cubic interpolation."""
MIN_CHANGE = 1.2
"""Mean grey levels a fake must differ by inside its mask: less is a real picture, mislabelled."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A real crop and its manipulated twin after identical degradation.

    real, fake: uint8 RGB (S, S, 3); mask: uint8 (S, S), 255 = manipulated; family: a key of
    ALL; identity: the target's. sharpening: by how much both are still to be sharpened, as
    the service does with faces that it enlarges.
    """

    real: Picture
    fake: Picture
    mask: NDArray[np.uint8]
    family: str
    identity: int
    sharpening: float


class Forge:
    """Draws pairs from an index of real faces.

    families: names of those that make the fakes, each with its share; by default FAMILIES.
    rule: the crop the network will see.
    strength: of the degradation both pictures of a pair suffer, 0 to 1.
    edited: share of the pairs both of whose pictures are edited before that.
    """

    def __init__(
        self,
        index: FaceIndex,
        rule: CropRule,
        families: tuple[str, ...] | None = None,
        strength: float = 1.0,
        edited: float = 0.0,
    ) -> None:
        self.strength = strength
        self.edited = edited
        self.index = index
        self.rule = rule
        self.families = families or tuple(FAMILIES)
        shares = np.array([ALL[name].share for name in self.families])
        self._shares = shares / shares.sum()
        self._weights = drawing_weights(index)
        self._donors = Donors(index, self._weights)

    def draw(self, rng: Rng) -> Pair:
        """One pair of a target drawn at random."""
        position = int(np.searchsorted(self._weights, rng.random(), side="right"))
        return self.pair(min(position, len(self.index) - 1), rng)

    def pair(self, position: int, rng: Rng) -> Pair:
        """One pair whose target is the index's picture at `position`."""
        face = draw_tilt(self.index.read(position), rng)
        side = self._draw_side(position, rng)
        target, manipulation, family = self._manipulate(face, position, side, rng)
        # Platforms differ: some pictures arrive untouched, others worse than the strength says.
        strength = min(1.0, self.strength * between(rng, 0, 2))
        steps = draw_softness(rng, strength) + draw_degradation(rng, strength)
        caption = draw_caption(rng)
        if caption is not None:
            steps = [caption, *steps]
        window = window_of(face, self.rule)
        uncut = window.cuts_the_crop and chance(rng, UNCUT)
        view = draw_view_inside(window, rng) if uncut else draw_view(rng)
        # Linear interpolation alone would soften every crop; the service often need not resample.
        kind = cv2.INTER_CUBIC if chance(rng, CRISP) else cv2.INTER_LINEAR
        # Drawn last: with edits or without, pairs are the same else.
        if self.edited and chance(rng, self.edited):
            steps = [draw_edit(target.landmarks, rng), *steps]
        real = degrade(target.pixels, steps)
        return Pair(
            real=self._look(real, view, kind),
            fake=self._look(degrade(manipulation.pixels, steps), view, kind),
            mask=self._look(np.round(manipulation.region * 255).astype(np.uint8), view),
            family=family,
            identity=int(self.index.identities[position]),
            sharpening=amount_at(self.rule.sharpening, self._enlargement(real, view)),
        )

    def manipulate(self, position: int, side: float, rng: Rng) -> tuple[Canvas, Manipulation, str]:
        """A face with context, its manipulation, and the family, before any degradation.

        side: pixels of the network's crop in the working picture, which is CONTEXT times that.
        """
        return self._manipulate(self.index.read(position), position, side, rng)

    def _manipulate(
        self, face: RealFace, position: int, side: float, rng: Rng
    ) -> tuple[Canvas, Manipulation, str]:
        target = self._canvas(face, side, rng, soften=chance(rng, SOFTENED))
        target = self._elsewhere(target, rng)
        # Not on donors: a fake that brings its own shadow or glasses is no fake to fall for.
        lit = draw_scene(target.pixels, target.landmarks, rng)
        target = Canvas(draw_history(lit, rng), target.landmarks)
        if chance(rng, BEAUTIFIED):
            retouched = beautify(target.pixels, target.landmarks, rng)
            target = Canvas(retouched, target.landmarks)
        family = self.families[rng.choice(len(self.families), p=self._shares)]
        entry = ALL[family]
        for _ in range(4):
            donor = self._donor(target, position, side, rng) if entry.swaps else target
            made = entry.make(target, donor, rng)
            inside = made.region > 0.5
            if inside.any():
                change = np.abs(made.pixels.astype(np.int16) - target.pixels)[inside].mean()
                if change >= MIN_CHANGE:
                    break
        return target, made, family

    def _elsewhere(self, target: Canvas, rng: Rng) -> Canvas:
        other = int(rng.integers(len(self.index)))
        moved = draw_surroundings(
            target.pixels, target.landmarks, lambda: self.index.read(other).pixels, rng
        )
        return Canvas(moved, target.landmarks)

    def _donor(self, target: Canvas, position: int, side: float, rng: Rng) -> Canvas:
        """Of a few random other people, the one whose pose and then skin fit best.

        Raises ValueError where the index shows nobody else.
        """
        faces = [self.index.read(each) for each in self._donors.shortlist(position, rng)]
        skin = _skin(target.pixels, target.landmarks)
        chosen = min(faces, key=lambda f: float(np.abs(_skin(f.pixels, f.landmarks) - skin).sum()))
        donor = self._canvas(chosen, side, rng, soften=True)
        return Canvas(draw_history(donor.pixels, rng), donor.landmarks)

    def _canvas(self, face: RealFace, side: float, rng: Rng, *, soften: bool) -> Canvas:
        """The face with context, at a size where the network's crop is `side` pixels."""
        rule = CropRule(self.rule.scale * CONTEXT, round(side * CONTEXT))
        pixels, to_picture = cut_square(face.pixels, face.box, rule)
        inverse = np.asarray(cv2.invertAffineTransform(to_picture), np.float64)
        if soften:
            soften_outside(pixels, inverse, face.pixels.shape[:2])
        return Canvas(pixels, move_points(face.landmarks, inverse))

    def _draw_side(self, position: int, rng: Rng) -> float:
        """Side of the crop in the picture that gets manipulated: faces come in all sizes."""
        natural = self.rule.scale * float(self.index.boxes[position, 3])
        drawn = between(rng, *SIDES)
        return min(drawn, ENLARGED * natural)

    def _look(
        self, picture: Picture, view: NDArray[np.float64], interpolation: int = cv2.INTER_LINEAR
    ) -> Picture:
        size, side = self.rule.size, picture.shape[0]
        shrink = self._enlargement(picture, view)
        if shrink < 0.8:
            side = round(side * shrink)
            picture = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA))
        matrix = np.c_[view[:, :2] * size / side, view[:, 2] * size]
        return warp(picture, np.asarray(matrix, np.float64), size, size, interpolation)

    def _enlargement(self, picture: Picture, view: NDArray[np.float64]) -> float:
        # The view's own columns say how many pixels of the crop a picture's pixel gets.
        zoom = float(np.hypot(view[0, 0], view[1, 0]))
        return zoom * self.rule.size / int(picture.shape[0])


def drawing_weights(index: FaceIndex) -> NDArray[np.float64]:
    """Cumulative probability of drawing each picture, float64 (N,)."""
    whole = (index.boxes[:, 0] > 0) & (index.boxes[:, 1] > 0)
    weights = np.where(whole, WHOLE_WEIGHT, 1.0)
    return np.asarray(np.cumsum(weights) / weights.sum())


def soften_outside(
    pixels: Picture, from_picture: NDArray[np.float64], shape: tuple[int, int]
) -> None:
    """Blur, in place, what lies beyond the source picture's edge.

    Tight pictures have to be continued to be cropped; mirrored eyes above a forehead are nothing
    a detector should learn from, an unsharp background is.
    """
    corners = move_points(np.array([(0, 0), shape[::-1]], np.float32), from_picture)
    (left, top), (right, bottom) = np.round(corners).astype(int)
    size = pixels.shape[0]
    if left <= 0 and top <= 0 and right >= size and bottom >= size:
        return
    inside = np.zeros(pixels.shape[:2], np.float32)
    inside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = 1
    inside = np.minimum(inside, cv2.GaussianBlur(inside, (0, 0), 2) * 2 - 1).clip(0, 1)[..., None]
    small = cv2.resize(pixels, (size // 8, size // 8), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(cv2.blur(small, (5, 5)), (size, size), interpolation=cv2.INTER_CUBIC)
    pixels[:] = np.round(pixels * inside + soft * (1 - inside))


def _skin(pixels: Picture, landmarks: Points) -> NDArray[np.float64]:
    """Mean colour between brows and mouth, float64 (3,)."""
    return np.asarray(pixels[middle_of_face(landmarks, pixels)].mean((0, 1)))
