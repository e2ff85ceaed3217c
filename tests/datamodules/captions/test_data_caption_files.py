"""COCO's and Karpathy's files: what is read, and every fault told at once, with file and entry."""

import json

import pytest
from caption_files import TEXTS, changed, instances, karpathy, official

from datamodules.captions.captioned import clean
from datamodules.captions.coco_files import Download, HeldOut, Karpathy, Official
from datamodules.captions.coco_json import read_captions, read_objects
from datamodules.captions.karpathy import read_karpathy
from datamodules.contract import DataFault

NOTHING = Download([], {})
SPLITS = {"train": "train", "restval": "train", "val": "validation", "test": "test"}


def layout(root, images=2, share=0.5, seed=0):
    return Official(root, 2014, HeldOut(images, share, seed), NOTHING)


def test_the_official_layout_gives_images_in_order_with_captions_as_written(tmp_path):
    file = official(tmp_path, "train", [9, 4])
    images, faults = read_captions(file, tmp_path / "train2014")
    assert faults == [] and [image.key for image in images] == [9, 4]
    assert images[1].path == tmp_path / "train2014/COCO_4.jpg" and images[1].captions == tuple(TEXTS)


def test_what_validates_is_drawn_from_training_and_the_official_validation_part_is_the_test(tmp_path):
    official(tmp_path, "train", list(range(1, 11)))
    official(tmp_path, "val", [21, 22])
    train, validation, test = layout(tmp_path).parts()
    assert [len(part) for part in (train, validation, test)] == [8, 2, 2]
    assert sorted(image.key for image in train + validation) == list(range(1, 11))
    assert {image.key for image in test} == {21, 22}
    again, other = layout(tmp_path).parts().validation, layout(tmp_path, seed=1).parts().validation
    assert again == validation != other
    assert len(layout(tmp_path, images=9, share=0.5).parts().validation) == 5
    assert len(layout(tmp_path, images=9, share=0.38).parts().validation) == 3  # not more than that share
    with pytest.raises(DataFault, match=r"10 training images cannot give 0 to validation.*validation_share"):
        layout(tmp_path, share=0.05).parts()


def test_restval_is_trained_on_and_no_part_is_left_out_unsaid(tmp_path):
    file = karpathy(tmp_path, ["train", "restval", "val", "test", "restval"])
    found, faults = read_karpathy(file, tmp_path, SPLITS)
    assert faults == []
    assert [image.key for image in found["train"]] == [100, 101, 104]
    assert [image.key for image in found["validation"]] == [102] and [image.key for image in found["test"]] == [103]
    assert found["train"][1].path == tmp_path / "val2014/1.jpg"
    without = {part: split for part, split in SPLITS.items() if part != "restval"}
    with pytest.raises(DataFault, match=r"the part 'restval'.*data.splits does not say what for"):
        read_karpathy(file, tmp_path, without)
    found, _ = read_karpathy(file, tmp_path, without | {"restval": "nowhere"})
    assert [image.key for image in found["train"]] == [100] and set(found) == {"train", "validation", "test"}


def test_karpathys_flickr_has_no_folders_and_no_ids_of_coco(tmp_path):
    file = karpathy(tmp_path, ["train", "val", "test"], "dataset_flickr8k.json")
    found, faults = read_karpathy(file, tmp_path, SPLITS)
    assert faults == [] and found["test"][0].path == tmp_path / "2.jpg" and found["test"][0].key == 2
    assert found["train"][0].captions == tuple(TEXTS)  # raw, not tokens


def test_a_split_of_karpathys_file_that_is_empty_or_unknown_is_said(tmp_path):
    karpathy(tmp_path, ["train", "val"])
    with pytest.raises(DataFault, match="no image is for test"):
        Karpathy(tmp_path, "dataset_coco.json", ".", SPLITS, [], NOTHING).parts()
    with pytest.raises(DataFault, match=r"maps to trian; there are train, validation, test, nowhere"):
        Karpathy(tmp_path, "dataset_coco.json", ".", {"train": "trian"}, [], NOTHING)


def drop(*names):
    return lambda told: [told["images"][0].pop(name) for name in names]


