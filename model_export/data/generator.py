"""Small autoencoders of faces: the neural generator that a face swap's pixels come from.

Blurring imitates a generator's resolution but not its texture, which is what gives real swaps
away. Several of them, with the ways of upsampling that real generators use, keep a detector from
learning one fingerprint.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from model_export.data.masks import Alpha, polygon
from model_export.data.rng import Rng, between
from model_export.data.warp import Picture, Points, move_points, similarity

SIZE = 128
"""Side in pixels of what a generator takes and gives, that of widely used swappers."""
Upsampling = Literal["nearest", "transposed", "shuffle"]
DESIGNS: tuple[tuple[Upsampling, int, int], ...] = (
    ("nearest", 12, 3),
    ("shuffle", 32, 3),
    ("transposed", 6, 2),
    ("nearest", 10, 2),
)
"""Way of upsampling, channels of the latent picture, and how often it is halved, of each shipped
generator: two as soft as early deepfakes, two as sharp as later swappers."""
SHARES = (0.1, 0.1, 0.4, 0.4)
"""How often each of them is drawn: the sharp ones are those hard to see."""
TEMPLATE = np.array([(0.35, 0.42), (0.65, 0.42), (0.5, 0.72)], np.float32)
"""Eyes and mouth in the unit square that a generator sees."""


class FaceGenerator(nn.Module):
    """An aligned face through a bottleneck: float (N, 3, 128, 128) in [0, 1], in and out."""

    def __init__(self, upsampling: Upsampling, latent: int, halvings: int) -> None:
        super().__init__()
        widths = (3, 32, 64, 96)[: halvings + 1]
        deepest = widths[-1]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.LeakyReLU(0.1)]
        layers += [nn.Conv2d(deepest, latent, 1), nn.Conv2d(latent, deepest, 3, 1, 1)]
        layers.append(nn.LeakyReLU(0.1))
        for inputs, outputs in pairwise((*reversed(widths[1:]), 16)):
            layers += [*_up(upsampling, inputs, outputs), nn.LeakyReLU(0.1)]
        layers += [nn.Conv2d(16, 3, 3, 1, 1), nn.Sigmoid()]
        self.layers = nn.Sequential(*layers)

    def forward(self, faces: Tensor) -> Tensor:
        result: Tensor = self.layers(faces)
        return result


def _up(upsampling: Upsampling, inputs: int, outputs: int) -> list[nn.Module]:
    if upsampling == "transposed":
        return [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)]
    if upsampling == "shuffle":
        return [nn.Conv2d(inputs, 4 * outputs, 3, 1, 1), nn.PixelShuffle(2)]
    return [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1)]


def alignment(landmarks: Points, zoom: float = 1.0) -> NDArray[np.float64]:
    """Similarity, float64 (2, 3), from picture pixels to a generator's; zoom > 1 comes closer."""
    eyes = (landmarks[36:42].mean(0), landmarks[42:48].mean(0))
    own = np.array([*eyes, landmarks[48:60].mean(0)], np.float32)
    centre = np.array([0.5, 0.53], np.float32)
    return similarity(own, np.float32(SIZE) * (centre + zoom * (TEMPLATE - centre)))


@dataclass(frozen=True, slots=True)
class Square:
    """What a generator sees of a picture.

    matrix: float64 (2, 3), from picture pixels to its own, of which there are size x size.
    """

    matrix: NDArray[np.float64]
    size: int = SIZE

    def look(self, picture: Picture) -> Picture:
        """The square's content, uint8 (size, size, 3); linear, as aligners do it."""
        return np.asarray(
            cv2.warpAffine(
                picture, self.matrix, (self.size, self.size), borderMode=cv2.BORDER_REFLECT_101
            ),
            np.uint8,
        )

    def put_back(self, content: Picture, picture: Picture, interpolation: int) -> Picture:
        """The picture with the square's content in its place."""
        height, width = picture.shape[:2]
        flags = interpolation | cv2.WARP_INVERSE_MAP
        placed = cv2.warpAffine(content, self.matrix, (width, height), flags=flags)
        return np.where(self.alpha(height, width, 0.02)[..., None] > 0.5, placed, picture).astype(
            np.uint8
        )

    def alpha(self, height: int, width: int, inset: float) -> Alpha:
        """The square in a picture, its rim drawn in by a share of its side."""
        margin = inset * self.size
        far = self.size - margin
        corners = np.array([(margin, margin), (far, margin), (far, far), (margin, far)], np.float32)
        to_picture = np.asarray(cv2.invertAffineTransform(self.matrix), np.float64)
        return polygon(move_points(corners, to_picture), height, width)


def draw_square(landmarks: Points, rng: Rng, sizes: tuple[int, ...] = (SIZE,)) -> Square:
    """The square of some aligned generator around a face."""
    size = int(rng.choice(sizes))
    return Square(alignment(landmarks, between(rng, 0.8, 1.15)) * (size / SIZE), size)


def pass_through(picture: Picture, square: Square, rng: Rng, neural: float) -> Picture:
    """The picture after the square went through a generator.

    neural: probability of one of the shipped generators; else only the resolution is lost.
    """
    content = square.look(picture)
    if rng.random() < neural:
        content = generate(content, int(rng.choice(len(DESIGNS), p=SHARES)))
    interpolation = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    return square.put_back(content, picture, interpolation)


def generate(aligned: Picture, number: int) -> Picture:
    """What a shipped generator makes of an aligned face, uint8 (S, S, 3), S a multiple of 8."""
    generator = shipped_generators()[number]
    with torch.inference_mode():
        given = torch.from_numpy(np.ascontiguousarray(aligned)).permute(2, 0, 1)[None].float()
        made = generator(given / 255)[0].permute(1, 2, 0)
        return np.asarray((made * 255).round().byte().numpy())


def regenerate(picture: Picture, landmarks: Points, rng: Rng) -> Picture:
    """The picture with its face replaced by what one of the shipped generators makes of it.

    picture: uint8 RGB (H, W, 3); landmarks: float32 (68, 2). Beyond the generator's square the
    picture is unchanged.
    """
    square = draw_square(landmarks, rng, sizes=(SIZE, SIZE, 192, 256))
    return pass_through(picture, square, rng, neural=1.0)


@cache
def shipped_generators() -> tuple[FaceGenerator, ...]:
    """The generators of DESIGNS with the weights that come with the package."""
    path = resources.files("model_export.data") / "generators.npz"
    made = []
    # A fresh network draws weights: whoever trains must not see that in their random numbers.
    with path.open("rb") as file, np.load(file) as stored, torch.random.fork_rng(devices=[]):
        for number, design in enumerate(DESIGNS):
            generator = FaceGenerator(*design)
            names = generator.state_dict()
            generator.load_state_dict(
                {k: torch.from_numpy(stored[f"{number}.{k}"].astype(np.float32)) for k in names}
            )
            made.append(generator.eval())
    return tuple(made)
