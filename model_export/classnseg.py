"""Reads the authors' published checkpoints into the paper's network."""

from pathlib import Path

import torch
from torch import Tensor

from model_export.checkpoint import Checkpoint, CheckpointError
from model_export.networks.contract import NetworkConfig
from model_export.networks.paper import PaperNetwork

PLAIN = NetworkConfig(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
"""The published code normalises over the batch axis, so almost all pictures its weights saw in
training were plain [0, 1]; they classify clips best without normalisation."""
IMAGENET = NetworkConfig(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""What the published test scripts do to the first pictures of a batch, the ones they print."""

FACTS = {
    "name": "classnseg",
    "crop": {"scale": 1.0},
    "training_data": "FaceForensics: Face2Face, source to target (Nguyen et al., BTAS 2019)",
    "licence": "BSD-3-Clause, Copyright (c) 2019, National Institute of Informatics",
    # The authors' rule: the stronger half decides, and nothing is left undecided.
    "thresholds": {"manipulated": 0.5, "authentic": 0.5, "mask": 128, "method": 0.5},
}


def import_classnseg(encoder: Path, decoder: Path, config: NetworkConfig = PLAIN) -> Checkpoint:
    """Turn `encoder_N.pt` and `decoder_N.pt` (repository nii-yamagishilab/ClassNSeg) into ours.

    The labels `altered` = 0 and `original` = 1 of the published code put the fake half first,
    as here. Of the two segmentation channels the second is the manipulated region. Loading is
    weights-only: no code in the files can run. Raises CheckpointError when a file does not
    hold that network.
    """
    weights = {f"encoder.{k.removeprefix('encoder.')}": v for k, v in _read(encoder).items()}
    for name, tensor in _read(decoder).items():
        part, _, rest = name.partition(".")
        weights[f"{'reconstructor' if part == 'decoder' else part}.{rest}"] = tensor
    network = PaperNetwork(config)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError("the files do not hold the published network") from error
    return Checkpoint(config, network.state_dict(), {**FACTS, "version": encoder.stem})


def _read(path: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # A broken zip, a refused pickle and a short file each raise another class in torch.
        raise CheckpointError(f"{path} is not a weights-only PyTorch file") from error
    if not isinstance(content, dict) or not all(isinstance(v, Tensor) for v in content.values()):
        raise CheckpointError(f"{path} does not hold a table of tensors")
    return content
