"""`unmask-model finetune`: a new method from a few labelled pictures."""

import argparse
from pathlib import Path

from tqdm import tqdm

from model_export.checkpoint import UNKNOWN_PEOPLE, all_people
from model_export.commands.arguments import existing_path, fraction, positive, whole
from model_export.commands.data import add_data, open_source
from model_export.commands.targets import expect_checkpoint
from model_export.description import crop_of, crop_rule
from model_export.evaluation.markdown import UNUSABLE, first_few, reasons
from model_export.finetune import FinetuneConfig, finetune
from model_export.restore import read_trained
from model_export.sources.sample import Source
from model_export.sources.synthetic import SyntheticSource

DEFAULTS = FinetuneConfig()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "checkpoint", type=existing_path, help="checkpoint, or exported mobile model"
    )
    add_data(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument(
        "--epochs", type=whole(1), default=DEFAULTS.epochs, help="passes over the crops"
    )
    parser.add_argument(
        "--batch", type=whole(2), default=DEFAULTS.batch, help="crops a step, half of them real"
    )
    parser.add_argument(
        "--rate", type=positive, default=DEFAULTS.rate, help="learning rate of the first step"
    )
    parser.add_argument(
        "--held-out",
        type=fraction,
        default=DEFAULTS.held_out,
        help="share of the pictures or clips that choose the epoch, at least one of each class",
    )
    parser.add_argument(
        "--seed", type=whole(0), default=DEFAULTS.seed, help="seed of all that is random"
    )


def run(options: argparse.Namespace) -> int:
    """Fine-tune; prints the figures on the held-out pictures before and after."""
    expect_checkpoint(options.out)
    checkpoint = read_trained(options.checkpoint)
    rule = crop_rule(crop_of(checkpoint.facts), checkpoint.config.size)
    source = open_source(options, options.data, "training", rule)
    samples = [*tqdm(source.samples(), unit="crop", desc="reading", mininterval=2)]
    tally = source.tally
    for name, problem in tally.unreadable.items():
        print(f"left out {name}: {problem}")
    if tally.whole:
        print(f"{len(tally.whole)} pictures without a face were taken whole")
    fakes = [sample for sample in samples if sample.fake]
    drawn = sum(sample.mask is not None for sample in fakes)
    print(f"{drawn} of {len(fakes)} crops of fakes have a mask to learn from")
    if unusable := tally.unusable_masks:
        print(f"{UNUSABLE}, {len(unusable)}: {'; '.join(reasons(unusable))}")
    if unused := tally.unused_masks:
        print(f"masks that belong to no fake, {len(unused)}: {', '.join(first_few(unused))}")
    config = FinetuneConfig(
        epochs=options.epochs,
        batch=options.batch,
        rate=options.rate,
        held_out=options.held_out,
        seed=options.seed,
    )
    tuned = finetune(checkpoint, samples, config)
    tuned.facts["people"] = _people(checkpoint.facts.get("people"), source)
    tuned.save(options.out)
    facts = tuned.facts["finetuned"]
    for name in ("before", "after"):
        figures = facts[name]
        print(
            f"{name}: AUC {figures['auc']:.3f}, EER {figures['eer']:.1%} "
            f"on {facts['held_out_crops']} held-out crops"
        )
    print(f"{options.out} (epoch {facts['epoch']}); run `calibrate` again before it is used")
    return 0


def _people(before: str | None, source: Source) -> str | None:
    """Whom a model has learned from in the end; None where, before and now, nobody wrote it down.

    Synthetic data alone say who is in them. before: whom it had learned from, where it is known.
    """
    if isinstance(source, SyntheticSource):
        return all_people(before, source.people)
    return all_people(before, UNKNOWN_PEOPLE) if before else None
