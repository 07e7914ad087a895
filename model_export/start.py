"""What a training begins with."""

from dataclasses import replace
from pathlib import Path

from model_export.networks.contract import NetworkConfig
from model_export.networks.factory import Network, build_network
from model_export.networks.mobile import MobileNetwork
from model_export.restore import read_trained


def start(
    config: NetworkConfig, imagenet: Path | None = None, model: Path | None = None
) -> Network:
    """A network to train: fresh, its encoder from ImageNet, or a model trained before.

    model: a checkpoint, or an exported file of the mobile preset; its lead is given up, since
    training finds its own balance. Raises ValueError when the preset takes no such file.
    """
    if model is not None:
        if imagenet is not None:
            raise ValueError("a training starts from ImageNet or from a model, not from both")
        checkpoint = read_trained(model)
        if replace(checkpoint.config, lead=config.lead) != config:
            raise ValueError(f"{model} is of the preset {checkpoint.config.preset!r}")
        return replace(checkpoint, config=config).build()
    network = build_network(config)
    if imagenet is not None:
        if not isinstance(network, MobileNetwork):
            raise ValueError("only the mobile preset starts from ImageNet weights")
        network.load_imagenet(imagenet)
    return network
