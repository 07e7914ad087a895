"""The network arranged for ONNX Runtime gives what the network as trained gives."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, relu

from model_export.checkpoint import Checkpoint
from model_export.export import (
    Exportable,
    ParityError,
    check_pictures,
    export,
    measure_parity,
    open_session,
    output_names,
)
from model_export.networks.contract import FAKE, MOBILE_CONFIG, REAL, NetworkConfig, silence_loser
from model_export.networks.factory import Network, build_network
from model_export.networks.paper import PaperNetwork
from model_export.optimised.columns import grouped
from model_export.optimised.convolution import folded
from model_export.optimised.doubling import Doubling
from model_export.optimised.factory import optimise
from model_export.optimised.winner import WinnerConvolution

BOTH = [NetworkConfig(), MOBILE_CONFIG]
LED = [replace(config, lead=0.1) for config in BOTH]


def lively(config: NetworkConfig) -> Network:
    """A network whose statistics, masks and winners are not those of a fresh one."""
    torch.manual_seed(3)
    network = build_network(config)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = torch.randn(module.num_features) * 0.05
            module.running_var = torch.rand(module.num_features) * 0.5 + 0.25
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.1, 0.1)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            fan = module.weight[0].numel()
            nn.init.normal_(module.weight, 0.0, (1 / fan) ** 0.5)
    network.eval()
    # Logits of everyday size: on enormous ones rounding alone turns black into white.
    with torch.inference_mode():
        pictures = torch.from_numpy(check_pictures(256, 2)).permute(0, 3, 1, 2) / 255
        logits = network(pictures, reconstruct=False).mask_logits
    last = network.segmenter[-1] if isinstance(network, PaperNetwork) else network.mask_out
    assert isinstance(last, nn.Conv2d | nn.ConvTranspose2d)
    last.weight.data /= logits.std()
    return network


@pytest.mark.parametrize("config", BOTH + LED, ids=lambda c: f"{c.preset} {c.lead}")
def test_the_outputs_are_those_of_the_network_as_trained(config: NetworkConfig) -> None:
    network = lively(config)
    pictures = torch.from_numpy(check_pictures(256, 4))
    with torch.inference_mode():
        wanted = Exportable(network)(pictures)
        got = optimise(network)(pictures)
    assert len(got) == len(wanted)
    for one, other in zip(got, wanted, strict=True):
        if one.dtype == torch.uint8:
            assert wanted[2].float().std() > 5, "a mask without shape would prove nothing"
            assert (one.int() - other.int()).abs().max() <= 1
        else:
            assert torch.allclose(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("config", BOTH, ids=lambda c: c.preset)
def test_the_exported_file_gives_the_same_for_every_batch_size(
    config: NetworkConfig, tmp_path: Path
) -> None:
    network = lively(config)
    path = tmp_path / "m.onnx"
    export(Checkpoint(config, network.state_dict()), path, check_pictures(256, 3))
    names = output_names(config.preset == "mobile")
    parity = measure_parity(Exportable(network).eval(), path, check_pictures(256, 5), names)
    assert parity.activation_max_abs <= 1e-4
    assert parity.mask_fraction <= 1e-3


@pytest.mark.parametrize("winner", [FAKE, REAL])
def test_a_half_that_wins_on_no_picture_is_compared_too(
    winner: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(MOBILE_CONFIG, lead=-10.0 if winner == FAKE else 10.0)

    def damaged(latent: Tensor, halves: Tensor) -> Tensor:
        whole = silence_loser(latent, halves)
        return torch.where((halves == winner)[:, None, None, None], 50 + 0 * whole, whole)

    monkeypatch.setattr("model_export.optimised.mobile.silence_loser", damaged)
    half = "fake" if winner == FAKE else "real"
    with pytest.raises(ParityError, match=f"the {half} half differs"):
        export(
            Checkpoint(other, lively(other).state_dict()), tmp_path / "m", check_pictures(256, 1)
        )


@pytest.mark.parametrize("config", BOTH, ids=lambda c: c.preset)
def test_a_run_may_go_without_the_mask(config: NetworkConfig, tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    export(
        Checkpoint(config, lively(config).state_dict()),
        path,
        check_pictures(256, 1),
        optional_mask=True,
    )
    session = open_session(path)
    assert [entry.name for entry in session.get_inputs()] == ["image"]
    pictures = check_pictures(256, 3)
    names = output_names(config.preset == "mobile")
    full = dict(zip(names, session.run(names, {"image": pictures}), strict=True))
    difference = full["fake_activation"] - full["real_activation"]
    for floor, drawn in [
        (-np.inf, 3),
        (difference.max() - 1e-3, 3),
        (difference.max() + 1e-3, 0),
        (np.inf, 0),
    ]:
        given = {"image": pictures, "mask_floor": np.array(floor, np.float32)}
        run = dict(zip(names, session.run(names, given), strict=True))
        assert run["mask"].shape == (drawn, 256, 256)
        assert np.array_equal(run["fake_activation"], full["fake_activation"])
        if drawn:
            assert np.array_equal(run["mask"], full["mask"])


def test_nothing_is_transposed_but_the_last_layer(tmp_path: Path) -> None:
    kinds = {}
    for plain in (False, True):
        path = tmp_path / f"{plain}.onnx"
        state = lively(NetworkConfig()).state_dict()
        export(Checkpoint(NetworkConfig(), state), path, check_pictures(256, 1), plain=plain)
        kinds[plain] = _kinds(onnx.load(path).graph)
    assert kinds[True].count("ConvTranspose") == 9
    assert kinds[False].count("ConvTranspose") == 1
    assert "BatchNormalization" not in kinds[False]


def _kinds(graph: onnx.GraphProto) -> list[str]:
    kinds = []
    for node in graph.node:
        kinds.append(node.op_type)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                kinds += _kinds(attribute.g)
    return kinds


@pytest.mark.parametrize(("stride", "inputs", "outputs"), [(1, 1, 2), (2, 2, 1), (2, 2, 2)])
def test_grouped_columns_are_the_same_convolution(stride: int, inputs: int, outputs: int) -> None:
    torch.manual_seed(0)
    weight, bias, picture = torch.randn(5, 3, 3, 3), torch.randn(5), torch.randn(2, 3, 16, 16)
    wanted = relu(conv2d(picture, weight, bias, stride, 1))
    layer = grouped(weight, bias, stride=stride, inputs=inputs, outputs=outputs)
    assert torch.allclose(_ungroup(layer(_group(picture, inputs)), outputs), wanted, atol=1e-5)


@pytest.mark.parametrize("inputs", [1, 2])
def test_doubling_is_the_transposed_convolution(inputs: int) -> None:
    torch.manual_seed(0)
    weight, bias, picture = torch.randn(3, 5, 3, 3), torch.randn(5), torch.randn(2, 3, 8, 8)
    wanted = relu(conv_transpose2d(picture, weight, bias, 2, 1, 1))
    layer = Doubling(weight.transpose(0, 1), bias, side=8, inputs=inputs)
    assert torch.allclose(layer(_group(picture, inputs)), wanted, atol=1e-5)


def test_each_crop_of_a_batch_is_decoded_from_its_own_winner() -> None:
    torch.manual_seed(0)
    weight, bias = torch.randn(6, 8, 3, 3), torch.randn(6)
    latent = torch.rand(4, 8, 5, 5)
    activations = torch.tensor([[2.0, 1.0], [1.0, 2.0], [1.0, 1.0], [3.0, 0.0]])
    silenced = latent.clone()
    for crop, loser in enumerate([1, 0, 0, 1]):  # a tie goes to the real half
        silenced[crop, 4 * loser : 4 * loser + 4] = 0
    wanted = relu(conv2d(silenced, weight, bias, padding=1))
    got = WinnerConvolution(weight, bias, 5)(latent, activations)
    assert torch.allclose(got, wanted, atol=1e-5)


def test_a_batch_norm_without_statistics_is_refused() -> None:
    norm = nn.BatchNorm2d(4, track_running_stats=False)
    with pytest.raises(ValueError, match="statistics"):
        folded(nn.Conv2d(3, 4, 3), norm)


def _group(picture: Tensor, columns: int) -> Tensor:
    """(N, C, H, W) as (N, columns * C, H, W / columns), channels by column first."""
    count, channels, height, width = picture.shape
    split = picture.reshape(count, channels, height, width // columns, columns)
    return split.permute(0, 4, 1, 2, 3).reshape(count, -1, height, width // columns)


def _ungroup(picture: Tensor, columns: int) -> Tensor:
    count, channels, height, width = picture.shape
    split = picture.reshape(count, columns, channels // columns, height, width)
    return split.permute(0, 2, 3, 4, 1).reshape(count, -1, height, width * columns)
