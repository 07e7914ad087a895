"""What the model says of itself."""

from typing import Any

from pydantic import BaseModel, Field

from service.api.schemas.quantities import Count, DeviceName, NotNegative, Positive, Sha256, Share
from service.faces.sharpening import FALLS_TO, LEAST_LIMIT, MOST, UNSEEN


class InputBody(BaseModel):
    """The one input of the network."""

    name: str = Field(description="Name of the tensor: `image`.")
    size: Count = Field(description="Width and height of a crop in pixels.")
    layout: str = Field(description="Order of the axes: `NHWC`.")
    dtype: str = Field(description="Type of the values: `uint8`.")
    colour: str = Field(description="Order of the channels: `RGB`.")


class CropBody(BaseModel):
    """The square around a face, turned as the head is, that the model was trained on."""

    scale: Positive = Field(description="Its side in heights of the face box.")
    sharpening: NotNegative = Field(
        description=f"How much it is sharpened for each unit of enlargement above {UNSEEN:g}, "
        f"{MOST:g} at most and {LEAST_LIMIT:g} from an enlargement of {FALLS_TO:g} on; 0 for none."
    )


class CalibrationBody(BaseModel):
    """fake_probability = sigmoid(slope * (fake activation - real activation) + intercept)."""

    kind: str = Field(description="The function: `logistic`.")
    slope: Positive = Field(description="Slope of the logit.")
    intercept: float = Field(description="Logit where both activations are equal.")


class ThresholdsBody(BaseModel):
    """Where decisions are taken."""

    manipulated: Share = Field(
        description="`fake_probability` from which a face that is judged alone is called "
        "manipulated, 0 to 1."
    )
    authentic: Share = Field(
        description="`fake_probability` up to which a face is judged authentic, 0 to 1."
    )
    mask: Count = Field(
        description="Grey level from which a pixel of a mask is manipulated, 1 to 255."
    )
    method: Share = Field(
        description="Probability of the likeliest method below which it is unknown, 0 to 1."
    )
    mean_excess: NotNegative = Field(
        description="What the logit of `manipulated` rises by where several people are judged, "
        "in a frame or one after another, for each unit of the natural logarithm of their number, "
        "so that real ones are called manipulated in no more uploads than where there is one; 0 "
        "for nothing. Faces of a clip that look alike, and share no frame, count as one person."
    )


class ServiceBody(BaseModel):
    """What of the service, beside the model, has a say in verdicts."""

    version: str = Field(description="Version of Unmask.")
    onnxruntime: str = Field(description="Version of ONNX Runtime.")
    min_face_px: Count = Field(description="Width of a face in pixels below which it is too small.")
    min_sharpness: NotNegative = Field(description="Sharpness below which a face is too blurred.")
    detector: str = Field(description="What finds faces: `libfacedetection` or `yunet`.")
    min_score: Share = Field(description="Score of the detector below which a find is no face.")
    max_faces: Count = Field(description="Faces that are kept of a picture or a frame.")
    frames: Count = Field(description="Frames of a clip that are analysed.")
    max_frames: Count = Field(description="The most that may be asked for.")


class ModelCardBody(BaseModel):
    """The metadata of the model file that runs, its digest, and where it runs."""

    schema_: int = Field(alias="schema", description="Version of the metadata: 1.")
    name: str = Field(description="Name of the model.")
    version: str = Field(description="Version of the model.")
    preset: str = Field(description="Kind of network: `paper`, `mobile`, or another's own word.")
    input: InputBody = Field(description="The tensor that the network takes.")
    crop: CropBody = Field(description="What is cut out around a face.")
    methods: list[str] = Field(
        description="The methods that the model tells apart; empty where it tells none."
    )
    calibration: CalibrationBody = Field(description="From activations to `fake_probability`.")
    method_temperature: Positive = Field(
        description="What the logits of the methods are divided by before the softmax."
    )
    thresholds: ThresholdsBody = Field(description="From probabilities to verdicts and methods.")
    training_data: str = Field(description="What the model was trained on, in words.")
    licence: str = Field(description="Terms of the weights, in words.")
    figures: dict[str, Any] = Field(
        description="Figures noted when the model was made, by their names; empty without any."
    )
    parity: dict[str, float] = Field(
        description="How far the float file's outputs were from the network it was exported from, "
        "by the measures' names."
    )
    second_look: float | None = Field(
        description="Difference of the activations, fake less real, above which a crop is judged "
        "again as its mirror image and the outputs averaged; null where none is."
    )
    quantised: dict[str, Any] | None = Field(
        description="How a rounded file (`type`: `int8`, `float16`) agrees with the float file it "
        "was made from, whose SHA-256 is `source_sha256`; null for a float file."
    )
    sha256: Sha256 = Field(description="SHA-256 of the model file in hexadecimal.")
    device: DeviceName
    provider: str = Field(description="ONNX Runtime's name of what computes there.")
    service: ServiceBody = Field(description="What else has a say in verdicts.")
