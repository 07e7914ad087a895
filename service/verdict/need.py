"""Which masks a report will show, known before the network has drawn any."""

import math

from service.faces.extraction import Extraction
from service.inference.model_file import ModelSpec
from service.verdict.calibration import authentic_difference
from service.verdict.support import SupportRule


def mask_floor(extraction: Extraction, spec: ModelSpec, rule: SupportRule) -> float:
    """The activation difference up to which no mask of an upload will be shown.

    The mask of a face judged authentic is black whatever the network draws. Minus infinity where
    that cannot be told from one crop: a clip's verdict comes from many frames, and a face too
    poor to judge is never authentic.
    """
    moves = extraction.media.kind == "video"
    if moves or any(rule.reasons(crop.quality) for crop in extraction.crops):
        return -math.inf
    return authentic_difference(spec.calibration, spec.thresholds)
