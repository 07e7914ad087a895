"""`unmask-model calibrate`: probabilities and thresholds from held-out data."""

import argparse
from pathlib import Path

from model_export.calibrate import calibrate, summary
from model_export.checkpoint import load_checkpoint
from model_export.commands.arguments import existing_path, fraction, whole
from model_export.commands.data import add_data, guess_kind, open_source
from model_export.commands.targets import expect_checkpoint
from model_export.description import crop_rule
from model_export.judge import CheckpointJudge
from model_export.metrics.thresholds import Policy

POLICY = Policy()


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("checkpoint", type=existing_path, help="checkpoint to calibrate")
    add_data(parser)
    parser.add_argument("-o", "--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument(
        "--bpcer",
        type=fraction,
        default=POLICY.bpcer,
        help="largest share of reals called manipulated",
    )
    parser.add_argument(
        "--missed",
        type=fraction,
        default=POLICY.missed,
        help="largest share of fakes called authentic",
    )
    parser.add_argument(
        "--method-accuracy",
        type=fraction,
        default=POLICY.method_accuracy,
        help="least share of the named methods that are right",
    )
    parser.add_argument(
        "--mask-level",
        type=whole(1, 255),
        help="grey level from which a pixel of a mask is shown as manipulated; default: what the "
        "checkpoint has",
    )
    parser.add_argument(
        "--looks",
        type=whole(1, 2),
        default=POLICY.looks,
        help="2: crops that are not clearly real are judged again as their mirror image",
    )


def run(options: argparse.Namespace) -> int:
    """Fit on the calibration part of the data and write; prints what was fitted."""
    expect_checkpoint(options.out)
    checkpoint = load_checkpoint(options.checkpoint)
    judge = CheckpointJudge(options.checkpoint)
    rule = crop_rule(judge.note["crop"], judge.note["input"]["size"])
    learned = checkpoint.facts.get("people")
    source = open_source(options, options.data, "calibration", rule, learned)
    policy = Policy(
        options.bpcer,
        options.missed,
        options.method_accuracy,
        options.mask_level,
        options.looks,
    )
    kind = options.kind or guess_kind(options.data)
    # Folders and clips have no parts: evaluated on them, a model was calibrated on them, too.
    part = "calibration part" if kind in ("synthetic", "faceforensics") else "all"
    data = f"{part} of {options.data.resolve().name} ({kind})"
    fitted = calibrate(checkpoint, judge, source, policy, data)
    fitted.save(options.out)
    print(summary(fitted.facts))
    print(options.out)
    return 0
