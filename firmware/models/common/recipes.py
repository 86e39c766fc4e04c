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
    seed: int = 20_240_607

    def layers(self):
        return getattr(networks, self.network)(datasets.CLASSES[self.data])


RECIPES = {
    "cifar10_resnet8": Recipe("cifar10", "resnet8", "objects", epochs=40),
    "gtsrb_resnet8": Recipe("gtsrb", "resnet8", "signs", epochs=9, label_smoothing=0.02),
    "cifar10_mobilenetv1": Recipe("cifar10", "mobilenetv1", "objects", epochs=25, weight_decay=1e-4),
}


def get(name, epochs=None):
    recipe = RECIPES[name]
    return recipe if epochs is None else dataclasses.replace(recipe, epochs=epochs)
