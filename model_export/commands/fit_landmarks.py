"""`unmask-model fit-landmarks`: fit the regression from five landmarks to 68."""

import argparse
from pathlib import Path

import numpy as np

from model_export.commands.arguments import existing_path
from model_export.commands.targets import expect_file
from model_export.data.faces import read_table
from model_export.data.landmarks import FITTED, fit, mean_error

FEWEST = 20
"""Faces that a fit takes: it has eleven unknowns for each number, and some faces measure it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("landmarks", type=existing_path, help="npz with points5 and landmarks68")
    parser.add_argument("-o", "--out", type=Path, default=FITTED, help="npz to write")


def run(options: argparse.Namespace) -> int:
    """Fit on nine tenths, print the error on the last tenth. Raises ValueError for few faces."""
    expect_file(options.out)
    table = read_table(options.landmarks, {"points5": (5, 2), "landmarks68": (68, 2)})
    five, full = table["points5"].astype(np.float32), table["landmarks68"].astype(np.float32)
    if len(five) < FEWEST:
        raise ValueError(f"{options.landmarks} holds {len(five)} faces: a fit takes {FEWEST}")
    held_out = np.random.default_rng(0).random(len(five)) < 0.1
    landmarker = fit(five[~held_out], full[~held_out])
    landmarker.save(options.out)
    error = mean_error(landmarker, five[held_out], full[held_out])
    print(f"{options.out}: mean error {error:.3f} eye distances on {held_out.sum()} faces")
    return 0
