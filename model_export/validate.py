"""Quick figures on held-out pairs while training."""

import numpy as np
import torch
from torch import nn

from model_export.data.pairs import Batch
from model_export.losses import NO_METHOD
from model_export.metrics.curves import area_under_roc, equal_error_rate
from model_export.networks.contract import FAKE, REAL


def validate(network: nn.Module, batches: list[Batch], device: torch.device) -> dict[str, float]:
    """AUC, EER, IoU on fakes, false-mask area on reals, method accuracy, AUC per family.

    In bfloat16, as the training computes, on CPUs, too: `evaluate` computes in float32.
    Raises ValueError for scores that are no numbers: curves over them would give figures all the
    same.
    """
    network.eval()
    scores, overlaps, false_area, right = [], [], [], []
    families: list[str] = []
    with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16):
        for batch in batches:
            truth = batch.truth(device)
            output = network(truth.pictures.contiguous(memory_format=torch.channels_last))
            scores.append((output.activations[:, FAKE] - output.activations[:, REAL]).float())
            guess, wanted = output.mask_logits > 0, truth.masks > 0.5
            half = len(guess) // 2
            false_area.append(guess[:half].float().mean((1, 2, 3)))
            both = (guess[half:] & wanted[half:]).sum((1, 2, 3)).float()
            either = (guess[half:] | wanted[half:]).sum((1, 2, 3)).float()
            overlaps.append(torch.where(either > 0, both / either.clamp(min=1), 1.0))
            named = truth.methods != NO_METHOD
            if output.method_logits is not None:
                right.append((output.method_logits.argmax(1) == truth.methods)[named].float())
            families += batch.families
    values = [s.double().cpu().numpy() for s in scores]
    if not all(np.isfinite(v).all() for v in values):
        raise ValueError(
            "the scores of the pictures held out are no numbers any more: take a lower rate "
            "(`train --rate`)"
        )
    real = np.concatenate([v[: len(v) // 2] for v in values])
    fake = np.concatenate([v[len(v) // 2 :] for v in values])
    names = np.array(families)
    return {
        "auc": area_under_roc(fake, real),
        "eer": equal_error_rate(fake, real),
        "iou": float(torch.cat(overlaps).mean()),
        "false_mask": float(torch.cat(false_area).mean()),
        "method_accuracy": float(torch.cat(right).mean()) if right else float("nan"),
        **{f"auc_{n}": area_under_roc(fake[names == n], real) for n in sorted({*families})},
    }
