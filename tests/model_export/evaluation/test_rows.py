"""A crop's method is named where the service would name it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_export.evaluation.rows import UNKNOWN, judge_rows
from model_export.sources.sample import Sample, Tally
from service.inference.model_file import ModelSpec
from service.inference.second_look import Outputs
from service.verdict.calibration import decide, probability
from service.verdict.method import name_method
from tests.service.verdict.faces import SPEC, evidence

WHOLE = np.full((256, 256), 255, np.uint8)
CERTAIN, VAGUE = (5.0, 0.0, 0.0), (0.1, 0.0, 0.0)


class Said:
    """A detector that says the same of every crop."""

    def __init__(self, logit: float, methods: tuple[float, ...], spec: ModelSpec) -> None:
        self.note: dict[str, Any] = {
            "calibration": asdict(spec.calibration),
            "thresholds": asdict(spec.thresholds),
            "methods": [*spec.methods],
            "method_temperature": spec.method_temperature,
        }
        self._logit, self._methods = logit, methods

    def look(self, crops: Sequence[NDArray[np.uint8]]) -> Outputs:
        """See `Judge`."""
        fake = np.full(len(crops), self._logit, np.float32)
        outputs: Outputs = [fake, np.zeros_like(fake), np.stack([WHOLE] * len(crops))]
        return [*outputs, np.array([self._methods] * len(crops))] if self._methods else outputs


class OneFake:
    """A source of one fake."""

    tally = Tally()

    def samples(self) -> Iterator[Sample]:
        """See `Source`."""
        yield Sample(np.zeros((256, 256, 3), np.uint8), True, "deepfakes", None, "a")


@pytest.mark.parametrize("logit", [-3.0, -0.1, 0.1, 3.0])
@pytest.mark.parametrize("methods", [(), VAGUE, CERTAIN], ids=["none", "vague", "certain"])
@pytest.mark.parametrize("authentic", [0.3, 0.6])
def test_a_method_is_named_where_the_service_names_it(
    logit: float, methods: tuple[float, ...], authentic: float
) -> None:
    spec = replace(
        SPEC,
        methods=SPEC.methods if methods else (),
        thresholds=replace(SPEC.thresholds, authentic=authentic),
    )
    ((row, _, _),) = judge_rows(Said(logit, methods, spec), OneFake())
    share = probability(logit)
    found = name_method(
        [evidence(logit, WHOLE, methods or None)],
        [share],
        decide(share, spec.thresholds),
        WHOLE,
        spec,
        fake_probability=share,
    )
    assert row.named == (UNKNOWN if found.name == "none" else found.name)
    if logit > 0.5:
        assert (row.named == "deepfakes") is (methods != VAGUE)
    if logit < 0:
        assert row.named == UNKNOWN
