"""The families of synthetic manipulations: how each makes a fake out of real faces.

To add a family, write a function of the type `Family`, add it to `FAMILIES` with its share of the
training pairs and whether it needs a donor, and look at it with `unmask-model forge --family NAME`.
Those of `HELD_BACK` are made where they are asked for by name; `train` never draws them.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from model_export.data import held_back, masks
from model_export.data.colour import match_colour, shift_colour
from model_export.data.expression import moved_expression, moved_mouth
from model_export.data.generator import draw_square, pass_through, regenerate
from model_export.data.manipulation import (
    Canvas,
    Family,
    Manipulation,
    blend,
    fit_donor,
    paste,
)
from model_export.data.retouch import checkerboard, generator_look, resample, sharpen
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import bend, warp


def self_blend(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """A face blended with a slightly changed copy of itself (Shiohara, Yamasaki, CVPR 2022)."""
    del donor
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    source = shift_colour(target.pixels, rng, between(rng, 0.5, 1.2))
    draw = rng.random()
    if draw < 0.3:
        source = resample(source, between(rng, 0.25, 0.7), rng)
    elif draw < 0.5:
        source = sharpen(source, between(rng, 0.4, 1.5))
    elif draw < 0.85:
        source = generator_look(source, target.landmarks, rng)
    scale = 1 + between(rng, -0.05, 0.05)
    centre = target.landmarks.mean(0)
    shift = rng.uniform(-0.03, 0.03, 2) * span
    matrix = np.array(
        [[scale, 0, (1 - scale) * centre[0] + shift[0]],
         [0, scale, (1 - scale) * centre[1] + shift[1]]]
    )  # fmt: skip
    source = warp(source, matrix, height, width)
    shape = masks.any_face_shape(target.landmarks, height, width, rng)
    region = masks.blur(shape, between(rng, 0.0, 0.05) * span)
    ratio = float(rng.choice((0.4, 0.6, 0.8, 1.0, 1.0, 1.0)))
    return Manipulation(blend(source, target.pixels, region * ratio), region)


def deepfakes(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """Another face through a low-resolution generator, pasted as a turned rectangle.

    Early tools paste a rectangle from the brows to the chin; later ones the generator's whole
    square, hair and background in it included.
    """
    if chance(rng, 0.5):
        return _whole_square(target, donor, rng)
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    source = fit_donor(target, donor, between(rng, 0.5, 1.0), rng)
    shape = masks.rectangle(target.landmarks, height, width, rng)
    if chance(rng, 0.85):
        source = match_colour(source, target.pixels, shape, between(rng, 0.5, 1.0))
    source = generator_look(source, target.landmarks, rng)
    region = masks.blur(shape, between(rng, 0.01, 0.07) * span)
    return Manipulation(paste(source, target, region, rng, poisson=0.15), region)


def _whole_square(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    swapped = target.pixels
    if chance(rng, 0.75):
        source = fit_donor(target, donor, between(rng, 0.5, 1.0), rng)
        outline = masks.with_forehead(target.landmarks, between(rng, 0.0, 0.3))
        face = masks.polygon(outline, height, width)
        source = match_colour(source, target.pixels, face, between(rng, 0.7, 1.0))
        swapped = blend(source, target.pixels, masks.blur(face, between(rng, 0.04, 0.12) * span))
    square = draw_square(target.landmarks, rng, sizes=(128, 128, 192, 256))
    source = pass_through(swapped, square, rng, neural=0.6)
    if chance(rng, 0.25):
        source = sharpen(source, between(rng, 0.3, 1.2))
    side = square.size / float(np.hypot(square.matrix[0, 0], square.matrix[1, 0]))
    shape = square.alpha(height, width, between(rng, 0.02, 0.1))
    region = masks.blur(shape, between(rng, 0.005, 0.06) * side)
    return Manipulation(blend(source, target.pixels, region), region)


def head_swap(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """Another face through a generator, blended along the face's outline, as later tools do."""
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    source = fit_donor(target, donor, between(rng, 0.6, 1.0), rng)
    outline = masks.with_forehead(target.landmarks, between(rng, 0.0, 0.4))
    shape = masks.polygon(outline, height, width)
    if chance(rng, 0.6):
        shape = masks.deform(shape, span, rng)
    source = match_colour(source, target.pixels, shape, between(rng, 0.6, 1.0))
    source = generator_look(source, target.landmarks, rng)
    region = masks.blur(shape, between(rng, 0.01, 0.12) * span)
    return Manipulation(paste(source, target, region, rng, poisson=0.25), region)


