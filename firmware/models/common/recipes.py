"""How each model is trained: a name in, its data set, network and hyper-parameters out."""

import dataclasses

import datasets
import networks


@dataclasses.dataclass(frozen=True)
class Cycle:
    """The learning rate goes straight up to its peak, then down to zero along half a cosine."""

    epochs: int
    peak_rate: float
    warmup_epochs: int


@dataclasses.dataclass(frozen=True)
class Recipe:
    data: str
    network: str
    augmentation: str
    cycles: tuple
    batch: int = 128
    weight_decay: float = 2e-4
    label_smoothing: float = 0.05
    average_decay: float = 0.999
    bfloat16: bool = True  # compute convolutions in it; on CPUs that have it, depthwise ones are slower than in float
    calibration_images: int = 1000  # training images that convert.py measures the activations' ranges with
    seed: int = 20_240_607

    @property
    def epochs(self):
        return sum(cycle.epochs for cycle in self.cycles)

    def layers(self):
        return getattr(networks, self.network)(datasets.CLASSES[self.data])


RECIPES = {
    "cifar10_resnet8": Recipe("cifar10", "resnet8", "objects", (Cycle(110, 0.12, 3),), weight_decay=5e-4, calibration_images=50),
    "gtsrb_resnet8": Recipe("gtsrb", "resnet8", "signs", (Cycle(8, 0.15, 1),), label_smoothing=0.02),
    "cifar10_mobilenetv1": Recipe("cifar10", "mobilenetv1", "objects", (Cycle(16, 0.15, 3),), weight_decay=1e-4, bfloat16=False),
}


def get(name, epochs=None):
    recipe = RECIPES[name]
    if epochs is None:
        return recipe
    return dataclasses.replace(recipe, cycles=(dataclasses.replace(recipe.cycles[0], epochs=epochs),))
