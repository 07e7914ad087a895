"""The average of a network before and after more training."""

from dataclasses import replace

from model_export.checkpoint import Checkpoint, all_people

KEPT = ("name", "version", "crop", "training", "training_data", "licence")
"""Facts that hold for an average as for what was trained: not calibration, thresholds, figures."""


def average(before: Checkpoint, after: Checkpoint, share: float) -> Checkpoint:
    """The checkpoint whose weights lie between two of one lineage.

    share: weight of `after`, 0 to 1. What more training on other data wins, such an average
    mostly keeps, and of what it loses it gives back a part (Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models"). Calibration must be fitted anew; the lead is `after`'s.

    Raises ValueError for a share out of range, or networks or crops that differ.
    """
    if not 0 <= share <= 1:
        raise ValueError("the share lies between 0 and 1")
    if replace(before.config, lead=after.config.lead) != after.config:
        raise ValueError("only checkpoints of one network can be averaged")
    if before.facts.get("crop") != after.facts.get("crop"):
        raise ValueError("the checkpoints were trained on different crops")
    weights = {
        name: before.weights[name].lerp(value, share) if value.is_floating_point() else value
        for name, value in after.weights.items()
    }
    facts = {name: after.facts[name] for name in KEPT if name in after.facts}
    # An exported file whose people nobody wrote down has None.
    early, late = before.facts.get("people"), after.facts.get("people")
    if early and late:
        facts["people"] = all_people(early, late)
    if before.facts.get("restored") or after.facts.get("restored"):
        # A reconstruction branch that is in part a fresh one has nothing to teach either.
        facts["restored"] = True
    return Checkpoint(after.config, weights, facts | {"averaged": share})
