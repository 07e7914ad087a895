"""What every network of this project takes and gives."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

FAKE, REAL = 0, 1
"""Indices of the latent halves and of the activations.

The published code numbers its labels `altered` = 0 and `original` = 1, so half 0 fires for
fakes in the published weights. We keep the order of the halves so that those weights load, and
name it; nowhere does a bare 1 mean "original".
"""

METHODS = ("deepfakes", "face2face", "faceswap")
"""Kinds of manipulation a method output can name, in the order of its logits."""


class NetworkOutput(NamedTuple):
    """Outputs for a batch of N crops of S x S pixels.

    activations: float (N, 2), mean absolute activation of the fake and the real half, >= 0; the
        fake half's with its lead.
    mask_logits: float (N, 1, S, S); sigmoid gives the probability that a pixel is manipulated.
    reconstruction: float (N, 3, S, S) in [0, 1], or None where it was not asked for.
    method_logits: float (N, len(METHODS)), or None where the network has no method output.
    """

    activations: Tensor
    mask_logits: Tensor
    reconstruction: Tensor | None
    method_logits: Tensor | None


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """What it takes to build a network again.

    preset: "paper" is the seed's network (BTAS 2019); "mobile" keeps its idea on a MobileNetV2
        encoder with skip connections into the mask branch and a method output.
    width: multiplies the channels of the paper's network; 1 is the paper's.
    mean, std: RGB normalisation of pictures in [0, 1], inside the network.
    size: side of the input in pixels, a multiple of 16.
    lead: what the fake half is given before the halves compete. A network that is shown sharper
        crops than it learned from takes more fakes for real; calibration would mend the verdict,
        but not which half is decoded into the mask.
    """

    preset: Literal["paper", "mobile"] = "paper"
    width: int = 1
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    size: int = 256
    lead: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready copy, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NetworkConfig":
        """Rebuild a configuration read from a checkpoint.

        Raises TypeError for unknown fields.
        """
        plain: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**plain)


MOBILE_CONFIG = NetworkConfig(
    preset="mobile", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)
)


class Normalise(nn.Module):
    """(x - mean) / std per channel, kept inside the network so that a model file needs no notes.

    The published code slices its batch instead of its channels, so that only the first three
    pictures of a batch were normalised; here every picture is.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(config.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        return (pictures - self.mean) / self.std


def split_halves(latent: Tensor) -> Tensor:
    """(N, 2C, H, W) as (N, 2, C, H, W): the fake half, then the real one."""
    count, channels, height, width = latent.shape
    return latent.reshape(count, 2, channels // 2, height, width)


def half_activations(latent: Tensor, lead: float = 0.0) -> Tensor:
    """Mean absolute value of each half of the latent features (BTAS 2019, eq. 1).

    latent: float (N, 2C, H, W). lead: added to the fake half's. Returns float (N, 2): fake, real.
    """
    activations = split_halves(latent.abs()).mean(dim=(2, 3, 4))
    if not lead:
        return activations
    return torch.stack((activations[:, FAKE] + lead, activations[:, REAL]), 1)


def silence_loser(latent: Tensor, winner: Tensor) -> Tensor:
    """Set the half that did not win to zero before decoding.

    latent: float (N, 2C, H, W); winner: int64 (N,), FAKE or REAL. Training passes the true
    label, use passes the stronger half (BTAS 2019, section 3).
    """
    halves = torch.arange(2, device=winner.device)
    keep = (winner[:, None] == halves).to(latent.dtype)[:, :, None, None, None]
    return (split_halves(latent) * keep).flatten(1, 2)


def stronger_half(activations: Tensor) -> Tensor:
    """Index of the stronger half, int64 (N,); a tie goes to REAL as in the published code."""
    return (activations[:, REAL] >= activations[:, FAKE]).long()


def method_features(latent: Tensor) -> Tensor:
    """What the method output sees: means and maxima of the fake half's channels.

    latent: float (N, 2C, H, W). Returns float (N, 2C).
    """
    fake = split_halves(latent)[:, FAKE]
    return torch.cat((fake.mean(dim=(2, 3)), fake.amax(dim=(2, 3))), 1)
