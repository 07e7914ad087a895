"""Fitting the method output anew behind a network that is kept as it is."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from model_export.checkpoint import Checkpoint
from model_export.data.pairs import Batch
from model_export.losses import NO_METHOD
from model_export.networks.contract import method_features
from model_export.networks.mobile import MobileNetwork


@dataclass(frozen=True, slots=True)
class MethodFit:
    """How to fit: AdamW, the rate falling along a cosine; batch counts crops."""

    epochs: int = 20
    batch: int = 256
    rate: float = 1e-3
    weight_decay: float = 1e-2
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """N crops of named methods as the method output sees them.

    features: float (N, 2C), see `method_features`; methods: int64 (N,), index into METHODS.
    """

    features: Tensor
    methods: Tensor

    def right(self, output: nn.Module) -> float:
        """Share of the crops whose likeliest method is the true one."""
        with torch.inference_mode():
            guesses = output(self.features).argmax(1)
        return float((guesses == self.methods).float().mean())


def fit_methods(
    checkpoint: Checkpoint, pairs: Iterable[Batch], fit: MethodFit
) -> tuple[Checkpoint, float, float]:
    """The checkpoint with another method output, and the shares named rightly before and after.

    Every fake of a named method counts, and its mirror image; the shares are of these very crops.
    Activations and masks stay as they were, and so does what was calibrated of them; the
    temperature and the threshold of methods belong to the old output, so calibrate again.
    Raises ValueError where the network has no method output, or no fake a named method.
    """
    network = checkpoint.build()
    if not isinstance(network, MobileNetwork):
        raise ValueError("only the mobile preset has a method output")
    named = look_at(network, pairs)
    before = named.right(network.method)
    torch.manual_seed(fit.seed)
    _learn(network.method, named, fit)
    after = named.right(network.method.eval())
    facts = dict(checkpoint.facts)
    facts["calibration_is_old"] = "calibration" in facts
    facts["methods_fitted"] = {**asdict(fit), "crops": len(named.methods)}
    return Checkpoint(checkpoint.config, network.state_dict(), facts), before, after


def look_at(network: MobileNetwork, pairs: Iterable[Batch]) -> Named:
    """What a network's method output sees of the named fakes among pairs, and of their mirrors."""
    features, methods = [], []
    with torch.inference_mode():
        for batch in pairs:
            chosen = batch.methods != NO_METHOD
            if not chosen.any():
                continue
            pictures = batch.pictures[chosen].permute(0, 3, 1, 2).float() / 255
            for seen in (pictures, pictures.flip(3)):
                latent, _ = network.encode(seen)
                features.append(method_features(latent))
                methods.append(batch.methods[chosen])
    if not features:
        raise ValueError("no fake is of a method that has a name")
    return Named(torch.cat(features), torch.cat(methods))


def _learn(output: nn.Sequential, named: Named, fit: MethodFit) -> None:
    """Fit in place, from fresh weights, on features of mean 0 and deviation 1."""
    mean, deviation = named.features.mean(0), named.features.std(0) + 1e-3
    inputs = (named.features - mean) / deviation
    first = output[0]
    if not isinstance(first, nn.Linear):
        raise TypeError("the method output begins with a fully connected layer")
    for layer in output:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    steps = fit.epochs * -(-len(inputs) // fit.batch)
    optimiser = torch.optim.AdamW(output.parameters(), fit.rate, weight_decay=fit.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    output.train()
    for _ in tqdm(range(fit.epochs), unit="epoch", mininterval=2):
        for chosen in torch.split(torch.randperm(len(inputs)), fit.batch):
            loss = cross_entropy(output(inputs[chosen]), named.methods[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    # The network gives its features as they are: the first layer takes over what was done to them.
    with torch.no_grad():
        first.weight.div_(deviation)
        first.bias.sub_(first.weight @ mean)