def assign(kind, place, field, value):
    return lambda told: told[kind][place].__setitem__(field, value)


@pytest.mark.parametrize("change, said", [
    (assign("annotations", 3, "image_id", 77), r"annotations\[3\] \(id 4003\) is of the image 77, which is not among"),
    (assign("annotations", 1, "caption", " \n\u200b"), r"annotations\[1\] \(id 4001\) of the image 4 has an empty"),
    (assign("annotations", 1, "caption", None), r"annotations\[1\] has no text 'caption'"),
    (assign("annotations", 1, "id", 4000), r"annotations\[1\] \(id 4000\) has an id that an annotation before"),
    (assign("annotations", 1, "image_id", True), r"annotations\[1\] has no whole number 'image_id'"),
    (assign("images", 1, "id", 4), r"images\[1\] \(id 4\) has an id that an image before it has too"),
    (assign("images", 1, "file_name", "COCO_4.jpg"), r"images\[1\] \(id 5\) names the file COCO_4.jpg, as images\[0\]"),
    (assign("images", 1, "file_name", "gone.jpg"), r"images\[1\] \(id 5\) names the file gone.jpg, which is not in"),
    (assign("images", 1, "file_name", "../up.jpg"), r"images\[1\] \(id 5\) names the file '../up.jpg', which is none"),
    (assign("images", 1, "file_name", "a\0b"), r"names the file 'a\\x00b', which is none in a folder"),
    (drop("id", "file_name"), r"images\[0\] has no whole number 'id', no text 'file_name'"),
    (lambda told: told["images"].append(3), r"images\[2\] is a int, and no record"),
    (lambda told: told.update(annotations=told["annotations"][:5]), r"images\[1\] \(id 5\) has no caption"),
])  # fmt: skip
def test_each_fault_names_file_and_entry(tmp_path, change, said):
    file = changed(official(tmp_path, "train", [4, 5]), change)
    _, faults = read_captions(file, tmp_path / "train2014")
    assert any(fault.startswith(f"{file}: ") for fault in faults)
    with pytest.raises(AssertionError, match=said):
        raise AssertionError("\n".join(faults))


@pytest.mark.parametrize("change, said", [
    (assign("images", 1, "cocoid", 100), r"images\[1\] \(id 100\) has the id or the file of images\[0\] \(id 100\)"),
    (assign("images", 1, "filename", "9.jpg"), r"images\[1\] \(id 101\) names the file 9.jpg, which is not in"),
    (assign("images", 1, "filepath", ".."), r"names the file '..', '1.jpg', which is none in a folder of images"),
    (assign("images", 1, "filepath", ["x"]), r"which is none in a folder of images"),
    (assign("images", 1, "cocoid", "x"), r"images\[1\] has no whole number 'cocoid' or 'imgid'"),
    (assign("images", 1, "sentences", []), r"images\[1\] \(id 101\) has no caption"),
    (lambda told: told["images"][1]["sentences"][2].update(raw=""), r"\(id 101\) sentences\[2\] is an empty caption"),
    (lambda told: told["images"][1]["sentences"][2].pop("raw"), r"\(id 101\) sentences\[2\] has no text 'raw'"),
    (assign("images", 1, "split", 4), r"images\[1\] has no text 'split'"),
])  # fmt: skip
def test_each_fault_of_karpathys_file_names_its_entry(tmp_path, change, said):
    file = changed(karpathy(tmp_path, ["train", "train"]), change)
    _, faults = read_karpathy(file, tmp_path, SPLITS)
    assert len(faults) == 1 and faults[0].startswith(f"{file}: ")
    with pytest.raises(AssertionError, match=said):
        raise AssertionError(faults[0])


def test_all_faults_of_both_parts_are_told_at_once_and_many_are_counted(tmp_path):
    changed(official(tmp_path, "train", [1, 2, 3, 4]), assign("annotations", 2, "caption", ""))
    changed(official(tmp_path, "val", [21]), assign("annotations", 0, "image_id", 9))
    with pytest.raises(DataFault, match="captions have faults") as fault:
        layout(tmp_path).parts()
    assert "captions_train2014.json: annotations[2]" in str(fault.value)
    assert "captions_val2014.json: annotations[0]" in str(fault.value)
    changed(tmp_path / "annotations/captions_train2014.json", lambda told: told.update(images=[]))
    with pytest.raises(DataFault, match=r"and 11 more: attention-check-data coco lists them all"):
        layout(tmp_path).parts()


