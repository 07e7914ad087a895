"""`unmask-model train`: a detector from a folder of real faces."""

import argparse
import logging
import math
from pathlib import Path

import torch

from model_export.checkpoint import Checkpoint
from model_export.commands.arguments import (
    existing_folder,
    existing_path,
    fraction,
    limit,
    positive,
    whole,
)
from model_export.commands.data import warn_of_other_crops
from model_export.commands.provenance import (
    all_learned_from,
    inherited_facts,
    training_data,
    untrained_facts,
)
from model_export.commands.run_folder import cut_before_its_first_checkpoint, refuse_second_run
from model_export.commands.sources import (
    add_drawing,
    add_faces,
    add_left_out,
    read_divided,
    remaining_families,
)
from model_export.commands.targets import expect_folder
from model_export.data.faceforensics import METHODS
from model_export.data.families import FAMILIES
from model_export.data.forge import Forge
from model_export.data.pairs import PairDataset, PairMaker, collate
from model_export.data.prepared_pairs import MixedPairs, PreparedPairs
from model_export.data.stored_pairs import stored_for
from model_export.description import crop_of, crop_rule
from model_export.networks.contract import MOBILE_CONFIG, NetworkConfig
from model_export.restore import renormalise
from model_export.sources.sample import known_method
from model_export.start import start
from model_export.train import TrainConfig, Trainer
from service.faces.crop import CropRule

log = logging.getLogger(__name__)
DEFAULTS = TrainConfig()
EXAMPLES = 32
"""Pairs from which the batch norms of an exported model take their statistics."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_faces(parser)
    add_left_out(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, help="folder of this run")
    parser.add_argument(
        "--preset", choices=("paper", "mobile"), default="paper", help="the network to train"
    )
    parser.add_argument(
        "--width", type=whole(1), default=1, help="channels of the paper preset over the paper's"
    )
    parser.add_argument("--imagenet", type=existing_path, help="MobileNetV2 weights to start from")
    parser.add_argument(
        "--start-from",
        type=existing_path,
        metavar="MODEL",
        help="checkpoint, or exported mobile model, to go on from; the lead of its fake half is "
        "given up, `sharpen` sets one again",
    )
    parser.add_argument(
        "--prepared",
        type=existing_folder,
        metavar="DIR",
        help="FaceForensics++ crops of `prepare --crop detector` with this --crop-scale, to learn "
        "from beside the forge's",
    )
    parser.add_argument(
        "--prepared-share",
        type=fraction,
        default=0.5,
        help="share of the pairs that come from --prepared, 0 to 1",
    )
    parser.add_argument(
        "--stored",
        type=existing_folder,
        metavar="DIR",
        help="pairs of `store-pairs`, to learn from instead of making them, each as often as it "
        "comes up; what is stored meanwhile comes up, too",
    )
    parser.add_argument(
        "--crop-scale",
        type=positive,
        help="side of the crop over the height of the detector's face box; default: that of "
        f"--start-from, else {CropRule().scale}",
    )
    parser.add_argument(
        "--pictures",
        type=whole(2),
        default=DEFAULTS.pictures,
        help="pictures to learn from at most, half of them real",
    )
    parser.add_argument(
        "--minutes",
        type=limit,
        default=math.inf,
        help="length of the training at most; default: no limit",
    )
    parser.add_argument(
        "--batch", type=whole(2), default=DEFAULTS.batch, help="pictures a step, half of them real"
    )
    parser.add_argument(
        "--rate", type=positive, default=DEFAULTS.rate, help="highest learning rate"
    )
    add_drawing(parser)
    parser.add_argument(
        "--workers",
        type=whole(0),
        default=1,
        help="further processes that make pictures; with 0 this one makes them",
    )
    parser.add_argument(
        "--validation-pairs",
        type=whole(1),
        default=DEFAULTS.validation_pairs,
        help="pairs that choose the best checkpoint",
    )
    parser.add_argument(
        "--validate-every",
        type=whole(1),
        default=DEFAULTS.validate_every,
        help="pictures between two checkpoints",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from OUT/last.pt, with the same network, crops and fakes",
    )


def run(options: argparse.Namespace) -> int:
    """Train; prints the path of the best checkpoint.

    What --start-from gave is kept as OUT/start.pt: an exported model is not what `average` takes.
    A run that is to be resumed, but was cut before its first `last.pt` was there, begins anew.
    Raises ValueError where OUT holds a run that is not to be resumed, or one with other settings.
    """
    expect_folder(options.out)
    refuse_second_run(options)
    goes_on = options.resume and not cut_before_its_first_checkpoint(options.out)
    training, validation = read_divided(options)
    families = remaining_families(options)
    further = training_data(options, training)
    inherited = inherited_facts(options.start_from, further)
    crop = crop_of(inherited) | ({"scale": options.crop_scale} if options.crop_scale else {})
    rule = crop_rule(crop, CropRule().size)
    config = MOBILE_CONFIG if options.preset == "mobile" else NetworkConfig(width=options.width)
    drawing = (families, options.strength, options.edited)
    pairs = _pairs(options, Forge(training, rule, *drawing))
    torch.manual_seed(options.seed)
    network = start(config, options.imagenet, options.start_from)
    fresh = options.start_from is not None and not goes_on
    if fresh:
        drawn = PairDataset(pairs, EXAMPLES, options.seed)
        examples = collate([drawn[item] for item in range(EXAMPLES)])
        renormalise(network, examples.truth(torch.device("cpu")).pictures)
    learned = {
        "families": [*families],
        "strength": options.strength,
        "edited": options.edited,
        "people": all_learned_from(inherited, training),
        "training_data": inherited.get("training_data", further),
        "stored": options.stored is not None,
        "prepared": options.prepared and f"{options.prepared_share:g} of {options.prepared.name}",
    }
    trainer = Trainer(
        network,
        pairs,
        Forge(validation, rule, *drawing),
        _plan(options),
        options.out,
        facts=inherited | {"crop": crop} | learned,
    )
    if fresh:
        facts = trainer.facts | untrained_facts(options.start_from)
        Checkpoint(config, network.state_dict(), facts).save(options.out / "start.pt")
    if goes_on:
        trainer.resume(options.out / "last.pt")
    elif options.resume:
        log.warning("%s was cut before its first checkpoint and is begun anew", options.out)
        (options.out / "best.pt").unlink(missing_ok=True)
    print(trainer.run())
    return 0


def _pairs(options: argparse.Namespace, forge: Forge) -> PairMaker:
    """Stored pairs, or the forge's, alone or beside those of --prepared."""
    if options.stored is not None:
        if options.prepared is not None:
            raise ValueError("a training learns from --stored or from --prepared, not from both")
        return stored_for(forge, options.stored)
    if options.prepared is None:
        return forge
    left_out = {known_method(FAMILIES[name].method) for name in options.leave_out} - {None}
    chosen = tuple(name for name in METHODS if known_method(name) not in left_out)
    prepared = PreparedPairs(
        options.prepared,
        "train",
        chosen,
        strength=options.strength,
        sharpening=forge.rule.sharpening,
    )
    warn_of_other_crops(options.prepared, forge.rule)
    return MixedPairs(forge, prepared, options.prepared_share)


def _plan(options: argparse.Namespace) -> TrainConfig:
    return TrainConfig(
        pictures=options.pictures,
        minutes=options.minutes,
        batch=options.batch,
        rate=options.rate,
        seed=options.seed,
        workers=options.workers,
        validation_pairs=options.validation_pairs,
        validate_every=options.validate_every,
    )
