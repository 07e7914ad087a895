"""The three losses of the paper, and those of the stronger network."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
    one_hot,
)

from model_export.networks.contract import FAKE, REAL, NetworkOutput

ACTIVATION_SLOPE = 6.0
"""Turns a difference of activations, about -1 to 1, into a logit for the stronger network."""
NO_METHOD = -1
"""Method label of real crops and of fakes of no named method: they teach the method nothing."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a batch of N crops.

    winner: int64 (N,), FAKE or REAL; masks: float (N, 1, S, S) in [0, 1], 1 = manipulated;
    methods: int64 (N,), index into METHODS or NO_METHOD; pictures: float (N, 3, S, S) in [0, 1].
    """

    winner: Tensor
    masks: Tensor
    methods: Tensor
    pictures: Tensor


def paper_losses(output: NetworkOutput, truth: Truth) -> dict[str, Tensor]:
    """Activation, segmentation and reconstruction loss, equally weighted (BTAS 2019, eq. 2-5).

    The activation loss is |a_fake - y| + |a_real - (1 - y)|. Segmentation is the pixel
    cross-entropy of two classes, taken once on logits: the published code takes softmax twice.
    Hard masks, as in the paper. Reconstruction is the mean squared error in the tanh's own
    range [-1, 1], which is four times that in [0, 1].
    """
    wanted = one_hot(truth.winner, 2).float()
    reconstruction = output.reconstruction
    if reconstruction is None:
        raise ValueError("training needs the reconstruction branch")
    return {
        "activation": 2 * l1_loss(output.activations.float(), wanted),
        "segmentation": binary_cross_entropy_with_logits(
            output.mask_logits.float(), (truth.masks > 0.5).float()
        ),
        "reconstruction": 4 * mse_loss(reconstruction.float(), truth.pictures),
    }


def stronger_losses(output: NetworkOutput, truth: Truth) -> dict[str, Tensor]:
    """Losses of the stronger network: the same three tasks, and the method.

    Classification is a cross-entropy on the difference of the activations, whose gradient does
    not vanish for crops on the wrong side; segmentation adds a soft Dice on fakes, since an
    all-black mask already scores well on pixels; soft masks teach feathered edges.
    """
    activations = output.activations.float()
    logits = ACTIVATION_SLOPE * (activations[:, FAKE] - activations[:, REAL])
    fake = truth.winner == FAKE
    masks = output.mask_logits.float()
    losses = {
        "activation": binary_cross_entropy_with_logits(logits, fake.float()),
        "segmentation": binary_cross_entropy_with_logits(masks, truth.masks)
        + 0.5 * dice_loss(masks[fake], truth.masks[fake]),
    }
    if output.reconstruction is not None:
        losses["reconstruction"] = mse_loss(output.reconstruction.float(), truth.pictures)
    named = truth.methods != NO_METHOD
    if output.method_logits is not None and bool(named.any()):
        losses["method"] = 0.3 * cross_entropy(
            output.method_logits[named].float(), truth.methods[named]
        )
    return losses


def dice_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """1 - soft Dice, averaged over pictures; 0 for an empty batch. Shapes (N, 1, H, W)."""
    if not len(logits):
        return logits.sum()
    guess = torch.sigmoid(logits).flatten(1)
    wanted = masks.flatten(1)
    overlap = 2 * (guess * wanted).sum(1) + 1
    return (1 - overlap / (guess.sum(1) + wanted.sum(1) + 1)).mean()
