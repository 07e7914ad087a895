"""Training of the forge's face generators."""

import logging
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import l1_loss, relu

from model_export.data.faces import FaceIndex
from model_export.data.generator import DESIGNS, SIZE, FaceGenerator, alignment
from model_export.data.warp import warp

log = logging.getLogger(__name__)

MARGIN = 16
"""Pixels around the generator's square that random shifts draw from."""
BATCH = 16
ADVERSARY_FROM = 0.5
"""Share of the training after which the adversary joins: before, faces are mere blurs."""


def train_generator(number: int, faces: Tensor, steps: int, seed: int = 0) -> FaceGenerator:
    """One of DESIGNS, learning to give back what it sees, sharply.

    faces: uint8 (N, 3, SIZE + 2 MARGIN, SIZE + 2 MARGIN). The loss is the absolute error of
    pixels and of their differences, and for the second half a small patch adversary's (hinge),
    without which everything fine is blurred away.
    """
    torch.manual_seed(seed + number)
    generator = FaceGenerator(*DESIGNS[number])
    generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    adversary = nn.Sequential(
        nn.Conv2d(3, 32, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(32, 64, 4, 2, 1),
        nn.LeakyReLU(0.2), nn.Conv2d(64, 1, 3, 1, 1),
    )  # fmt: skip
    makes = torch.optim.Adam(generator.parameters(), 1e-3, betas=(0.5, 0.99))
    doubts = torch.optim.Adam(adversary.parameters(), 4e-4, betas=(0.5, 0.99))
    for step in range(steps):
        progress = step / steps
        real = _draw(faces)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            made = generator(real).float()
        loss = l1_loss(made, real) + _differences(made, real)
        if progress > ADVERSARY_FROM:
            loss = loss - 0.01 * adversary(made).mean()
        makes.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for group in makes.param_groups:
            group["lr"] = 1e-3 * max(0.05, 1 - progress)
        makes.step()
        if progress > ADVERSARY_FROM - 0.05:
            doubt = relu(1 - adversary(real)).mean() + relu(1 + adversary(made.detach())).mean()
            doubts.zero_grad()
            doubt.backward()  # type: ignore[no-untyped-call]
            doubts.step()
        if step % 100 == 99:
            error = float(l1_loss(made.detach(), real)) * 255
            log.info("generator %d step %d error %.2f grey levels", number, step + 1, error)
    generator.eval()
    return generator


def aligned_faces(index: FaceIndex) -> Tensor:
    """Every face of an index, aligned, uint8 (N, 3, side, side) with MARGIN on each side."""
    side = SIZE + 2 * MARGIN
    made = np.empty((len(index), side, side, 3), np.uint8)
    for position in range(len(index)):
        face = index.read(position)
        matrix = alignment(face.landmarks)
        matrix[:, 2] += MARGIN
        scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
        pixels = face.pixels
        if scale < 0.6:
            # Without this a large picture would alias; real aligners see video frames.
            pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.4 / scale), np.uint8)
        made[position] = warp(pixels, matrix, side, side)
    return torch.from_numpy(made).permute(0, 3, 1, 2)


def save_generators(generators: list[FaceGenerator], path: Path) -> None:
    """Write weights as float16, one file for all; folders that are missing are made.

    Raises OSError when the file cannot be written.
    """
    tables = {
        f"{number}.{name}": value.detach().float().numpy().astype(np.float16)
        for number, generator in enumerate(generators)
        for name, value in generator.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # Given a path, numpy would add .npz where another name was asked for.
    with path.open("wb") as file:
        np.savez_compressed(file, **tables)


def _draw(faces: Tensor) -> Tensor:
    chosen = faces[torch.randint(len(faces), (BATCH,))]
    top, left = torch.randint(2 * MARGIN + 1, (2,)).tolist()
    crops = chosen[:, :, top : top + SIZE, left : left + SIZE].float() / 255
    if torch.rand(()) < 0.5:
        crops = crops.flip(3)
    return crops.contiguous(memory_format=torch.channels_last)


def _differences(made: Tensor, real: Tensor) -> Tensor:
    across = l1_loss(made.diff(dim=3), real.diff(dim=3))
    return across + l1_loss(made.diff(dim=2), real.diff(dim=2))
