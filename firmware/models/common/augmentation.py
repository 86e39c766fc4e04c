"""Random changes of training images: uint8 (n, 32, 32, 3) and a generator in, the same shape out."""

import torch
from torch.nn import functional

MAX_SHIFT = 4  # pixels, objects
MAX_LIGHT = 0.2  # part of the mean, objects
MAX_CONTRAST = 0.2  # part of it, objects
MAX_TURN = 0.2  # radians, signs
MAX_ZOOM = 0.12  # part of the size, signs
MAX_SIGN_SHIFT = 0.12  # part of half the width, signs: 2 pixels


def lit(images, contrast, light):
    """Float (n, 3, h, w) as uint8 (n, h, w, 3): distance to the mean times `contrast`, mean times `light`."""
    mean = images.mean((1, 2, 3), keepdim=True)
    images = (images - mean) * contrast[:, None, None, None] + mean * light[:, None, None, None]
    return images.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def shifted_flipped_and_lit(images, draw):
    """Objects: moved by up to 4 pixels, black coming in from the edge, every other one mirrored, lit differently."""
    n, side = len(images), images.shape[1]
    padded = functional.pad(images, (0, 0, MAX_SHIFT, MAX_SHIFT, MAX_SHIFT, MAX_SHIFT))
    dy, dx = torch.randint(0, 2 * MAX_SHIFT + 1, (2, n, 1), generator=draw)
    mirrored = torch.rand(n, 1, generator=draw) < 0.5
    along = torch.arange(side)
    rows = dy + along
    columns = dx + torch.where(mirrored, side - 1 - along, along)
    light = 1 + MAX_LIGHT * (torch.rand(n, generator=draw) * 2 - 1)
    contrast = 1 + MAX_CONTRAST * (torch.rand(n, generator=draw) * 2 - 1)
    moved = padded[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return lit(moved.permute(0, 3, 1, 2).float(), contrast, light)


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
    return lit(pixels, 1 + uniform(0.3), 1 + uniform(0.4))


APPLY = {"objects": shifted_flipped_and_lit, "signs": turned_and_lit}
