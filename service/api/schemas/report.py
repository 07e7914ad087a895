"""The report on one upload."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, WithJsonSchema

from service.api.schemas.face import BoxBody, FaceBody, MaskBody, MethodBody
from service.api.schemas.quantities import (
    Count,
    DeviceName,
    FrameIndex,
    NotNegative,
    Sha256,
    Share,
    Track,
)
from service.api.schemas.vocabulary import REPORT_WARNINGS, VERDICTS, listed
from service.verdict.findings import Verdict
from service.verdict.rendering import CLIP_SIDE, OVERLAY_TYPE, PICTURE_SIDE


class TimelineFaceBody(BaseModel):
    """One face in one frame."""

    track: Track
    fake_probability: Share = Field(
        description="Calibrated probability that the face was manipulated in this frame, 0 to 1. "
        "Of a clip, what its codec's prediction adds to that, as the face's other frames tell it, "
        "is brought to the usual."
    )
    box: BoxBody = Field(description="The face box in this frame.")
    roll_deg: float = Field(
        description="Degrees, clockwise, by which the square that the model was shown is turned "
        "about the box's middle, so that a tilted head stands upright in it; -180 to 180."
    )
    in_key_frame: bool = Field(
        description="Whether the frame is stored by itself, as far as that is known: always in a "
        "picture."
    )
    votes: bool = Field(
        description="Whether the face's verdict heeds this frame: not where the face is too poor "
        "to judge in it while it is seen well enough elsewhere."
    )


class TimelineBody(BaseModel):
    """One analysed frame."""

    frame_index: FrameIndex
    time_s: NotNegative = Field(
        description="When it is shown, in seconds from the clip's start; 0 for a picture."
    )
    until_s: NotNegative = Field(
        description="Until when, in seconds from the clip's start; 0 for a picture."
    )
    faces: list[TimelineFaceBody] = Field(
        description="The faces in it, by track; empty without one."
    )


class OverlayBody(BaseModel):
    """The analysed frames with masks and faces drawn on them."""

    media_type: str = Field(description=f"Always `{OVERLAY_TYPE}`.")
    data: str = Field(
        description="Base64 of the file: of a picture a still of at most "
        f"{PICTURE_SIDE:,} pixels a side, of a clip an animation of at most {CLIP_SIDE:,}."
    )


class MediaBody(BaseModel):
    """The upload."""

    kind: Literal["image", "video"] = Field(
        description="`video` where there is more than one frame, animated GIF, PNG and WebP "
        "included; else `image`."
    )
    format: str = Field(
        description="By the file's first bytes: `jpeg`, `png`, `webp`, `bmp`, `tiff`, `gif`, "
        "`mp4`, `mov`, `webm`, `mkv` or `avi`."
    )
    width: Count = Field(description="Width of the upright frame in square pixels.")
    height: Count = Field(description="Height of the upright frame in square pixels.")
    duration_s: NotNegative | None = Field(
        description="Length of a clip in seconds, as far as it could be read; null for an image."
    )
    frames_total: Count = Field(
        description="Frames in the upload, as far as it could be read; 1 for an image."
    )
    frames_analyzed: Count = Field(
        description="Frames that were looked at, one of each equal stretch; at most `max_frames`."
    )
    sha256: Sha256 = Field(description="SHA-256 of the uploaded file in hexadecimal.")


class ModelBody(BaseModel):
    """The model that judged; `GET /model` tells more of it."""

    name: str = Field(description="Name of the model.")
    version: str = Field(description="Version of the model.")
    sha256: Sha256 = Field(
        description="SHA-256 in hexadecimal of the model file that ran; a rounded version of a "
        "model has its own."
    )
    device: DeviceName


class TimingBody(BaseModel):
    """Time in each stage. Receiving, sending and drawing an overlay are not counted."""

    media: NotNegative = Field(
        description="Milliseconds from waiting for a decoding worker until all faces were cut out."
    )
    queue: NotNegative = Field(
        description="Milliseconds until the first face reached the model; 0 without a face."
    )
    inference: NotNegative = Field(
        description="Milliseconds from then until the model had judged the last; 0 without a face."
    )
    report: NotNegative = Field(
        description="Milliseconds spent on putting the report together, its masks included."
    )
    total: NotNegative = Field(description="Milliseconds in these four stages together.")


class ReportBody(BaseModel):
    """The report on one upload.

    The worst face decides: of the faces good enough to judge (and those that look manipulated and
    were so in a frame at least), or of all where there is none, a manipulated one before an
    inconclusive before an authentic, then the one with the highest `fake_probability`.
    """

    id: Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{32}$"})] = Field(
        description="Random identifier of this analysis, 32 hexadecimal digits."
    )
    verdict: Verdict = Field(description=listed("Verdict on the face that decides.", VERDICTS))
    fake_probability: Share | None = Field(
        description="Calibrated probability that the face that decides was manipulated, 0 to 1, "
        "as if half of all faces were; null for `no_face`."
    )
    real_probability: Share | None = Field(
        description="1 - `fake_probability`, 0 to 1; null for `no_face`."
    )
    method: MethodBody = Field(description="How the face that decides was manipulated.")
    mask: MaskBody | None = Field(
        description="The most incriminating frame of the face that decides, at full size, with "
        "the masks of all its faces that are not judged authentic: where they were manipulated, "
        "if they were. Of an `authentic` upload those alone that look manipulated but could not "
        "be judged. Null for `no_face`."
    )
    overlay: OverlayBody | None = Field(
        description="All analysed frames, drawn on; null unless `mask=clip`, and for `no_face`."
    )
    faces: list[FaceBody] = Field(description="Every face, by track; empty for `no_face`.")
    timeline: list[TimelineBody] = Field(
        description="Every analysed frame, in order of time; one for an image."
    )
    media: MediaBody = Field(description="What was uploaded.")
    model: ModelBody = Field(description="What judged.")
    timing_ms: TimingBody = Field(description="What took how long, in milliseconds.")
    warnings: list[str] = Field(
        description=listed(
            "Stable codes of what limits the verdict: of the upload, then those of the face that "
            "decides, and where that one is inconclusive those of its `quality`; of an `authentic` "
            "upload also those of faces that look manipulated but could not be judged.",
            REPORT_WARNINGS,
        )
    )
