"""What is said of one face."""

from pydantic import BaseModel, Field

from service.api.schemas.quantities import (
    Count,
    FrameIndex,
    Grey,
    Index,
    NotNegative,
    Positive,
    Share,
    Track,
)
from service.api.schemas.vocabulary import (
    CONFIDENCES,
    FACE_VERDICTS,
    FACE_WARNINGS,
    METHODS,
    QUALITY_WARNINGS,
    listed,
)
from service.verdict.calibration import FaceVerdict
from service.verdict.findings import Confidence


class BoxBody(BaseModel):
    """A rectangle in pixels of the upright frame; it may reach over the frame's edge."""

    x: float = Field(description="Left edge, in pixels from the frame's; negative beyond it.")
    y: float = Field(description="Upper edge, in pixels from the frame's; negative beyond it.")
    width: Positive = Field(description="Width in pixels, above 0.")
    height: Positive = Field(description="Height in pixels, above 0.")


class MethodBody(BaseModel):
    """How a face was manipulated."""

    name: str = Field(
        description=listed(
            "What it looks most like: a method of the model that runs (`methods` of `GET /model`; "
            "the first three below are the shipped model's, and those told by the shape of the "
            "mask where a model has none), or one of the last two.",
            METHODS,
        )
    )
    probabilities: dict[str, Share] = Field(
        description="Of each method of the model, 0 to 1, 1 together, given that it is one of "
        "them: what was made in another way mostly gets one of their names, too, not `unknown`. "
        "The mean over its frames, each weighted by how likely it is fake. Empty "
        "for a face judged authentic, without a face, and where the model has no methods."
    )
    confidence: Confidence = Field(description=listed("How sure the name is.", CONFIDENCES))


class MaskBody(BaseModel):
    """Where a frame was manipulated, if it was."""

    width: Count = Field(description="Width of the mask in its own pixels.")
    height: Count = Field(description="Height of the mask in its own pixels.")
    area_fraction: Share = Field(description="Manipulated share of the mask's pixels, 0 to 1.")
    png: str | None = Field(
        description="Base64 of a PNG of one grey bit a pixel, white where manipulated; "
        "null with `mask=none`."
    )
    frame_index: FrameIndex


class FaceMaskBody(MaskBody):
    """Where a face was manipulated, if it was, in the square that the model was shown; for a
    tilted head in the upright square about that.

    All black for a face judged authentic.
    """

    box: BoxBody = Field(description="The square of the frame that the mask covers.")


class QualityBody(BaseModel):
    """Measured quality of a face."""

    width_px: Index = Field(description="Width of the face box in frame pixels, rounded.")
    sharpness: NotNegative = Field(
        description="Standard deviation of the Laplacian of the face's square in grey, scaled to "
        "the model's size; grey levels, from 0."
    )
    brightness: Grey = Field(
        description="Mean of the face's square in grey; grey levels, 0 (black) to 255 (white)."
    )
    blockiness: NotNegative = Field(
        description="How many times as large steps between blocks of 8 x 8 pixels are as steps "
        "inside them: 1 to 1.4 without visible compression, and 1 for a face too small to tell."
    )
    warnings: list[str] = Field(
        description=listed(
            "Stable codes of what is poor about the face; of one too poor to judge, followed by "
            "the face's own `warnings`.",
            QUALITY_WARNINGS,
        )
    )


class IntervalBody(BaseModel):
    """A stretch of a clip in which a face looks manipulated."""

    start_s: NotNegative = Field(description="Seconds from the clip's start.")
    end_s: NotNegative = Field(description="Seconds from the clip's start, after `start_s`.")


class FaceBody(BaseModel):
    """One face through the whole upload.

    Its most incriminating frame is the one with the highest `fake_probability` among those that
    have a say (`votes` in the `timeline`).
    """

    track: Track
    box: BoxBody = Field(description="The face box in its most incriminating frame.")
    detection_score: Share = Field(
        description="How sure the detector is of the face in that frame, 0 to 1."
    )
    fake_probability: Share = Field(
        description="Calibrated probability that the face was manipulated, 0 to 1. Of a clip, "
        "that of its most suspect run of neighbouring frames (a quarter of its time, at least two "
        "frames), drawn towards 0.5 the more its frames contradict one another."
    )
    verdict: FaceVerdict = Field(description=listed("What is judged of the face.", FACE_VERDICTS))
    method: MethodBody = Field(description="How the face was manipulated.")
    mask: FaceMaskBody = Field(
        description="Where the face was manipulated in its most incriminating frame."
    )
    area_fraction: Share = Field(
        description="Manipulated share of the square that `mask` covers, 0 to 1; the same as there."
    )
    quality: QualityBody = Field(description="Measured in its most incriminating frame.")
    frames_analyzed: Count = Field(description="Analysed frames the face was seen in, from 1.")
    first_s: NotNegative = Field(
        description="When the first of them is shown, in seconds from the clip's start; "
        "0 for a picture."
    )
    last_s: NotNegative = Field(
        description="When the last of them is shown, in seconds from the clip's start; "
        "0 for a picture."
    )
    intervals: list[IntervalBody] = Field(
        description="When the face looks manipulated, in order of time; empty for a picture, for "
        "a face judged authentic, and where no more than single frames do, but for the first, the "
        "last, and one that is shown for longer than both beside it together. Each begins and ends "
        "with a frame that does, and holds none that does not but single ones."
    )
    agreement: Share = Field(
        description="1 where its frames tell one story, down to 0 where each contradicts the one "
        "before; always 1 where up to three of them take a side."
    )
    warnings: list[str] = Field(
        description=listed(
            "Stable codes of why the verdict is inconclusive whatever the probability; else empty.",
            FACE_WARNINGS,
        )
    )
