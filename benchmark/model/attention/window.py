"""Sampling windows from images: the retina of hard attention and the bilinear sampler of spatial transformers.

Pixel coordinates are continuous: the image covers [0, W] x [0, H], pixel i covers [i, i + 1].
Axes: B images, S trajectories, R = B * S rows, C channels, g side of a glimpse, k scales.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, grid_sample

from benchmark.common.errors import ConfigFault
from benchmark.common.precision import single_precision


@final
class Retina(nn.Module):
    """k concentric square windows, the first g x g pixels, each next one twice as wide, all reduced to g x g (RAM's
    retina; eq 19).

    side: (H, W) of the images. size: g. scales: which of the windows are read, 0 being the finest.
    Cells of coarse windows are area averages (the papers do not give the kernel); outside the image lies `background`.
    Windows sit on whole pixels: the centre is rounded once, so that all scales are concentric.
    Box sums at every pixel are computed once per image, each level from the one before by two additions; a glimpse is
    then one gather, at any width and number of scales. There is no backward pass: a hard window has no gradient.
    Raises ConfigFault where g is larger than the image.
    """

    offset_kg: Tensor
    width_k1: Tensor
    start_k1: Tensor
    share_k11: Tensor

    def __init__(self, side: tuple[int, int], background: float, size: int, scales: Sequence[int]):
        super().__init__()
        if size > min(side):
            raise ConfigFault([f"look.size: a glimpse of {size} px does not fit an image of {side[0]} x {side[1]} px"])
        self.side, self.background, self.size, self.scales = side, background, size, tuple(scales)
        self.edge = 2 ** max(scales)
        self.shapes = [
            (side[0] + 2 * self.edge - 2**s + 1, side[1] + 2 * self.edge - 2**s + 1) for s in range(max(scales) + 1)
        ]
        self.areas = [self.shapes[s][0] * self.shapes[s][1] for s in scales]
        starts = [sum(self.areas[:number]) for number in range(len(scales))]
        step_k1 = torch.tensor([2**s for s in scales])[:, None]
        width_k1 = torch.tensor([[self.shapes[s][1]] for s in scales])
        offset_kg = step_k1 * torch.arange(size) - size * (step_k1 - 1) // 2
        start_k1 = torch.tensor(starts)[:, None] + self.edge * (width_k1 + 1)
        self.register_buffer("offset_kg", offset_kg, persistent=False)
        self.register_buffer("width_k1", width_k1, persistent=False)
        self.register_buffer("start_k1", start_k1, persistent=False)
        self.register_buffer("share_k11", 0.25 ** torch.tensor(scales)[:, None, None], persistent=False)

    @torch.no_grad()
    def levels(self, image_BCHW: Tensor) -> Tensor:
        """(B, C, P) the pyramid: the scales' levels, flattened and concatenated. Level s holds at (y, x) the sum of the
        2^s x 2^s pixels from (y, x) - edge. Levels of scales that are not read are intermediate results.
        """
        pyramid_BCP = image_BCHW.new_empty(*image_BCHW.shape[:2], sum(self.areas))
        read = dict(zip(self.scales, pyramid_BCP.split(self.areas, -1), strict=True))
        finest, *coarser = (
            read[s].unflatten(-1, shape) if s in read else image_BCHW.new_empty(*image_BCHW.shape[:2], *shape)
            for s, shape in enumerate(self.shapes)
        )
        finest.fill_(self.background)
        finest[..., self.edge : -self.edge, self.edge : -self.edge] = image_BCHW
        finer = finest
        for s, level in enumerate(coarser):
            half = 2**s
            rows = finer[..., :-half, :] + finer[..., half:, :]
            finer = torch.add(rows[..., :-half], rows[..., half:], out=level)
        return pyramid_BCP

    def corner(self, centre_R2: Tensor) -> Tensor:
        """(R, 2) the upper left corner, a pixel (x, y), of the widest window around each centre."""
        return (centre_R2 - self.size / 2).round() + self.offset_kg[-1, 0]

    def widest(self, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
        """(R, C, g, g) the widest windows alone, as `forward` cuts them."""
        return self._cut(pyramid_BCP, centre_R2, slice(-1, None)).squeeze(1)

    def forward(self, pyramid_BCP: Tensor, centre_R2: Tensor) -> Tensor:
        """(R, k, C, g, g) windows around centres (x, y) in pixels, the finest first."""
        return self._cut(pyramid_BCP, centre_R2, slice(None))

    def _cut(self, pyramid_BCP: Tensor, centre_R2: Tensor, which: slice) -> Tensor:
        """The windows of these scales."""
        images, channels = pyramid_BCP.shape[:2]
        first_R2 = (centre_R2 - self.size / 2).round().long()
        at_R2kg = first_R2[:, :, None, None] + self.offset_kg[which]
        x_Rkg = at_R2kg[:, 0].clamp(-self.edge, self.side[1])
        line_Rkg = at_R2kg[:, 1].clamp(-self.edge, self.side[0]) * self.width_k1[which] + self.start_k1[which]
        index_B1n = (line_Rkg[..., None] + x_Rkg[..., None, :]).reshape(images, 1, -1)
        sum_BCn = pyramid_BCP.gather(2, index_B1n.expand(-1, channels, -1))
        # Sums become means here, where they are fewest; division by a power of two is exact.
        mean_BCSkgg = sum_BCn.unflatten(2, (-1, at_R2kg.shape[2], self.size, self.size)) * self.share_k11[which]
        return mean_BCSkgg.movedim(1, 3).flatten(0, 1)


@final
class Sampler(nn.Module):
    """Bilinear sampling on a warped grid (eqs 29-32); the coordinate (1, 1) is the centre of the last pixel.

    Eq 32's kernel max(0, 1 - |x - v|) needs pixel units, while the text has [-1, 1]: x_pix = (x + 1)(W - 1) / 2, as in
    the official code of RNN-SPN and EDRAM (align_corners). So the identity warp at equal sizes returns the image, every
    sample on a whole pixel. There eq 36, as printed, would give the pixel's value; here the derivative is the one from
    the right: +1 for x < v <= x + 1, -1 for x - 1 < v <= x, else 0. Outside the image lies `background`.
    size: g. oversample: factor by which the grid is finer, its samples then averaged, against aliasing, as the STN
    paper pools after its sampler.
    """

    grid_n3: Tensor

    def __init__(self, background: float, size: int, oversample: int):
        super().__init__()
        self.background, self.size, self.oversample = background, size, oversample
        fine = size * oversample
        # The samples of a cell lie evenly around its centre; a grid of one cell is centred.
        line = ((torch.arange(fine) + 0.5) / oversample - size / 2) * 2 / max(size - 1, 1)
        grid_n3 = torch.stack([line.repeat(fine), line.repeat_interleave(fine), torch.ones(fine * fine)], 1)
        self.register_buffer("grid_n3", grid_n3, persistent=False)

    def raised(self, image_BCHW: Tensor) -> Tensor:
        """The image minus its background value, so that zero padding means background. Computed once per image."""
        return image_BCHW - self.background

    def forward(self, raised_BCHW: Tensor, warp_R23: Tensor) -> Tensor:
        """(R, C, g, g) crops: cell u of the crop shows the image at warp @ (x_u, y_u, 1), in [-1, 1]."""
        images, fine = len(raised_BCHW), self.size * self.oversample
        with single_precision(warp_R23):
            place_Rn2 = self.grid_n3 @ warp_R23.transpose(1, 2)
        grid_Bm2 = place_Rn2.reshape(images, -1, fine, 2)
        read = grid_sample(raised_BCHW, grid_Bm2, "bilinear", "zeros", align_corners=True)
        crop_RCgg = (read + self.background).unflatten(2, (-1, fine)).transpose(1, 2).flatten(0, 1)
        return avg_pool2d(crop_RCgg, self.oversample)


def square_map(centre_R2: Tensor, width: float, side: tuple[int, int]) -> Tensor:
    """(R, H, W): one inside the square of this width around the centre, zero outside."""
    y_H = torch.arange(side[0], device=centre_R2.device) + 0.5
    x_W = torch.arange(side[1], device=centre_R2.device) + 0.5
    inside_RW = (x_W - centre_R2[:, :1]).abs() <= width / 2
    inside_RH = (y_H - centre_R2[:, 1:]).abs() <= width / 2
    return (inside_RH[:, :, None] & inside_RW[:, None, :]).to(centre_R2.dtype)
