"""Whether the manipulated stretch of a clip is found where it is."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from model_export.description import thresholds_of
from model_export.evaluation.rows import Row
from model_export.uploads import put_together
from service.inference.model_file import Thresholds
from service.media.stretches import Interval
from service.verdict.agreement import LEAST_AGREEMENT
from service.verdict.calibration import decide, logit_of, probability
from service.verdict.intervals import manipulated_intervals
from service.verdict.support import seen_well

Span = tuple[float, float]


def overlap_in_time(
    rows: Sequence[Row], truths: Mapping[str, Span | None], note: dict[str, Any]
) -> dict[str, Any]:
    """The service's own intervals against the truth.

    truths: when each clip is manipulated, in seconds; None for a real one.
    iou: mean over clips with a manipulated stretch; edge_error_s: median distance of the found
    start and end from the true ones, over the clips where one was found;
    reals_with_an_interval: share of wholly real clips in which one was found.
    """
    thresholds = thresholds_of(note)
    seen: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        seen[row.group].append(row)
    overlaps, edges, alarms = [], [], []
    for name, truth in truths.items():
        found = _found(sorted(seen[name], key=lambda row: row.time_s), thresholds)
        if truth is None:
            alarms.append(bool(found))
            continue
        overlaps.append(time_iou([(f.start_s, f.end_s) for f in found], truth))
        if found:
            edges.append(abs(found[0].start_s - truth[0]))
            edges.append(abs(found[-1].end_s - truth[1]))
    return {
        "fakes": len(overlaps),
        "reals": len(alarms),
        "iou": float(np.mean(overlaps)) if overlaps else None,
        "edge_error_s": float(np.median(edges)) if edges else None,
        "reals_with_an_interval": float(np.mean(alarms)) if alarms else None,
    }


def time_iou(found: Sequence[Span], truth: Span) -> float:
    """Intersection over union of disjoint found spans with the true one, 0 to 1."""
    shared = sum(max(0.0, min(end, truth[1]) - max(start, truth[0])) for start, end in found)
    total = sum(end - start for start, end in found) + truth[1] - truth[0] - shared
    return shared / total if total else 0.0


def _found(rows: Sequence[Row], thresholds: Thresholds) -> tuple[Interval, ...]:
    if not rows:
        return ()
    logits, weighed = put_together(rows, thresholds)
    well = seen_well([row.good for row in rows], rows[0].crowded_out)
    believed = well and weighed.agreement >= LEAST_AGREEMENT
    if believed and decide(probability(weighed.logit), thresholds) == "authentic":
        return ()
    return manipulated_intervals(
        [rows[place].stretch for place in weighed.voters],
        [logits[place] for place in weighed.voters],
        logit_of(thresholds.manipulated),
    )
