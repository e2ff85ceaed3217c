"""What is said of a sample that cannot be written, whatever its format."""

import pytest

from datamodules.captions.coco_sample import write_coco_sample
from datamodules.contract import DataFault
from datamodules.dogs.dogs_sample import write_dogs_sample
from datamodules.house_numbers.svhn_sample import write_svhn_sample
from datamodules.storage.samples import SampleSettings


@pytest.mark.parametrize("write", [write_coco_sample, write_dogs_sample, write_svhn_sample])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, write):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFault, match=r"cannot write the sample .*data\.root"):
        write(tmp_path / "file" / "sample", SampleSettings(1, 1, 0))
