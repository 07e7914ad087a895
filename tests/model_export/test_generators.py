"""The forge's face generators: trained small networks, not filters."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model_export.data.faces import FaceIndex
from model_export.data.generator import (
    DESIGNS,
    SIZE,
    FaceGenerator,
    Square,
    alignment,
    draw_square,
    generate,
    pass_through,
    regenerate,
)
from model_export.generators import MARGIN, aligned_faces, save_generators, train_generator


@pytest.mark.parametrize("number", range(len(DESIGNS)))
def test_a_shipped_generator_gives_back_a_face_with_its_own_texture(
    faces: FaceIndex, number: int
) -> None:
    face = faces.read(2)
    aligned = Square(alignment(face.landmarks)).look(face.pixels)
    made = generate(aligned, number)
    assert made.shape == aligned.shape == (SIZE, SIZE, 3)
    error = np.abs(made.astype(int) - aligned).mean()
    # Far nearer than another face would be (about 50), never the same.
    assert 1 < error < 20


def test_only_the_square_is_repainted(faces: FaceIndex) -> None:
    face, rng = faces.read(2), np.random.default_rng(0)
    square = draw_square(face.landmarks, rng)
    made = pass_through(face.pixels, square, rng, neural=1.0)
    height, width = face.pixels.shape[:2]
    inside = square.alpha(height, width, 0.05) > 0.5
    outside = square.alpha(height, width, 0.0) == 0
    change = np.abs(made.astype(int) - face.pixels).mean(2)
    assert change[inside].mean() > 1
    assert outside.any()
    assert change[outside].max() == 0


def test_without_a_network_only_the_resolution_is_lost(faces: FaceIndex) -> None:
    face, rng = faces.read(2), np.random.default_rng(0)
    square = draw_square(face.landmarks, rng, sizes=(256,))
    plain = pass_through(face.pixels, square, rng, neural=0.0)
    made = regenerate(face.pixels, face.landmarks, rng)
    lost = np.abs(plain.astype(int) - face.pixels).mean()
    assert lost < np.abs(made.astype(int) - face.pixels).mean()


def test_generators_are_trained_and_written(faces: FaceIndex, tmp_path: Path) -> None:
    pictures = aligned_faces(faces)
    assert pictures.shape == (3, 3, SIZE + 2 * MARGIN, SIZE + 2 * MARGIN)
    untrained = train_generator(2, pictures, steps=0)
    generator = train_generator(2, pictures, steps=24)
    assert isinstance(generator, FaceGenerator)
    save_generators([generator], tmp_path / "g.npz")
    with np.load(tmp_path / "g.npz") as stored:
        names = {f"0.{name}" for name in generator.state_dict()}
        assert set(stored.files) == names
        assert all(np.isfinite(stored[name]).all() for name in names)
    crop = pictures[:1, :, MARGIN:-MARGIN, MARGIN:-MARGIN].float() / 255
    with torch.inference_mode():
        before = untrained(crop)
        after = generator(crop)
    assert (after - crop).abs().mean() < (before - crop).abs().mean()


def test_generators_are_written_under_the_very_path_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "generators"
    save_generators([FaceGenerator(*DESIGNS[0])], path)
    assert [file.name for file in path.parent.iterdir()] == ["generators"]
    with np.load(path) as stored:
        assert stored.files
