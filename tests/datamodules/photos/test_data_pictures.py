"""Image files that belong to no data set, framed as the test images of one."""

import pytest
import torch
from models import files
from PIL import Image
from run_helpers import composer

from benchmark.build import build_data
from datamodules.contract import DataFault

COMPOSER = composer()


def data_set(name, *knobs):
    return build_data(COMPOSER.job(["attention=none", f"data={name}", *knobs]))[0]


def saved(image_CHW, path):
    pixels_HWC = (image_CHW * 255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(pixels_HWC if pixels_HWC.shape[2] == 3 else pixels_HWC[:, :, 0]).save(path)
    return path


def test_a_canvas_that_is_saved_is_read_back(tmp_path):
    data = data_set("digit_pairs", "data.test_images=4")
    data.setup("fit")
    image = next(iter(data.batches("test", torch.device("cpu")))).image
    mean, std = 0.3053, 0.3759
    paths = [saved(one * std + mean, tmp_path / f"{number}.png") for number, one in enumerate(image[:3])]
    assert torch.allclose(data.pictures(paths), image[:3], atol=0.51 / 255 / std)


def test_a_canvas_of_one_grey_is_that_grey_at_any_size_and_in_colour(tmp_path):
    Image.new("RGB", (200, 90), (255, 0, 0)).save(tmp_path / "red.png")
    found = data_set("digit_pairs").pictures([tmp_path / "red.png"])
    assert found.shape == (1, 1, 20, 20)
    assert torch.allclose(found, torch.full_like(found, (0.299 - 0.3053) / 0.3759))


def test_a_house_number_is_the_whole_picture_less_its_mean(tmp_path):
    data = data_set("svhn_sample", *files("svhn_sample", tmp_path))
    side = data.spec.image_shape[1]
    image = torch.zeros(3, side, side)
    image[:, :, : side // 2] = 1.0
    (tmp_path / "pictures").mkdir()
    paths = [saved(image, tmp_path / "pictures/a.png"),
             saved(image.repeat_interleave(2, 2), tmp_path / "pictures/wide.png")]  # fmt: skip
    one, wide = data.pictures(paths)
    expected = torch.tensor(0.5 / 0.12).expand(3, side, side // 2)  # white less the mean grey, by the contrast
    assert torch.allclose(one, torch.cat([expected, -expected], 2), atol=1e-4)
    assert torch.allclose(one[..., 2 : side // 2 - 2], wide[..., 2 : side // 2 - 2], atol=0.1)


def test_a_photograph_gives_its_central_square(tmp_path):
    data = data_set("stanford_dogs_sample", *files("stanford_dogs_sample", tmp_path))
    image = torch.zeros(3, 80, 200)
    image[0, :, 60:140] = 1.0  # the central square is red
    found = data.pictures([saved(image, tmp_path / "a.png")])[0]
    assert tuple(found.shape) == data.spec.image_shape
    assert (found[0] > found[1]).all() and found[0, :, 1:-1].std() < 1e-5  # its edges mix with what is beyond


def test_all_files_that_cannot_be_read_are_listed(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    Image.new("L", (4, 4)).save(tmp_path / "small.png")
    with pytest.raises(DataFault) as fault:
        data_set("digit_pairs").pictures([tmp_path / name for name in ("text.png", "none.png", "small.png")])
    lines = str(fault.value).splitlines()
    assert len(lines) == 4 and "text.png is no picture" in lines[1] and "none.png is missing" in lines[2]
    assert "small.png" in lines[3]
