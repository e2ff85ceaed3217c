"""Data one folder off, or under another name: one line that says where they are."""

import shutil

import pytest
from caption_files import karpathy, official
from dog_folders import dogs, write_dogs
from svhn_folders import svhn, write_root

from datamodules.captions.captioned import MissingFault
from datamodules.captions.coco_files import Download, HeldOut, Karpathy, Official
from datamodules.captions.inspection import all_faults
from datamodules.contract import DataFault
from datamodules.storage.nearby import beside, elsewhere

NOTHING = Download([], {})


def parts(source):
    with pytest.raises(DataFault) as told:
        source.parts()
    return str(told.value)


@pytest.mark.parametrize("wanted", ["a", "a/b.mat"])
def test_a_folder_above_or_up_to_two_levels_below_is_found(tmp_path, wanted):
    there = tmp_path / "x" / "y"
    (there / wanted).parent.mkdir(parents=True, exist_ok=True)
    (there / wanted).touch()
    for root in (tmp_path, tmp_path / "x", there / "photographs"):
        assert elsewhere(root, wanted) == f" There is {wanted} in {there}: data.root={there}."
    assert elsewhere(tmp_path / "x", "other") == elsewhere(tmp_path / "none", "a") == ""


def test_a_renamed_folder_is_found_by_a_file_of_its_own(tmp_path):
    (tmp_path / "Images").mkdir()
    (tmp_path / "Images" / "1.jpg").touch()
    wanted = tmp_path / "Flicker8k_Dataset"
    assert beside(wanted, "1.jpg") == f"; they are in {tmp_path / 'Images'}: rename it to Flicker8k_Dataset"
    assert beside(wanted, "2.jpg") == ""


def test_flickr_with_images_in_a_folder_of_another_name_is_one_line(tmp_path):
    karpathy(tmp_path, ["train", "train", "val", "test"], "dataset_flickr8k.json", "Images")
    splits = {"train": "train", "val": "validation", "test": "test"}
    source = Karpathy(tmp_path, "dataset_flickr8k.json", "Flicker8k_Dataset", splits, [], NOTHING)
    told = parts(source)
    assert f"should be in {tmp_path / 'Flicker8k_Dataset'}, which is missing or empty" in told
    assert told.count(f"they are in {tmp_path / 'Images'}: rename it to Flicker8k_Dataset") == 1
    assert told.count("images[") == 1
    _, faults = all_faults(source, workers=1)
    assert len(faults) == 1 and "rename it to Flicker8k_Dataset" in faults[0]


def test_cocos_photographs_in_a_folder_of_another_name_are_one_line_a_part(tmp_path):
    for part, keys in (("train", [1, 2, 3]), ("val", [4, 5])):
        official(tmp_path, part, keys)
    (tmp_path / "train2014").rename(tmp_path / "training")
    source = Official(tmp_path, 2014, HeldOut(1, 0.5, 0), NOTHING)
    assert f"they are in {tmp_path / 'training'}: rename it to train2014" in parts(source)
    assert len(all_faults(source, workers=1)[1]) == 1


def test_one_level_off_is_told_for_every_data_set_that_is_a_folder(tmp_path):
    coco, kennel, numbers = tmp_path / "coco", tmp_path / "dogs", tmp_path / "svhn"
    official(coco, "train", [1, 2])
    write_dogs(kennel)
    write_root(numbers, ["12", "3"], ["4"])
    with pytest.raises(MissingFault, match=f"data.root={coco}\\."):
        Official(coco / "train2014", 2014, HeldOut(1, 0.5, 0), NOTHING).parts()
    for wrong in (kennel / "Images", tmp_path):
        with pytest.raises(DataFault, match=f"data.root={kennel}\\."):
            dogs(wrong).setup()
    with pytest.raises(DataFault, match=f"data.root={numbers}\\."):
        svhn(numbers / "train").setup()
    shutil.rmtree(kennel)
    with pytest.raises(DataFault, match=r"missing\. Name the folder"):
        dogs(kennel).setup()
