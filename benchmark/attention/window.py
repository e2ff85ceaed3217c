"""Cutting windows out of images: the retina of hard attention and the sampler of spatial transformers.

Pixel coordinates are continuous: the image covers [0, W] x [0, H], pixel i covers [i, i + 1].
Axes: B images, S trajectories, R = B * S rows, C channels, g side of a glimpse, k scales.
"""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample, pad

from benchmark.faults import ConfigFault


@final
class Retina(nn.Module):
    """k concentric square windows, the first g x g pixels, each next one twice as wide, all brought to g x g (RAM; eq
    19).

    Cells of coarse windows are area averages (the papers leave the kernel open); outside the image lies `background`.
    Windows sit on whole pixels: the position is rounded once, so that all scales are concentric.
    Box averages at every pixel are made once per image, each level from the one before by two additions; a glimpse is
    then one gather a scale, whatever its width. Nothing here is kept for a backward pass: a hard window has none.
    """

    cell_g: Tensor

    def __init__(self, side: tuple[int, int], background: float, size: int, scales: int):
        super().__init__()
        if size > min(side):
            raise ConfigFault([f"look.size: a glimpse of {size} px does not fit an image of {side[0]} x {side[1]} px"])
        self.side, self.background, self.size, self.scales = side, background, size, scales
        self.edge = 2 ** (scales - 1)
        self.register_buffer("cell_g", torch.arange(size), persistent=False)

    def levels(self, image_BCHW: Tensor) -> list[Tensor]:
        """Level s holds at (y, x) the mean of the 2^s x 2^s pixels that start at (y - edge, x - edge)."""
        levels = [pad(image_BCHW, (self.edge,) * 4, value=self.background)]
        for s in range(1, self.scales):
            half = 2 ** (s - 1)
            finer = levels[-1]
            rows = finer[..., :-half, :] + finer[..., half:, :]
            levels.append((rows[..., :-half] + rows[..., half:]).mul_(0.25))
        return levels

    def forward(self, levels: list[Tensor], centre_R2: Tensor) -> Tensor:
        """(R, k * C, g, g) windows around centres (x, y) in pixels, channels of the finest scale first."""
        first_R2 = (centre_R2 - self.size / 2).round().long()
        images, channels = levels[0].shape[:2]
        windows = []
        for s, level in enumerate(levels):
            step = 2**s
            start_R2 = first_R2 - (self.size * (step - 1)) // 2
            at_R2g = start_R2[..., None] + step * self.cell_g
            x_Rg = at_R2g[:, 0].clamp(-self.edge, self.side[1]) + self.edge
            y_Rg = at_R2g[:, 1].clamp(-self.edge, self.side[0]) + self.edge
            index_Rgg = y_Rg[:, :, None] * level.shape[-1] + x_Rg[:, None, :]
            index_BCn = index_Rgg.reshape(images, 1, -1).expand(-1, channels, -1)
            window_BCn = level.flatten(2).gather(2, index_BCn)
            windows.append(window_BCn.unflatten(2, (-1, self.size, self.size)).transpose(1, 2).flatten(0, 1))
        return torch.cat(windows, 1)


@final
class Sampler(nn.Module):
    """Bilinear reading of a warped grid (eqs 29-32): pixel (1, 1) of the unit square is the last pixel's centre.

    Eq 32's kernel max(0, 1 - |x - v|) needs pixel units, while the text speaks of [-1, 1]: x_pix = (x + 1)(W - 1) /
    2, as in the official code of RNN-SPN and EDRAM (align_corners). Outside the image lies `background`.
    oversample: the grid is read that many times finer and averaged, as the STN paper pools after its sampler, against
    aliasing.
    """

    grid_n3: Tensor

    def __init__(self, background: float, size: int, oversample: int):
        super().__init__()
        self.background, self.size, self.oversample = background, size, oversample
        fine = size * oversample
        # Cell centres of the unit square, so that averaging the finer grid gives the coarser one's places.
        line = (torch.arange(fine) + 0.5) * 2 / fine - 1
        grid_n3 = torch.stack([line.repeat(fine), line.repeat_interleave(fine), torch.ones(fine * fine)], 1)
        self.register_buffer("grid_n3", grid_n3, persistent=False)

    def forward(self, image_BCHW: Tensor, warp_R23: Tensor) -> Tensor:
        """(R, C, g, g) crops: cell u of the crop shows the image at warp @ (x_u, y_u, 1), in [-1, 1]."""
        images, fine = len(image_BCHW), self.size * self.oversample
        place_Rn2 = self.grid_n3 @ warp_R23.transpose(1, 2)
        grid_Bm2 = place_Rn2.reshape(images, -1, fine, 2)
        read = grid_sample(image_BCHW - self.background, grid_Bm2, "bilinear", "zeros", align_corners=True)
        crop_RCgg = (read + self.background).unflatten(2, (-1, fine)).transpose(1, 2).flatten(0, 1)
        return avg_pool2d(crop_RCgg, self.oversample)


def square_map(centre_R2: Tensor, width: float, side: tuple[int, int]) -> Tensor:
    """(R, H, W): one inside the square of this width around the centre, zero outside."""
    y_H = torch.arange(side[0], device=centre_R2.device) + 0.5
    x_W = torch.arange(side[1], device=centre_R2.device) + 0.5
    inside_RW = (x_W - centre_R2[:, :1]).abs() <= width / 2
    inside_RH = (y_H - centre_R2[:, 1:]).abs() <= width / 2
    return (inside_RH[:, :, None] & inside_RW[:, None, :]).to(centre_R2.dtype)
