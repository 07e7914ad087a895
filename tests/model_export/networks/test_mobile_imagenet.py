"""ImageNet weights: what is taken for them."""

import pickle
from pathlib import Path

import pytest
import torch

from model_export.networks.contract import MOBILE_CONFIG
from model_export.networks.mobile import MobileNetwork


@pytest.fixture(scope="module")
def network() -> MobileNetwork:
    return MobileNetwork(MOBILE_CONFIG)


@pytest.mark.parametrize(
    "content",
    [
        b"Hello,\nthis is a text.\n",
        pickle.dumps({"a": 1}, protocol=2)[:8],
        pickle.dumps([1, 2], protocol=2),
        [torch.zeros(1)],
        {"features.0.0.weight": "a word"},
    ],
    ids=("text", "cut", "pickled list", "list", "words"),
)
def test_another_file_is_refused_by_its_name(
    content: object, network: MobileNetwork, tmp_path: Path
) -> None:
    path = tmp_path / "w.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(ValueError, match=f"^{path} [^\n]*MobileNetV2 checkpoint[^\n]*$"):
        network.load_imagenet(path)


def test_the_encoder_s_own_tensors_are_taken(network: MobileNetwork, tmp_path: Path) -> None:
    published = {
        f"features.{name}": torch.full_like(tensor, 2)
        for name, tensor in network.features.state_dict().items()
    }
    torch.save(published | {"classifier.1.weight": torch.zeros(1)}, tmp_path / "w.pth")
    assert network.load_imagenet(tmp_path / "w.pth") == len(published)
    assert all(bool((tensor == 2).all()) for tensor in network.features.state_dict().values())
