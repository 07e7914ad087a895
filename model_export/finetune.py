"""Teaching a trained detector a new method from little data (BTAS 2019, section 4.4)."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from model_export.checkpoint import Checkpoint
from model_export.data.degrade import degrade, draw_degradation
from model_export.data.jitter import draw_jitter, moved, to_side
from model_export.data.rng import Rng, chance
from model_export.held_out import HeldOut, last_good
from model_export.losses import NO_METHOD, Truth, paper_losses, stronger_losses
from model_export.metrics.curves import area_under_roc, equal_error_rate
from model_export.networks.contract import FAKE, REAL
from model_export.networks.factory import Network
from model_export.networks.mobile import MobileNetwork
from model_export.sources.sample import Sample, known_method
from model_export.train import Losses

log = logging.getLogger(__name__)

TUNED = "+finetuned"
"""What a version is followed by: build metadata (Semantic Versioning 2.0.0, item 10)."""
BLACK = -40.0
"""Logit of a pixel that is not manipulated for certain: no loss is left of it in float32."""


@dataclass(frozen=True, slots=True)
class FinetuneConfig:
    """How to fine-tune: encoder and decoder together, at a small learning rate.

    held_out: share of the pictures or clips that choose the epoch. augment: probability that
    a crop is degraded further before it is learnt from.
    """

    epochs: int = 50
    batch: int = 16
    rate: float = 1e-4
    weight_decay: float = 5e-4
    held_out: float = 0.2
    augment: float = 0.5
    seed: int = 0


def finetune(
    checkpoint: Checkpoint, samples: Sequence[Sample], config: FinetuneConfig
) -> Checkpoint:
    """The checkpoint after fine-tuning, at the last epoch that held-out pictures allow.

    The untouched network takes part in that choice, see `last_good`. Calibration and thresholds are
    kept but belong to the old network: calibrate again.
    Raises ValueError when training or held-out part lacks a class.
    """
    learned, held_out = split_groups(samples, config)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    network = checkpoint.build().to(device)
    # An exported file has lost its reconstruction branch: a fresh one has nothing to teach.
    reconstruct = not checkpoint.facts.get("restored", False)
    optimiser = torch.optim.AdamW(
        network.parameters(), config.rate, eps=1e-7, weight_decay=config.weight_decay
    )
    judged = [judge_held_out(network, held_out, device)]
    weights = [deepcopy(network.state_dict())]
    steps = config.epochs * len(_batch_starts(learned, config))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    bar = tqdm(range(config.epochs), unit="epoch", mininterval=2)
    for _ in bar:
        _train_mode(network)
        for batch in _batches(learned, config, rng):
            _step(network, optimiser, batch, device, reconstruct)
            schedule.step()
        judged.append(judge_held_out(network, held_out, device))
        weights.append(deepcopy(network.state_dict()))
        figures = judged[-1].figures()
        bar.set_postfix({name: f"{value:.3f}" for name, value in figures.items()}, refresh=False)
    chosen = last_good([each.losses for each in judged])
    log.info("epoch %d of %d", chosen, config.epochs)
    facts = dict(checkpoint.facts)
    # It is another model than the one whose name it keeps.
    if "version" in facts:
        facts["version"] = facts["version"].removesuffix(TUNED) + TUNED
    if "training_data" in facts:
        facts["training_data"] += f"; fine-tuned on {len(learned)} labelled crops"
    facts["calibration_is_old"] = "calibration" in facts
    facts["finetuned"] = {
        **asdict(config),
        "methods": sorted({s.method for s in samples if s.method}),
        "crops": len(learned),
        "held_out_crops": len(held_out),
        "epoch": chosen,
        "before": judged[0].figures(),
        "after": judged[chosen].figures(),
    }
    kept = {name: value.cpu() for name, value in weights[chosen].items()}
    return Checkpoint(checkpoint.config, kept, facts)


def split_groups(
    samples: Sequence[Sample], config: FinetuneConfig
) -> tuple[list[Sample], list[Sample]]:
    """Training and held-out samples; a person, a clip, a real and its fakes are never divided.

    Reals alone, fakes alone and what has both are divided alike. Of one person alone all is known:
    then clips and pairs are divided.
    Raises ValueError when a class is missing from either part, as one picture of it is.
    """
    rng = np.random.default_rng(config.seed)
    classes: dict[str, set[bool]] = defaultdict(set)
    one = len({sample.trial for sample in samples}) == 1
    units = [sample.kin if one else sample.trial for sample in samples]
    for unit, sample in zip(units, samples, strict=True):
        classes[unit].add(sample.fake)
    held: set[str] = set()
    for kind in ({False}, {True}, {False, True}):
        alike = sorted(unit for unit, found in classes.items() if found == kind)
        count = max(1, round(config.held_out * len(alike)))
        held |= {alike[i] for i in rng.permutation(len(alike))[: min(count, len(alike) - 1)]}
    learned = [sample for unit, sample in zip(units, samples, strict=True) if unit not in held]
    measured = [sample for unit, sample in zip(units, samples, strict=True) if unit in held]
    for fake, name in ((False, "reals"), (True, "fakes")):
        if not all(any(sample.fake == fake for sample in part) for part in (learned, measured)):
            raise ValueError(f"fine-tuning needs at least two pictures or clips of {name}")
    return learned, measured


@torch.no_grad()
def judge_held_out(network: Network, samples: Sequence[Sample], device: torch.device) -> HeldOut:
    """Judge crops one by one, every preset by the stronger one's losses.

    Pixels alone hardly tell a mask that is gone: most are black anyway. The half that the network
    takes for the winner is decoded, as in use: a fake that is missed has no mask either. samples:
    at least one of each class.
    """
    network.eval()
    differences, losses = [], defaultdict(list)
    for sample in samples:
        terms, activations = _terms(network, [sample], device, stronger_losses, told=False)
        losses[sample.group].append(float(terms["activation"] + terms["segmentation"]))
        differences.append(float(activations[0, FAKE] - activations[0, REAL]))
    fake = np.array([sample.fake for sample in samples])
    scores = np.array(differences)
    return HeldOut(
        np.array([np.mean(each) for each in losses.values()]),
        area_under_roc(scores[fake], scores[~fake]),
        equal_error_rate(scores[fake], scores[~fake]),
    )


def _train_mode(network: Network) -> None:
    """Training mode, but with the batch statistics of the long training: few would spoil them."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def _step(
    network: Network,
    optimiser: torch.optim.Optimizer,
    batch: list[Sample],
    device: torch.device,
    reconstruct: bool,
) -> None:
    optimiser.zero_grad(set_to_none=True)
    losses = paper_losses if network.config.preset == "paper" else stronger_losses
    terms, _ = _terms(network, batch, device, losses, reconstruct=reconstruct)
    method = terms.pop("method", None)
    # A method the network never saw is one it is sure not to see: that error, many times the
    # others, would undo what the encoder knows. Only the output that names methods learns of it.
    head = [*network.method.parameters()] if isinstance(network, MobileNetwork) else []
    named = [] if method is None else torch.autograd.grad(method, head, retain_graph=True)
    torch.stack([*terms.values()]).sum().backward()  # type: ignore[no-untyped-call]
    for weights, gradient in zip(head, named, strict=False):
        weights.grad = gradient
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimiser.step()


