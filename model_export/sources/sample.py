"""One crop with what is known of it, and what could not be used."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model_export.networks.contract import METHODS
from service.faces.plan import ExtractionPlan
from service.faces.sharpening import sharpened
from service.media.stretches import Stretch
from service.settings import VerdictSettings
from service.verdict.support import SupportRule

_USUAL = VerdictSettings()
SUPPORT = SupportRule(_USUAL.min_face_px, _USUAL.min_sharpness)
"""What a face must have to be judged, where nobody has set it otherwise."""
UNKNOWN_STRETCH = Stretch(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Sample:
    """A crop and its truth.

    crop: uint8 RGB (S, S, 3). fake: whether it was manipulated. method: how, as the data calls
    it; None for reals. mask: uint8 (S, S), 255 = manipulated, or None where it is not known; a
    real's mask is black and not stored. group: the picture or clip it comes from; track: which
    face of it. warnings: quality codes of service.faces.quality. time_s: of
    the frame in its clip. sharpening: by how much the crop is still to be sharpened. origin: what
    a real and the fakes that were made from it have in common; empty where that is not known.
    person: whose picture it is, or was before it was manipulated; empty where that is not known.
    in_key_frame: whether its frame is stored by itself, as far as that is known. good: whether
    its quality lets the service judge it, see SUPPORT; true where that is not known. stretch: the
    part of its clip that the frame stands for; the same for all where that is not known.
    crowded_out: of how many more frames, as far as that is known: see FaceCrop.
    """

    crop: NDArray[np.uint8]
    fake: bool
    method: str | None
    mask: NDArray[np.uint8] | None
    group: str
    track: int = 0
    warnings: tuple[str, ...] = ()
    time_s: float = 0.0
    sharpening: float = 0.0
    origin: str = ""
    person: str = ""
    in_key_frame: bool = True
    good: bool = True
    stretch: Stretch = UNKNOWN_STRETCH
    crowded_out: int = 0

    @property
    def seen(self) -> NDArray[np.uint8]:
        """The crop as the network is to see it."""
        return sharpened(self.crop, self.sharpening)

    @property
    def kin(self) -> str:
        """What a real and the fakes made from it, or the frames of a clip, have in common."""
        return self.origin or self.group

    @property
    def trial(self) -> str:
        """What is judged rightly or wrongly together: its errors are no independent ones.

        It must not be divided between learning and measuring.
        """
        return self.person or self.kin


def unsharpened(plan: ExtractionPlan) -> ExtractionPlan:
    """The plan, its crops left as they are: they are sharpened after what strains them further."""
    return replace(plan, crop=replace(plan.crop, sharpening=0.0))


@dataclass
class Tally:
    """What happened to the files of a source; filled while it is read.

    whole: pictures taken whole because no face was found in them; no_face: clips dropped for
    the same reason; unreadable: files that are no picture or clip, with the reason; softened:
    how many pictures were blurred to be as sharp as those of the other class; unused_masks: what
    lies among the masks and belongs to no fake; unusable_masks: fakes that count as fakes without a
    mask, with what is wrong with theirs.
    """

    files: int = 0
    whole: list[str] = field(default_factory=list)
    no_face: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    softened: int = 0
    unused_masks: list[str] = field(default_factory=list)
    unusable_masks: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, object]:
        """A JSON-ready copy."""
        return {
            "files": self.files,
            "taken_whole_without_a_face": self.whole,
            "dropped_without_a_face": self.no_face,
            "unreadable": self.unreadable,
            "softened": self.softened,
            "unused_masks": self.unused_masks,
            "unusable_masks": self.unusable_masks,
        }


class Source(Protocol):
    """Data to judge. `tally` holds after `samples` has been read to its end."""

    tally: Tally

    def samples(self) -> Iterator[Sample]:
        """Every sample, reproducibly, in the same order each time."""
        ...


def known_method(name: str | None) -> int | None:
    """Index into METHODS of a method as data sets spell it ("Deepfakes", "face_swap")."""
    plain = "".join(c for c in (name or "").lower() if c.isalnum())
    return METHODS.index(plain) if plain in METHODS else None
