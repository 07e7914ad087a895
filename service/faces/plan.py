"""What is asked of a media worker for one upload."""

from dataclasses import dataclass, field
from typing import Literal

from service.faces.crop import CropRule
from service.media.limits import MediaLimits

DetectorKind = Literal["libfacedetection", "yunet"]


@dataclass(frozen=True, slots=True)
class DetectorPlan:
    """How faces are looked for. Hashable: a worker keeps one detector per plan.

    kind: "libfacedetection" (shipped) or "yunet" (OpenCV, model file by path).
    yunet_path: the YuNet ONNX file, for kind "yunet".
    min_score: faces the detector gives a lower score (0 to 1) are ignored.
    sides: longest side in pixels of each pass over the picture, rising; a later pass is only
        run where an earlier one leaves doubt.
    """

    kind: DetectorKind = "libfacedetection"
    yunet_path: str | None = None
    min_score: float = 0.7
    sides: tuple[int, ...] = (320, 640, 1280)


@dataclass(frozen=True, slots=True)
class ExtractionPlan:
    """Everything `extract` needs besides the upload.

    frames: how many frames of a clip are analysed, at least 1.
    max_faces: how many faces of a picture, or of a frame of a clip, are kept, the largest, or the
        most present, first; at least 1.
    crop: the square the model was trained on, from the model's metadata.
    """

    limits: MediaLimits = field(default_factory=MediaLimits)
    frames: int = 16
    max_faces: int = 8
    crop: CropRule = field(default_factory=CropRule)
    detector: DetectorPlan = field(default_factory=DetectorPlan)
