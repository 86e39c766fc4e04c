#!/usr/bin/env python3
"""Train one network: a data set in, float weights (and a checkpoint an epoch) out.

usage: train.py MODEL --data FOLDER --work FOLDER [--epochs N]      MODEL: a name in recipes.py

FOLDER of --data is read by datasets.py. Written to --work: MODEL.checkpoint.pt after each epoch (the same command
continues an interrupted run from there) and MODEL.weights.npz at the end, which convert.py turns into a .tflite.
Every random choice comes from the recipe's seed and the number of the epoch, so that a continued run draws what an
uninterrupted one would. Rounding still depends on PyTorch's version and on the host's vector instructions: the
committed .tflite is the reference, not this script's output elsewhere.
"""

import argparse
import json
import math
import os
import pathlib
import sys
import time

import numpy as np
import torch
from torch.nn import functional

import augmentation
import datasets
import networks
import recipes


def learning_rate(recipe, step, per_epoch):
    for cycle in recipe.cycles:
        steps, warm = cycle.epochs * per_epoch, cycle.warmup_epochs * per_epoch
        if step < steps:
            break
        step -= steps
    if step < warm:
        return cycle.peak_rate * (step + 1) / warm
    return cycle.peak_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


def to_network(images):
    """uint8 (n, 32, 32, 3) as float (n, 3, 32, 32) in [0, 1], channels last in memory."""
    # [0, 1] and not [-1, 1]: the converter then picks scale 1/255 and zero point -128, so that an
    # INT8 input is exactly pixel - 128 and no firmware has to scale an image.
    return images.permute(0, 3, 1, 2).float().div_(255).contiguous(memory_format=torch.channels_last)


def accuracy(network, images, labels):
    network.eval()
    with torch.no_grad():
        right = sum(
            int((network(to_network(x)).argmax(1) == y).sum()) for x, y in zip(images.split(500), labels.split(500))
        )
    network.train()
    return right / len(labels)


def parameter_groups(network, decay):
    """Weight decay is for filters and matrices only, not for biases and normalisation."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


class Average:
    """Exponential moving average of the weights and of the normalisation's statistics: what is kept at the end."""

    def __init__(self, network, decay):
        self.decay = decay
        self.network = networks.Network(network.layers).to(memory_format=torch.channels_last)
        self.network.load_state_dict(network.state_dict())
        self.pairs = [
            (mine, theirs)
            for mine, theirs in zip(self.network.state_dict().values(), network.state_dict().values())
            if mine.is_floating_point()
        ]

    def update(self, step):
        decay = min(self.decay, (1 + step) / (10 + step))
        mine, theirs = zip(*self.pairs)
        torch._foreach_lerp_(mine, theirs, 1 - decay)


def run_epoch(recipe, epoch, network, forward, optimizer, average, images, labels):
    draw = torch.Generator().manual_seed(recipe.seed * 1000 + epoch)
    order = torch.randperm(len(images), generator=draw)
    per_epoch = len(images) // recipe.batch  # the rest, less than a batch, waits for another epoch
    total, right = 0.0, 0
    for i in range(per_epoch):
        step = epoch * per_epoch + i
        picked = order[i * recipe.batch : (i + 1) * recipe.batch]
        x = to_network(augmentation.APPLY[recipe.augmentation](images[picked], draw))
        y = labels[picked]
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step, per_epoch)
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
            scores = forward(x)
        scores = scores.float()
        loss = functional.cross_entropy(scores, y, label_smoothing=recipe.label_smoothing)
        loss.backward()
        optimizer.step()
        average.update(step)
        total += loss.item()
        right += int((scores.argmax(1) == y).sum())
    return total / per_epoch, right / (per_epoch * recipe.batch)


def save(path, state):
    """Whole or not at all: a run killed while writing keeps the checkpoint of the epoch before."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=sorted(recipes.RECIPES))
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--epochs", type=int, help="another length than the recipe's; the schedule follows")
    parser.add_argument("--threads", type=int, default=1, help="more are faster, and round differently")
    parser.add_argument("--eager", action="store_true", help="do without torch.compile (and its C++ compiler)")
    args = parser.parse_args()

    recipe = recipes.get(args.model, args.epochs)
    work = pathlib.Path(args.work)
    work.mkdir(parents=True, exist_ok=True)
    images, labels = (torch.from_numpy(a) for a in datasets.load(recipe.data, "train", args.data))
    test_images, test_labels = (torch.from_numpy(a) for a in datasets.load(recipe.data, "test", args.data))
    print(f"{args.model}: {len(images)} training and {len(test_images)} test images", flush=True)

    torch.set_num_threads(args.threads)
    torch.manual_seed(recipe.seed)
    network = networks.Network(recipe.layers()).to(memory_format=torch.channels_last)
    forward = network if args.eager else torch.compile(network)
    average = Average(network, recipe.average_decay)
    optimizer = torch.optim.SGD(
        parameter_groups(network, recipe.weight_decay), lr=recipe.cycles[0].peak_rate, momentum=0.9, nesterov=True
    )

    checkpoint = work / f"{args.model}.checkpoint.pt"
    first, seconds = 0, 0.0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        if state["recipe"] != repr(recipe):
            raise SystemExit(f"{checkpoint}: made with another recipe; remove it to start again")
        network.load_state_dict(state["network"])
        average.network.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        first, seconds = state["epoch"], state["seconds"]
        print(f"continuing after epoch {first}", flush=True)

    for epoch in range(first, recipe.epochs):
        start = time.monotonic()
        loss, right = run_epoch(recipe, epoch, network, forward, optimizer, average, images, labels)
        seconds += time.monotonic() - start
        # The test figure is printed to watch a run; nothing is chosen by it.
        test = f", test {accuracy(average.network, test_images, test_labels):.4f}" if epoch % 5 == 4 else ""
        print(f"epoch {epoch + 1}/{recipe.epochs}: loss {loss:.4f}, right {right:.4f}{test}, {seconds:.0f} s", flush=True)
        state = {
            "recipe": repr(recipe),
            "network": network.state_dict(),
            "average": average.network.state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": epoch + 1,
            "seconds": seconds,
        }
        save(checkpoint, state)

    arrays = {key: value.numpy() for key, value in average.network.state_dict().items() if value.is_floating_point()}
    np.savez(work / f"{args.model}.weights.npz", **arrays)
    figures = {
        "recipe": repr(recipe),
        "training_seconds": round(seconds),
        "float_test_accuracy": round(accuracy(average.network, test_images, test_labels), 4),
        "test_images": len(test_images),
        "torch": torch.__version__,
    }
    (work / f"{args.model}.training.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    try:
        main()
    except datasets.DataError as error:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {error}")
