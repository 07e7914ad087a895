"""Models that look again, or never do."""

from dataclasses import replace

from service.inference.model_file import ModelFile


def looking_again(model: ModelFile, above: float | None) -> ModelFile:
    """The model with another limit of its second looks; None: it judges once.

    Equality of devices is measured on a model that judges once: where one's difference is above
    the limit and the other's is not, by a rounding, one answer is an average and the other is not.
    """
    return replace(model, spec=replace(model.spec, second_look=above))