def _terms(
    network: Network,
    batch: list[Sample],
    device: torch.device,
    losses: Losses,
    *,
    reconstruct: bool = False,
    told: bool = True,
) -> tuple[dict[str, Tensor], Tensor]:
    """The losses by name, and the activations. told: whether the network is told the true half."""
    truth = _truth(batch, device)
    output = network(truth.pictures, truth.winner if told else None, reconstruct)
    # A mask that is not known is black in the truth: held to be drawn so, it teaches nothing.
    unknown = torch.tensor([s.fake and s.mask is None for s in batch], device=device)
    drawn = output.mask_logits.masked_fill(unknown[:, None, None, None], BLACK)
    return losses(output._replace(mask_logits=drawn), truth), output.activations.detach()


def _batches(samples: Sequence[Sample], config: FinetuneConfig, rng: Rng) -> Iterator[list[Sample]]:
    """One epoch; every batch holds as many fakes as reals, the rarer class being repeated."""
    sides = [[s for s in samples if s.fake], [s for s in samples if not s.fake]]
    starts = _batch_starts(samples, config)
    orders = [np.resize(rng.permutation(len(side)), starts.stop) for side in sides]
    for start in starts:
        chosen = [
            side[i]
            for side, order in zip(sides, orders, strict=True)
            for i in order[start : start + starts.step]
        ]
        yield [augment(sample, config, rng) for sample in chosen]


def _batch_starts(samples: Sequence[Sample], config: FinetuneConfig) -> range:
    """Where in the order of the commoner class each batch of an epoch begins."""
    fakes = sum(sample.fake for sample in samples)
    return range(0, max(fakes, len(samples) - fakes), max(1, config.batch // 2))


def augment(sample: Sample, config: FinetuneConfig, rng: Rng) -> Sample:
    """The crop mirrored, moved, and sometimes degraded; its mask moved alike."""
    side = sample.crop.shape[0]
    matrix = draw_jitter(rng, side)
    crop = moved(sample.crop, matrix)
    mask = None if sample.mask is None else moved(sample.mask, matrix)
    if chance(rng, config.augment):
        crop = to_side(degrade(crop, draw_degradation(rng)), side)
    return replace(sample, crop=crop, mask=mask)


def _truth(samples: Sequence[Sample], device: torch.device) -> Truth:
    crops = torch.from_numpy(np.stack([s.seen for s in samples])).to(device)
    blank = np.zeros(crops.shape[1:3], np.uint8)
    masks = np.stack([blank if s.mask is None else s.mask for s in samples])
    methods = [known_method(s.method) for s in samples]
    return Truth(
        torch.tensor([FAKE if s.fake else REAL for s in samples], device=device),
        torch.from_numpy(masks).to(device)[:, None].float() / 255,
        torch.tensor([NO_METHOD if m is None else m for m in methods], device=device),
        crops.permute(0, 3, 1, 2).float() / 255,
    )
