"""Builds a network from its configuration."""

from model_export.networks.contract import NetworkConfig
from model_export.networks.mobile import MobileNetwork
from model_export.networks.paper import PaperNetwork

Network = PaperNetwork | MobileNetwork


def build_network(config: NetworkConfig) -> Network:
    """A freshly initialised network; raises ValueError for an unknown preset."""
    if config.preset == "paper":
        return PaperNetwork(config)
    if config.preset == "mobile":
        return MobileNetwork(config)
    raise ValueError(f"unknown preset {config.preset!r}")
