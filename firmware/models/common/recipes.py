"""How each model is trained: a name in, its data set, network and hyper-parameters out."""

import dataclasses

import datasets
import networks


@dataclasses.dataclass(frozen=True)
class Recipe:
    data: str
    network: str
    augmentation: str
    epochs: int
    batch: int = 128
    peak_rate: float = 0.15
    warmup_epochs: int = 3
    weight_decay: float = 2e-4
    label_smoothing: float = 0.05
    average_decay: float = 0.999
    bfloat16: bool = True  # compute convolutions in it; on CPUs that have it, depthwise ones are slower than in float
    seed: int = 20_240_607

    def layers(self):
        return getattr(networks, self.network)(datasets.CLASSES[self.data])


RECIPES = {
    "cifar10_resnet8": Recipe("cifar10", "resnet8", "objects", 40),
    "gtsrb_resnet8": Recipe("gtsrb", "resnet8", "signs", 8, warmup_epochs=1, label_smoothing=0.02),
    "cifar10_mobilenetv1": Recipe("cifar10", "mobilenetv1", "objects", 16, weight_decay=1e-4, bfloat16=False),
}


def get(name, epochs=None):
    recipe = RECIPES[name]
    return recipe if epochs is None else dataclasses.replace(recipe, epochs=epochs)
