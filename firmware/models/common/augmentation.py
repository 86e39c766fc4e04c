"""Random changes of training images: uint8 (n, 32, 32, 3) and a generator in, the same shape out."""

import torch
from torch.nn import functional

MAX_SHIFT = 4  # pixels, objects
MAX_TURN = 0.2  # radians, signs
MAX_ZOOM = 0.12  # part of the size, signs
MAX_SIGN_SHIFT = 0.12  # part of half the width, signs: 2 pixels


def shifted_and_flipped(images, draw):
    """Objects: moved by up to 4 pixels, black coming in from the edge, every other one mirrored."""
    n, side = len(images), images.shape[1]
    padded = functional.pad(images, (0, 0, MAX_SHIFT, MAX_SHIFT, MAX_SHIFT, MAX_SHIFT))
    dy, dx = torch.randint(0, 2 * MAX_SHIFT + 1, (2, n, 1), generator=draw)
    mirrored = torch.rand(n, 1, generator=draw) < 0.5
    along = torch.arange(side)
    rows = dy + along
    columns = dx + torch.where(mirrored, side - 1 - along, along)
    return padded[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def turned_and_lit(images, draw):
    """Signs: turned, zoomed, moved and lit differently; never mirrored, which would change their meaning."""
    n = len(images)

    def uniform(extent):
        return (torch.rand(n, generator=draw) * 2 - 1) * extent

    turn, zoom = uniform(MAX_TURN), 1 + uniform(MAX_ZOOM)
    cos, sin = zoom * turn.cos(), zoom * turn.sin()
    rows = [torch.stack([cos, -sin, uniform(MAX_SIGN_SHIFT)], 1), torch.stack([sin, cos, uniform(MAX_SIGN_SHIFT)], 1)]
    pixels = images.permute(0, 3, 1, 2).float()
    grid = functional.affine_grid(torch.stack(rows, 1), pixels.shape, align_corners=False)
    pixels = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    mean = pixels.mean((1, 2, 3), keepdim=True)
    contrast, light = 1 + uniform(0.3), 1 + uniform(0.4)
    pixels = (pixels - mean) * contrast[:, None, None, None] + mean * light[:, None, None, None]
    return pixels.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


APPLY = {"objects": shifted_and_flipped, "signs": turned_and_lit}
