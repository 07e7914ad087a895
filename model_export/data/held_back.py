"""Families that `train` never draws: what a detector makes of them, it makes of the unseen."""

import cv2
import numpy as np

from model_export.data import masks
from model_export.data.colour import match_colour
from model_export.data.generator import SIZE, Square, alignment, pass_through, regenerate
from model_export.data.manipulation import Canvas, Manipulation, blend, fit_donor, paste
from model_export.data.retouch import generator_look, restore, sharpen
from model_export.data.rng import Rng, between, chance
from model_export.data.warp import bend, move_points, similarity, warp


def morph(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """Two people's faces in one, as forged passports show: halfway in shape and in texture."""
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    share = between(rng, 0.25, 0.6)
    matrix = similarity(donor.landmarks[17:], target.landmarks[17:])
    placed = warp(donor.pixels, matrix, height, width)
    points = move_points(donor.landmarks, matrix)
    between_both = target.landmarks + share * (points - target.landmarks)
    own = bend(target.pixels, target.landmarks, between_both)
    other = bend(placed, points, between_both)
    outline = masks.with_forehead(between_both, between(rng, 0.0, 0.4))
    shape = masks.polygon(outline, height, width)
    if chance(rng, 0.5):
        shape = masks.deform(shape, span, rng)
    other = match_colour(other, own, shape, between(rng, 0.4, 1.0))
    mixed = blend(other, own, np.full((height, width), between(rng, 0.35, 0.75), np.float32))
    if chance(rng, 0.35):
        mixed = regenerate(mixed, between_both, rng)
    if chance(rng, 0.35):
        mixed = sharpen(mixed, between(rng, 0.3, 1.2))
    region = masks.blur(shape, between(rng, 0.01, 0.1) * span)
    return Manipulation(paste(mixed, target, region, rng, poisson=0.2), region)


def part_swap(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """Eyes, nose or mouth of another person."""
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    source = fit_donor(target, donor, 1.0, rng)
    part = masks.PARTS[rng.integers(len(masks.PARTS))]
    shape = masks.polygon(target.landmarks[part], height, width)
    size = max(1, round(between(rng, 0.01, 0.05) * span))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * size + 1, 2 * size + 1))
    shape = masks.deform(np.asarray(cv2.dilate(shape, kernel), np.float32), span, rng)
    source = match_colour(source, target.pixels, shape, between(rng, 0.5, 1.0))
    if chance(rng, 0.5):
        source = generator_look(source, target.landmarks, rng)
    region = masks.blur(shape, between(rng, 0.01, 0.06) * span)
    return Manipulation(paste(source, target, region, rng, poisson=0.4), region)


def remade(target: Canvas, donor: Canvas, rng: Rng) -> Manipulation:
    """The whole head out of a generator and blended along a soft outline, hair and ears with it."""
    height, width = target.pixels.shape[:2]
    span = masks.face_span(target.landmarks)
    source = target.pixels
    if chance(rng, 0.6):
        placed = fit_donor(target, donor, between(rng, 0.5, 1.0), rng)
        outline = masks.with_forehead(target.landmarks, between(rng, 0.0, 0.4))
        face = masks.polygon(outline, height, width)
        placed = match_colour(placed, target.pixels, face, between(rng, 0.7, 1.0))
        source = blend(placed, source, masks.blur(face, between(rng, 0.04, 0.12) * span))
    wide = alignment(target.landmarks, between(rng, 0.5, 0.85))
    size = int(rng.choice((192, 256, 256, 384)))
    source = pass_through(source, Square(wide * (size / SIZE), size), rng, neural=0.85)
    if chance(rng, 0.5):
        source = (
            restore(source, rng) if chance(rng, 0.5) else sharpen(source, between(rng, 0.3, 1.2))
        )
    outline = masks.with_forehead(target.landmarks, between(rng, 0.3, 0.9))
    grown = outline.mean(0) + (outline - outline.mean(0)) * between(rng, 1.0, 1.35)
    shape = masks.deform(masks.polygon(np.asarray(grown, np.float32), height, width), span, rng)
    region = masks.blur(shape, between(rng, 0.02, 0.12) * span)
    return Manipulation(blend(source, target.pixels, region), region)
