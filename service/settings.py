"""Settings of the service, read from the environment: UNMASK_PORT, UNMASK_MEDIA__MAX_BYTES..."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.faces.plan import DetectorKind, DetectorPlan, ExtractionPlan
from service.inference.device import DeviceKind
from service.inference.precision import Precision
from service.media.limits import MediaLimits

Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0.0)]
_PORT = 8000
# What a list in JSON, or a value that an environment file quotes, begins with.
_QUOTES = "[\"'"


class Group(BaseModel):
    """Settings that belong together; a misspelt one must not leave its default in force."""

    model_config = ConfigDict(extra="forbid")


class ServerSettings(Group):
    """The HTTP edge.

    deadline_s: time from a request's arrival to its answer.
    unready_s: how long after SIGTERM requests are still accepted while readiness says 503, so that
        a load balancer notices first.
    drain_s: how long after that running requests may take, in whole seconds.
    keep_alive_s: for how long a connection may be idle after an answer, in whole seconds. A proxy
        that keeps its own for longer sends requests into those that have just been closed.
    shared_port: whether other processes may listen at the same port: an event loop is one thread,
        and with many cores, or a GPU, several of them answer more.
    own_port: a second port, at which this process alone answers: whoever asks a shared one for
        metrics or readiness hears of one of the processes, and not always the same.
    """

    deadline_s: Seconds = 60.0
    drain_s: Annotated[Seconds, Field(allow_inf_nan=False)] = 30.0
    unready_s: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 1.0
    keep_alive_s: Positive = 75
    shared_port: bool = False
    own_port: Annotated[int, Field(ge=1, le=65535)] | None = None


class MediaSettings(Group):
    """Uploads and the workers that decode them.

    frames: frames of a clip that are analysed unless the request says otherwise; where only a
        smaller max_frames is set, that many.
    capacity_bytes: bytes of all uploads in the service at once, those that still arrive included;
        more is refused with 503. An upload alone may have more.
    workers: decoding processes; None is one per usable core, but at least two. With two or
        more, one is always left to pictures.
    memory_bytes: limit of private memory of each worker; below 256 MiB the detector's share of a
        large picture does not fit, and it keeps what it once took.
    timeout_s: wall-clock limit for decoding one upload.
    lifetime_s: age at the latest at which a worker gets a successor and, once it has no job, ends;
        a start takes a core for a moment, so not every few seconds.
    """

    max_bytes: Positive = MediaLimits().max_bytes
    capacity_bytes: Positive = 2**30
    max_pixels: Positive = MediaLimits().max_pixels
    max_duration_s: Seconds = MediaLimits().max_duration_s
    max_frames_total: Positive = MediaLimits().max_frames_total
    frames: Positive = ExtractionPlan().frames
    max_frames: Positive = 64
    workers: Positive | None = None
    memory_bytes: Annotated[int, Field(ge=256 * 2**20, lt=2**63)] = 2 * 2**30
    timeout_s: Seconds = 30.0
    lifetime_s: Annotated[float, Field(ge=60.0)] = 600.0

    @model_validator(mode="after")
    def _frames_within(self) -> "MediaSettings":
        if "frames" in self.model_fields_set and self.frames > self.max_frames:
            raise ValueError("its FRAMES are more than its MAX_FRAMES")
        return self

    def limits(self) -> MediaLimits:
        """The limits as the media stage takes them."""
        return MediaLimits(
            self.max_bytes, self.max_pixels, self.max_duration_s, self.max_frames_total
        )


class FacesSettings(Group):
    """Detection.

    max_faces: faces kept of a picture or a frame, and the most that a request may ask for.
    """

    max_faces: Positive = ExtractionPlan().max_faces
    detector: DetectorKind = DetectorPlan().kind
    yunet_path: str | None = None
    min_score: Annotated[float, Field(ge=0.0, le=1.0)] = DetectorPlan().min_score

    def plan(self) -> DetectorPlan:
        """The settings as the faces stage takes them."""
        return DetectorPlan(self.detector, self.yunet_path, self.min_score)


class InferenceSettings(Group):
    """The network and its devices.

    devices: numbers of the GPUs to use.
    threads: threads of a CPU session; None is one, and more where cores are more than eight.
    buckets: batch sizes, ascending; the last is the largest batch. A CPU takes at most four.
    linger_s: how long a batch that is not full waits for more.
    capacity_crops: crops that may be in the service at once; more is refused with 503.
    tensorrt_cache: folder for TensorRT's engines.
    cuda_graphs: whether batches on a single GPU may be captured as CUDA graphs; each size is only
        where that is quicker, and only with a model that always draws the mask.
    """

    devices: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0,)
    threads: Annotated[int, Field(gt=0, le=256)] | None = None
    buckets: Annotated[tuple[Positive, ...], Field(min_length=1)] = (1, 2, 4, 8, 16)
    linger_s: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    capacity_crops: Positive = 256
    tensorrt_cache: Path | None = None
    cuda_graphs: bool = True

    @field_validator("buckets")
    @classmethod
    def _ascending(cls, buckets: tuple[int, ...]) -> tuple[int, ...]:
        if list(buckets) != sorted(set(buckets)):
            raise ValueError("batch sizes must ascend")
        return buckets


class VerdictSettings(Group):
    """What a face must have to be judged; with less it is inconclusive.

    min_face_px: width of the face box in pixels; below 64 the shipped model accuses too many real
        faces (model card, "Small faces").
    min_sharpness: standard deviation of the Laplacian of the crop, grey levels.
    """

    min_face_px: Positive = 64
    min_sharpness: Annotated[float, Field(ge=0.0)] = 1.0


class Settings(BaseSettings):
    """Everything that can be set. Nested groups are joined by two underscores.

    device: where the network runs; what is asked for is what is used, or the start fails.
        "auto" takes a GPU where there is one.
    precision: "auto" runs the model's 8-bit companion on CPUs that have fast 8-bit arithmetic,
        "float16" the half-precision companion on GPUs.
    api_keys: keys that clients must present, separated by commas; none leaves the service open.
    """

    model_config = SettingsConfigDict(
        env_prefix="UNMASK_", env_nested_delimiter="__", extra="ignore"
    )

    # An empty one, as an orchestrator's unset variable gives, would mean every address there is.
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = _PORT
    device: DeviceKind = "auto"
    precision: Precision = "auto"
    model: Path = Path(__file__).parent / "weights" / "unmask.onnx"
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    server: ServerSettings = ServerSettings()
    media: MediaSettings = MediaSettings()
    faces: FacesSettings = FacesSettings()
    inference: InferenceSettings = InferenceSettings()
    verdict: VerdictSettings = VerdictSettings()

    @field_validator("port", mode="before")
    @classmethod
    def _own_port(cls, port: object) -> object:
        """Kubernetes tells pods of a service called `unmask` its address under this very name."""
        return _PORT if is_link(port) else port

    @field_validator("server")
    @classmethod
    def _ports_apart(cls, server: ServerSettings, info: ValidationInfo) -> ServerSettings:
        port = info.data.get("port")
        if server.own_port is not None and server.own_port == port:
            raise ValueError("its OWN_PORT must be another one than UNMASK_PORT")
        if server.shared_port and port == 0:
            raise ValueError("a SHARED_PORT cannot be any free port, which UNMASK_PORT=0 asks for")
        return server

    @field_validator("api_keys", mode="before")
    @classmethod
    def _split(cls, keys: object) -> object:
        if not isinstance(keys, str):
            return keys
        split = [key.strip() for key in keys.split(",") if key.strip()]
        if keys and not split:
            raise ValueError("it holds no key; without the variable the service is open to all")
        if any(key[0] in _QUOTES for key in split):
            raise ValueError("keys are separated by commas, without brackets or quotes")
        # Clients do not agree on how a header would carry others.
        if not all(key.isascii() and key.isprintable() for key in split):
            raise ValueError("a key must be printable ASCII")
        return split


def ignored_variables(environment: Mapping[str, str]) -> list[str]:
    """Names of the environment variables that look like settings and are none.

    Worth a warning, not an error: orchestrators put variables of their own beside ours, named
    after the service (Kubernetes: UNMASK_SERVICE_HOST, and UNMASK_PORT with an address in it).
    """
    prefix, delimiter = "UNMASK_", "__"
    return [
        name
        for name, value in environment.items()
        if name.upper().startswith(prefix)
        and (
            name[len(prefix) :].split(delimiter)[0].lower() not in Settings.model_fields
            or (name.upper() == f"{prefix}PORT" and is_link(value))
        )
    ]


def is_link(port: object) -> bool:
    """Whether what is called a port is another service's whole address, `tcp://HOST:PORT`."""
    return isinstance(port, str) and port.startswith("tcp://")