def test_a_folder_of_images_that_is_not_there_is_one_fault(tmp_path):
    file = official(tmp_path, "train", [1, 2, 3])
    _, faults = read_captions(file, tmp_path / "elsewhere")
    assert len(faults) == 1 and "elsewhere, which is missing or empty" in faults[0]


@pytest.mark.parametrize("content, said", [
    (b"{", r"is damaged, or no JSON .*Fetch it again: a caption file of COCO"),
    (b"", "is damaged, or no JSON"),
    (b"\xff\xfe{}", "is damaged, or no JSON"),
    (b"[" * 100_000, "is damaged, or no JSON"),
    (b"[1]", r"has no list 'images' and 'annotations' \(it has a list\), so it is not a caption file"),
    (b'{"images": {}, "rows": []}', r"has no list 'images' and 'annotations' \(it has 'images', 'rows'\)"),
])  # fmt: skip
def test_what_is_no_such_file_is_said(tmp_path, content, said):
    (tmp_path / "captions.json").write_bytes(content)
    with pytest.raises(DataFault, match=said) as fault:
        read_captions(tmp_path / "captions.json", tmp_path)
    assert str(tmp_path / "captions.json") in str(fault.value)


def test_missing_files_are_named_with_what_to_do(tmp_path):
    official(tmp_path, "val", [1])
    with pytest.raises(DataFault, match=r"captions_train2014.json missing. .*data.root=FOLDER.*attention-fetch coco"):
        layout(tmp_path).parts()


def test_captions_are_kept_as_written_but_for_what_nobody_sees():
    assert clean(" two\r\nlines\u2028of\x00text\x1b[31m ") == "two lines of text [31m"
    assert clean("<b>bold</b> & “curly” 犬 é 🐶") == "<b>bold</b> & “curly” 犬 é 🐶"
    assert clean("over\u202eride \ud83d half") == "over ride   half"
    clean(json.loads('"\\ud800"') + "x").encode("utf-8")  # half a surrogate pair could not be written anywhere


def test_objects_of_all_files_by_image_and_kind(tmp_path):
    files = [instances(tmp_path, "train", [(4, 18, [1, 2, 10, 5]), (4, 1, [0, 0, 3, 4])]),
             instances(tmp_path, "val", [(21, 18, [5.5, 0, 2, 2])])]  # fmt: skip
    changed(files[1], lambda told: told["annotations"].append({**told["annotations"][0], "iscrowd": 1}))
    objects, faults = read_objects(files)
    assert faults == [] and objects.names == ("person", "dog")  # by id
    assert objects.found == {4: [(1, (1, 2, 11, 7)), (0, (0, 0, 3, 4))], 21: [(1, (5.5, 0, 7.5, 2))]}


@pytest.mark.parametrize("change, said", [
    (assign("annotations", 0, "category_id", 99), r"annotations\[0\] is of the category 99, which is not among"),
    (assign("annotations", 0, "bbox", [1, 2, 3]), r"annotations\[0\] has the box \[1, 2, 3\], which is no"),
    (assign("annotations", 0, "bbox", [1, 2, -3, 4]), r"has the box \[1, 2, -3, 4\]"),
    (assign("annotations", 0, "bbox", [1, 2, "3", 4]), r"has the box"),
    (assign("categories", 0, "name", ""), r"categories\[0\] \(id 18\) has no name"),
    (assign("categories", 0, "id", None), r"categories\[0\] has no whole number 'id'"),
])  # fmt: skip
def test_faults_of_objects_name_their_entry(tmp_path, change, said):
    file = changed(instances(tmp_path, "train", [(4, 18, [1, 2, 10, 5])]), change)
    _, faults = read_objects([file])
    with pytest.raises(AssertionError, match=said):
        raise AssertionError("\n".join(faults))
