"""Arranges a network for export."""

from torch import nn

from model_export.networks.factory import Network
from model_export.networks.mobile import MobileNetwork
from model_export.optimised.mobile import OptimisedMobile
from model_export.optimised.paper import OptimisedPaper


def optimise(network: Network) -> nn.Module:
    """A module with the inputs and outputs of `export.Exportable`, in evaluation mode."""
    if isinstance(network, MobileNetwork):
        return OptimisedMobile(network).eval()
    return OptimisedPaper(network).eval()
