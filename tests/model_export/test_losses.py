"""The losses, on cases small enough to work out by hand."""

import pytest
import torch

from model_export.losses import NO_METHOD, Truth, dice_loss, paper_losses, stronger_losses
from model_export.networks.contract import FAKE, REAL, NetworkOutput


def truth() -> Truth:
    masks = torch.zeros(2, 1, 4, 4)
    masks[0, 0, :2] = 1
    return Truth(
        winner=torch.tensor([FAKE, REAL]),
        masks=masks,
        methods=torch.tensor([0, NO_METHOD]),
        pictures=torch.full((2, 3, 4, 4), 0.5),
    )


def output(activations: list[list[float]], mask: float, grey: float = 0.5) -> NetworkOutput:
    signs = truth().masks * 2 - 1
    return NetworkOutput(
        torch.tensor(activations),
        signs * mask,
        torch.full((2, 3, 4, 4), grey),
        torch.tensor([[9.0, 0.0, 0.0], [0.0, 0.0, 9.0]]),
    )


def test_the_papers_activation_loss_sums_both_halves() -> None:
    losses = paper_losses(output([[0.5, 0.25], [0.0, 1.0]], 1.0), truth())
    assert losses["activation"].item() == pytest.approx((0.5 + 0.25 + 0.0 + 0.0) / 2)


def test_the_papers_segmentation_loss_can_reach_zero() -> None:
    # With softmax applied twice, as in the published code, it could not fall below 0.3133.
    losses = paper_losses(output([[1, 0], [0, 1]], 30.0), truth())
    assert losses["segmentation"].item() < 1e-6


def test_the_papers_reconstruction_loss_is_measured_in_the_range_of_tanh() -> None:
    losses = paper_losses(output([[1, 0], [0, 1]], 1.0, grey=0.75), truth())
    assert losses["reconstruction"].item() == pytest.approx(0.25)


def test_paper_training_without_a_reconstruction_is_refused() -> None:
    with pytest.raises(ValueError, match="reconstruction"):
        paper_losses(output([[1, 0], [0, 1]], 1.0)._replace(reconstruction=None), truth())


def test_only_fakes_of_a_named_method_teach_the_method() -> None:
    losses = stronger_losses(output([[1, 0], [0, 1]], 1.0), truth())
    assert losses["method"].item() == pytest.approx(0.3 * 0.000247, rel=0.05)


def test_a_wrong_side_costs_more_than_a_right_one() -> None:
    right = stronger_losses(output([[1, 0], [0, 1]], 1.0), truth())["activation"]
    wrong = stronger_losses(output([[0, 1], [1, 0]], 1.0), truth())["activation"]
    assert wrong > 10 * right


def test_dice_is_zero_for_a_perfect_mask_and_one_for_a_disjoint_one() -> None:
    mask = truth().masks[:1]
    assert dice_loss((mask * 2 - 1) * 30, mask).item() == pytest.approx(0, abs=1e-5)
    assert dice_loss((1 - mask * 2) * 30, mask).item() == pytest.approx(1, abs=0.1)


def test_a_batch_without_fakes_has_no_dice_loss() -> None:
    assert dice_loss(torch.zeros(0, 1, 4, 4), torch.zeros(0, 1, 4, 4)).item() == 0