def faceswap(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """Another face moved landmark by landmark onto the target, pasted as a polygon."""
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    source = fit_donor(target, donor, 1.0, rng)
    outline = masks.with_forehead(target.landmarks, between(rng, 0.0, 0.12))
    if chance(rng, 0.3):
        outline = target.landmarks[17:]
    shape = masks.polygon(outline, height, width)
    if chance(rng, 0.75):
        source = match_colour(source, target.pixels, shape, between(rng, 0.3, 1.0))
    if chance(rng, 0.4):
        source = resample(source, between(rng, 0.5, 0.9), rng)
    region = masks.blur(shape, between(rng, 0.0, 0.02) * span)
    return Manipulation(paste(source, target, region, rng, poisson=0.45), region)


def face2face(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """The same face with another expression, re-rendered; eyes and inner mouth left out."""
    del donor
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    moved = moved_expression(target.landmarks, rng)
    source = bend(target.pixels, target.landmarks, moved)
    source = resample(source, between(rng, 0.4, 0.95), rng)
    light = cv2.resize(
        rng.normal(1.0, between(rng, 0.02, 0.08), (4, 4)).astype(np.float32), (width, height),
        interpolation=cv2.INTER_CUBIC,
    )  # fmt: skip
    tint = 1 + rng.normal(0, 0.025, 3)
    source = np.clip(source * light[..., None] * tint, 0, 255).astype(np.uint8)
    if chance(rng, 0.5):
        source = np.asarray(cv2.bilateralFilter(source, 5, between(rng, 10, 35), 3), np.uint8)
    if chance(rng, 0.25):
        source = regenerate(source, moved, rng)
    elif chance(rng, 0.3):
        source = checkerboard(source, rng)
    shape = masks.smooth_with_holes(moved, height, width, rng)
    region = masks.blur(shape, between(rng, 0.005, 0.025) * span)
    return Manipulation(blend(source, target.pixels, region), region)


def lip_sync(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """The same face with its mouth made anew, as NeuralTextures and dubbing tools do."""
    del donor
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    moved = moved_mouth(target.landmarks, rng)
    source = generator_look(bend(target.pixels, target.landmarks, moved), moved, rng)
    part = masks.LOWER_PARTS[rng.integers(len(masks.LOWER_PARTS))]
    # Of both mouths: a rim of the old one beside the new one would give every fake away.
    outline = np.vstack((target.landmarks[part], moved[part]))
    shape = masks.deform(masks.polygon(outline, height, width), span, rng)
    region = masks.blur(shape, between(rng, 0.005, 0.06) * span)
    return Manipulation(paste(source, target, region, rng, poisson=0.15), region)


@dataclass(frozen=True, slots=True)
class FamilyEntry:
    """A family, the method its fakes are labelled with, and its share of the training pairs.

    method: one of METHODS, or None where the family shows a manipulation of no known kind.
    swaps: whether it takes another person's face; where not, its donor is the target.
    """

    make: Family
    method: str | None
    share: float
    swaps: bool


FAMILIES: dict[str, FamilyEntry] = {
    "self_blend": FamilyEntry(self_blend, None, 0.24, swaps=False),
    "deepfakes": FamilyEntry(deepfakes, "deepfakes", 0.25, swaps=True),
    "head_swap": FamilyEntry(head_swap, None, 0.15, swaps=True),
    "faceswap": FamilyEntry(faceswap, "faceswap", 0.16, swaps=True),
    "face2face": FamilyEntry(face2face, "face2face", 0.13, swaps=False),
    "lip_sync": FamilyEntry(lip_sync, None, 0.07, swaps=False),
}

HELD_BACK: dict[str, FamilyEntry] = {
    "morph": FamilyEntry(held_back.morph, None, 1 / 3, swaps=True),
    "part_swap": FamilyEntry(held_back.part_swap, None, 1 / 3, swaps=True),
    "remade": FamilyEntry(held_back.remade, None, 1 / 3, swaps=True),
}
ALL = FAMILIES | HELD_BACK
