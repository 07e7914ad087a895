"""The ONNX file and what it says of itself."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from service.errors import ConfigurationError
from service.faces.crop import CropRule
from service.inference.seal import SEAL_KEY, is_whole
from service.inference.tensors import Tensor, check_tensors
from service.runtime import Runtime

METADATA_KEY = "unmask"
MASK_FLOOR = "mask_floor"
"""Input of models that need not draw masks: see `model_export.optimised.optional_mask`."""

_NO_METHODS = ("", "none", "unknown")
"""The last two are what reports say where no method is named."""

Rounding = Literal["int8", "float16"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]


def _distinct(methods: tuple[str, ...]) -> tuple[str, ...]:
    for method in methods:
        if not method.isprintable() or method.strip() in _NO_METHODS:
            raise ValueError(f"{method!r} is no name of a method")
    if len(set(methods)) < len(methods):
        raise ValueError("two methods have one name")
    return methods


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The one input: uint8 RGB, shape (N, size, size, 3)."""

    name: Literal["image"]
    size: Annotated[int, Field(ge=16, le=1024)]
    layout: Literal["NHWC"]
    dtype: Literal["uint8"]
    colour: Literal["RGB"]


@dataclass(frozen=True, slots=True)
class CropSpec:
    """The square the network was trained on: side = scale times the height of the face box.

    It is turned as the head is, and sharpened: by `sharpening` for each unit of enlargement above
    0.9, see `service.faces.sharpening`.
    """

    scale: Annotated[float, Field(gt=0.0, le=4.0)]
    sharpening: Annotated[float, Field(ge=0.0, le=10.0)] = 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """P(fake) = sigmoid(slope * (fake_activation - real_activation) + intercept)."""

    kind: Literal["logistic"]
    slope: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    intercept: Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where decisions are taken.

    manipulated, authentic: P(fake) from which, and up to which, the verdict on a face that is
        judged alone is certain.
    mask: grey level from which a mask pixel counts as manipulated.
    method: largest method probability below which the method is unknown.
    mean_excess: how slowly the logits of the reals that are most like fakes fall off; by how much
        one of several people must exceed `manipulated` follows from it.
    """

    manipulated: Share
    authentic: Share
    mask: Annotated[int, Field(ge=1, le=255)]
    method: Share
    mean_excess: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 0.0


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The metadata of a model file, schema 1. `methods` is empty without a method output.

    parity, figures: of a rounded file, those of the float one it was made from.
    second_look: fake_activation - real_activation above which a crop is judged again as its mirror
        image, see `service.inference.second_look`; None where all are judged once.
    quantised: how a file was rounded (`type`), how well it agrees with the float one, and that
        one's digest as `source_sha256`; None for a float file.
    """

    schema: Literal[1]
    name: str
    version: str
    preset: str
    input: InputSpec
    crop: CropSpec
    methods: Annotated[tuple[str, ...], AfterValidator(_distinct)]
    calibration: Calibration
    method_temperature: Annotated[float, Field(ge=0.01, le=100.0)]
    thresholds: Thresholds
    training_data: str
    licence: str
    figures: dict[str, Any]
    parity: dict[str, float]
    second_look: Annotated[float, Field(allow_inf_nan=False)] | None = None
    quantised: dict[str, Any] | None = None

    @property
    def crop_rule(self) -> CropRule:
        """The rule by which faces are cut out for this model."""
        return CropRule(self.crop.scale, self.input.size, self.crop.sharpening)

    @property
    def inputs(self) -> dict[str, Tensor]:
        """What a run must be given."""
        return {"image": Tensor((self.input.size, self.input.size, 3), np.uint8)}

    @property
    def outputs(self) -> dict[str, Tensor]:
        """What a run gives, in this order."""
        size = self.input.size
        found = {
            "fake_activation": Tensor((), np.float32),
            "real_activation": Tensor((), np.float32),
            "mask": Tensor((size, size), np.uint8),
        }
        if self.methods:
            found["method_logits"] = Tensor((len(self.methods),), np.float32)
        return found

    @property
    def rounding(self) -> Rounding | None:
        """What the float file was rounded to; None for that one itself."""
        if self.quantised is None:
            return None
        return "float16" if self.quantised.get("type") == "float16" else "int8"

    @property
    def precision(self) -> str:
        """`float32`, `float16` or `int8`."""
        return self.rounding or "float32"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model that keeps the contract.

    sha256: hex digest of `content`, the bytes every session is opened on: a file that is
        replaced while the service runs changes nothing.
    masks_optional: whether a run may go without masks, by the input `mask_floor`.
    """

    path: Path
    sha256: str
    spec: ModelSpec
    masks_optional: bool
    content: bytes = field(repr=False)

    @property
    def label(self) -> str:
        """Which one it is, for people: name, version, precision, the digest's beginning."""
        precision = "8 bits" if self.spec.rounding == "int8" else self.spec.precision
        return f"{self.spec.name} {self.spec.version} ({precision}, sha256 {self.sha256[:12]})"


def read_model_file(path: Path, runtime: Runtime) -> ModelFile:
    """Read and check a model file.

    Raises ConfigurationError, with one clear sentence, for a file that is absent, that
    ONNX Runtime cannot load, that is not as it was written (older ones do not tell), or whose
    metadata, inputs or outputs break the contract.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The model file {path} cannot be read: {error.strerror}. Set UNMASK_MODEL."
        ) from error
    try:
        session = runtime.open(content, ["CPUExecutionProvider"], threads=1)
    except ConfigurationError as error:
        raise ConfigurationError(f"The model file {path} cannot be used: {error}") from error
    metadata = session.get_modelmeta().custom_metadata_map
    seal, text = metadata.get(SEAL_KEY), metadata.get(METADATA_KEY)
    if seal is not None and not is_whole(content, seal):
        raise ConfigurationError(
            f"The model file {path} is not whole: it is not what unmask-model export wrote. "
            "Copy or export it again."
        )
    if text is None:
        raise ConfigurationError(
            f"The model file {path} has no '{METADATA_KEY}' metadata: "
            "it was not written by unmask-model export."
        )
    spec = parse_spec(text, path)
    check_tensors(session, spec.inputs, spec.outputs, path)
    switches = [node.name for node in session.get_overridable_initializers()]
    digest = hashlib.sha256(content).hexdigest()
    return ModelFile(path, digest, spec, MASK_FLOOR in switches, content)


def parse_spec(text: str, path: Path) -> ModelSpec:
    """Parse the metadata's JSON; `path` is for the error's sentence only."""
    try:
        spec = TypeAdapter(ModelSpec).validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the JSON text"
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"The metadata of the model file {path} is wrong at {place}: {reason}."
        ) from error
    if spec.thresholds.authentic > spec.thresholds.manipulated:
        raise ConfigurationError(
            f"The metadata of the model file {path} puts the threshold for authentic "
            "above the one for manipulated."
        )
    return spec
