"""The quicker backward pass gives the gradients of the ordinary one."""

import pytest
import torch

from model_export.networks.strided import StridedDepthwise


@pytest.mark.parametrize("sides", [(16, 16), (15, 18)])
def test_gradients_are_those_of_the_plain_layer(sides: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layer = StridedDepthwise(24).train()
    features = torch.randn(2, 24, *sides, requires_grad=True)

    def gradients() -> tuple[torch.Tensor, torch.Tensor]:
        result = layer(features)
        by_features, by_weight = torch.autograd.grad(
            (result.float() ** 2).sum(), (features, layer.weight)
        )
        return by_features, by_weight

    wanted = gradients()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        got = gradients()
    for quick, plain in zip(got, wanted, strict=True):
        assert quick.dtype == plain.dtype == torch.float32
        similarity = torch.cosine_similarity(quick.flatten(), plain.flatten(), 0)
        assert similarity > 0.999
        torch.testing.assert_close(quick, plain, rtol=0.05, atol=0.05 * float(plain.abs().max()))


def test_it_is_the_plain_layer_outside_training() -> None:
    layer = StridedDepthwise(8).eval()
    features = torch.randn(1, 8, 10, 10)
    plain = torch.nn.functional.conv2d(features, layer.weight, None, 2, 1, 1, 8)
    torch.testing.assert_close(layer(features), plain)
