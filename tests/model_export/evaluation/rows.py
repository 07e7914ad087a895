"""Judgements written by hand."""

import numpy as np
from scipy.special import expit

from model_export.evaluation.rows import Row
from model_export.metrics.segmentation import MaskMatch, match_masks
from model_export.metrics.surface import Surface

PLAIN = Surface(sharpness=5.0, contrast=50.0, brightness=120.0, colour=40.0)


def row(
    logit: float,
    method: str | None,
    group: str = "",
    *,
    track: int = 0,
    named: str = "unknown",
    warnings: tuple[str, ...] = (),
    match: MaskMatch | None = None,
    skin: str = "unmeasured",
    surface: Surface = PLAIN,
) -> Row:
    """A crop with a logit; method: None for a real one, whose mask is black by default."""
    if match is None and method is None:
        black = np.zeros((8, 8), np.uint8)
        match = match_masks(black, black)
    return Row(
        logit=logit,
        probability=float(expit(logit)),
        fake=method is not None,
        method=method or "real",
        group=group or f"{method} {logit}",
        kin=group or f"{method} {logit}",
        track=track,
        warnings=warnings,
        likeliest=named,
        named=named,
        match=match,
        surface=surface,
        skin=skin,
    )
