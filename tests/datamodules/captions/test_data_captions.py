"""Photographs with captions as batches: which words go with which picture, and what is said of what cannot be read."""

import importlib
import json
import sys

import pytest
import torch
from caption_files import TEXTS, changed, instances, karpathy, official, photo
from hydra.utils import instantiate
from PIL import Image
from test_data_contracts import CPU, composed
from test_data_download import mirror  # noqa: F401  # the fixture
from test_data_zips import packed

from datamodules.base import Ticket
from datamodules.captions.inspection import all_faults
from datamodules.contract import IGNORED, DataFault
from datamodules.words import words

KNOBS = ["data.short=32", "data.size=32", "data.batch_size=4", "data.min_count=1", "data.workers=1"]


def made(name, root, *overrides):
    config = composed(name, f"data.root={root}", *KNOBS, *overrides).data
    return instantiate(config, _partial_=True)()  # so that what is raised is not wrapped


def said(data, row):
    symbols = data.spec.symbols
    return [symbols[symbol] for symbol in row.tolist() if symbol != IGNORED]


def red(image):
    """What the red of a uniform photograph was; tiny files tell which they are by it."""
    return round(float(image[0].mean() * 0.229 + 0.485) * 255)


@pytest.fixture
def root(tmp_path):
    karpathy(tmp_path, ["train", "restval", "val", "test", "train"])
    changed(tmp_path / "dataset_coco.json", number_words)
    return tmp_path


def number_words(told):
    """Captions of image n begin with the word wn, and are of different lengths."""
    for n, image in enumerate(told["images"]):
        for k, sentence in enumerate(image["sentences"]):
            sentence["raw"] = " ".join([f"w{n}", *["x"] * k]) + "."


def test_words_go_with_their_photograph_and_index_names_it(root):
    data = made("coco", root, "data.images_per_epoch=15")
    seen = []
    for batch in data.batches("train", CPU):
        for image, target, index in zip(batch.image, batch.target, batch.index, strict=True):
            told = said(data, target)
            number = (0, 1, 4)[int(index)]
            assert told[0] == f"w{number}" and told[-1] == "<end>" and abs(red(image) - 8 * number) <= 3
            assert words(data.references("train")[int(index)][len(told) - 2]) == told[:-1]
            seen.append((number, len(told)))
    assert sorted(seen) == [(number, length) for number in (0, 1, 4) for length in range(2, 7)]


def test_training_goes_as_far_as_the_batch_does_and_judging_as_far_as_anybody(root):
    data = made("coco", root, "data.images_per_epoch=15", "data.max_words=5")
    for batch in data.batches("train", CPU):
        assert batch.target.shape[1] == (batch.target != IGNORED).sum(1).max()
    test = next(data.batches("test", CPU))
    assert test.target.shape == (1, 6) and said(data, test.target[0]) == [
        "<unk>",
        "<end>",
    ]  # w3 is in no training caption
    assert data.references("test") == (tuple(f"w3{' x' * k}." for k in range(5)),)
    assert data.spec.max_steps == 6 and data.spec.end == len(data.spec.symbols) - 1


def test_fewer_images_are_the_first_of_each_part(tmp_path):
    karpathy(tmp_path, ["train", "val", "test", "val", "test", "val", "test"])
    changed(tmp_path / "dataset_coco.json", number_words)
    data = made("coco", tmp_path, "data.validation_images=1", "data.test_images=2")
    assert [[texts[0] for texts in data.references(split)] for split in ("validation", "test")] == [
        ["w1."],
        ["w2.", "w4."],
    ]
    assert [sum(len(batch.index) for batch in data.batches(split, CPU)) for split in ("validation", "test")] == [1, 2]


def test_a_batch_is_a_function_of_its_ticket(root):
    data, again = (made("coco", root, "data.images_per_epoch=8", "data.size=24") for _ in range(2))
    tickets = list(data.tickets("train"))
    last = again.batch(tickets[-1], CPU)
    for ticket in tickets:
        batch = data.batch(ticket, CPU)
    assert all(torch.equal(a, b) for a, b in zip(batch, last, strict=True))
    other = made("coco", root, "data.images_per_epoch=8", "data.size=24", "seed=9")
    assert not torch.equal(other.batch(tickets[0], CPU).image, data.batch(tickets[0], CPU).image)


def test_an_epoch_goes_on_where_the_one_before_ended(root):
    """15 captions are four batches, or two epochs of two batches: each caption is seen once in them."""
    data = made("coco", root, "data.images_per_epoch=8")
    batches = [data.batch(Ticket("train", epoch, number), CPU) for epoch in range(2) for number in range(2)]
    seen = [(int(index), len(said(data, row))) for batch in batches
            for index, row in zip(batch.index, batch.target, strict=True)]  # fmt: skip
    assert sorted(seen) == [(index, length) for index in range(3) for length in range(2, 7)]


def test_another_seed_shows_another_part_of_the_photograph(tmp_path):
    karpathy(tmp_path, ["train", "val", "test"])
    wide = Image.new("RGB", (200, 32))
    for x in range(200):
        wide.paste((x, x, x), (x, 0, x + 1, 32))
    wide.save(next(tmp_path.rglob("0.jpg")))
    shown = [
        made("coco", tmp_path, "data.batch_size=5", f"seed={seed}").batch(Ticket("train", 0, 0), CPU).image[:, 0, 0, 0]
        for seed in (0, 0, 1)
    ]
    assert torch.equal(shown[0], shown[1]) and len(shown[0].unique()) == 5 and not torch.equal(shown[0], shown[2])


def test_without_jitter_training_shows_what_evaluation_would_and_says_which(root):
    still = [f"data.jitter.{knob}=0" for knob in ("place", "mirror", "brightness", "contrast", "saturation", "hue")]
    data = made("coco", root, "data.images_per_epoch=30", "data.size=24", *still)
    each = data.each("train")
    images = torch.cat([each.batch(0, number, CPU).image for number in range(each.batches)])
    assert len(images) == 3
    for ticket in data.tickets("train"):
        batch = data.batch(ticket, CPU)
        assert torch.equal(batch.image, images[batch.index])
    with pytest.raises(DataFault, match=r"data\.jitter augments training images at random"):
        made("coco", root, "data.jitter.mirror=0.5").each("train")


def test_photographs_are_mirrored_in_training_alone(root):
    pictures = sorted(root.rglob("*.jpg"))
    half = Image.new("RGB", (40, 32), (250, 250, 250))
    half.paste((0, 0, 0), (0, 0, 20, 32))  # dark on the left
    for path in pictures:
        half.save(path)
    data = made("coco", root, "data.jitter.mirror=1", "data.jitter.place=0")
    evaluated = [next(data.batches(split, CPU)).image for split in ("validation", "test")]
    for image in (*evaluated, data.pictures(pictures[:1])):
        assert (image[..., :10].mean((1, 2, 3)) < -1).all() and (image[..., -10:].mean((1, 2, 3)) > 1).all()
    image = next(data.batches("train", CPU)).image
    assert (image[..., :10].mean((1, 2, 3)) > image[..., -10:].mean((1, 2, 3)) + 1).all()


def test_one_caption_each_makes_shorter_passes(root):
    one = "data.examples._target_=datamodules.captions.examples.OneEach"
    data = made("coco", root, "data.images_per_epoch=3", "data.batch_size=3", one)
    (batch,) = data.batches("train", CPU)
    assert sorted(batch.index.tolist()) == [0, 1, 2]


def test_the_vocabulary_is_of_training_captions_and_fixed_by_knobs(root):
    data = made("coco", root)
    assert data.spec.symbols == ("<unk>", "x", "w0", "w1", "w4", "<end>")
    assert made("coco", root, "data.max_size=1").spec.symbols == ("<unk>", "x", "<end>")
    assert made("coco", root, "data.min_count=6").spec.symbols == ("<unk>", "x", "<end>")


def test_fingerprints_tell_other_photographs_captions_and_sizes_apart(root):
    first = made("coco", root).fingerprints()
    assert made("coco", root, "seed=9", "data.batch_size=2").fingerprints() == first
    assert made("coco", root, "data.short=40").fingerprints()["test"] != first["test"]
    assert made("coco", root, "data.size=24").fingerprints()["test"] != first["test"]
    changed(root / "dataset_coco.json", lambda told: told["images"][3]["sentences"][4].update(raw="other"))
    found = made("coco", root).fingerprints()
    assert found["test"] != first["test"] and found["validation"] == first["validation"]


def test_boxes_of_named_objects_in_pixels_of_the_image(tmp_path):
    official(tmp_path, "train", [1, 2, 3, 4])
    official(tmp_path, "val", [21])
    instances(tmp_path, "train", [])
    dog, person = 18, 1
    boxes = [
        (21, dog, [10, 5, 10, 10]),
        (21, dog, [5, 0, 20, 20]),
        (21, dog, [20, 15, 4, 4]),
        (21, person, [0, 0, 2, 2]),
    ]
    instances(tmp_path, "val", boxes)
    data = made("coco2017", tmp_path, "data.year=2014", "data.short=60", "data.size=60", "data.objects=2")
    assert data.spec.box_names == ("person", "person", "dog", "dog")
    batch = next(data.batches("test", CPU))  # 40 x 30 becomes 80 x 60, of which the middle 60 are seen
    found = [None if box[0] != box[0] else box for box in batch.boxes[0].tolist()]
    assert found == [None, None, [0, 0, 40, 40], [10, 10, 30, 30]]
    assert made("coco2017", tmp_path, "data.year=2014").spec.box_names == ()
    (tmp_path / "annotations/instances_val2014.json").unlink()
    with pytest.raises(DataFault, match=r"instances_val2014.json missing"):
        made("coco2017", tmp_path, "data.year=2014", "data.objects=1").spec  # noqa: B018


def test_a_photograph_that_cannot_be_read_is_refused_or_left_out(root, caplog):
    (root / "val2014/1.jpg").write_bytes(b"no picture")
    with pytest.raises(DataFault, match=r"1\.jpg .*skip_unreadable=true"):
        made("coco", root).splits()
    data = made("coco", root, "data.skip_unreadable=true", "data.images_per_epoch=10")
    assert {int(index) for batch in data.batches("train", CPU) for index in batch.index} == {0, 1}
    assert len(data.references("train")) == 2 and data.references("train")[1][0] == "w4."
    assert any("1.jpg" in record.getMessage() for record in caplog.records)


def test_sizes_that_cannot_be_are_refused(root):
    with pytest.raises(DataFault, match=r"data.size=33 px has to fit .*data.short=32"):
        made("coco", root, "data.size=33")


def test_all_faults_of_a_folder_are_told_together(root):
    changed(root / "dataset_coco.json", lambda told: told["images"][0]["sentences"][1].update(raw=" "))
    (root / "val2014/2.jpg").unlink()
    (root / "val2014/3.jpg").write_bytes(b"no picture")
    seen, faults = all_faults(made("coco", root).source, 1)
    assert seen == ["4 images, 19 captions", "no boxes of objects"]
    assert [fault for fault in faults if "sentences[1] is an empty caption" in fault]
    assert [fault for fault in faults if "names the file 2.jpg, which is not in" in fault]
    assert [fault for fault in faults if "3.jpg (images[3] (id 103)) is no picture" in fault]
    assert len(faults) == 4  # and nothing is left to validate


@pytest.fixture
def script(tmp_path, monkeypatch, capsys):
    """Runs a command in this process: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *arguments])
        code = importlib.import_module(f"benchmark.commands.{name}").main()
        return code, *capsys.readouterr()

    return run


def test_the_script_tells_a_sound_folder_and_a_faulty_one(tmp_path, script):
    official(tmp_path / "files", "train", [1, 2], 2017)
    file = official(tmp_path / "files", "val", [3], 2017)
    code, told, _ = script("check_data", "coco", "files")
    assert code == 0 and told.splitlines() == [
        "coco2017: 3 images, 15 captions",
        "coco2017: no boxes of objects",
        "no fault",
    ]
    changed(file, lambda told: told["annotations"][0].update(caption=""))
    code, told, _ = script("check_data", "coco", "files")
    assert code == 1 and "annotations[0] (id 3000) of the image 3 has an empty caption" in told
    code, _, told = script("check_data", "coco", "nowhere")
    assert code == 1 and "dataset_coco.json missing" in told
    code, _, told = script("check_data", "coco", "files", "data.year=2015")
    assert code == 2 and "data.year: has to be 2014 or 2017, and not 2015" in told


@pytest.fixture
def served(tmp_path, mirror):  # noqa: F811
    """Serves Karpathy's archive and COCO's as they are, with tiny files in them."""
    there = tmp_path / "there"
    karpathy(there, ["train", "restval", "val", "test"])
    for part in ("train", "val"):
        official(there, part, [1])
        instances(there, part, [])
    parts = {"caption_datasets.zip": ["*.json"], "annotations_trainval2014.zip": ["annotations/*"],
             "train2014.zip": ["train2014/*"], "val2014.zip": ["val2014/*"]}  # fmt: skip
    mirror.files = {
        name: packed(**{str(path.relative_to(there)): path.read_bytes() for glob in globs for path in there.glob(glob)})
        for name, globs in parts.items()
    }
    return mirror


def test_a_data_set_fetches_what_it_wants_and_reads_it(served, tmp_path):
    config = composed("coco", f"data.root={tmp_path / 'here'}", *KNOBS, "data.download=true").data
    config.mirrors = {"coco": [served.url], "karpathy": [f"{served.url}k"]}
    for archive in config.archives:
        archive.md5 = ""  # nobody has published that of these
    data = instantiate(config)
    data.prepare_data()
    assert said(data, next(data.batches("test", CPU)).target[0])[-1] == "<end>"
    asked = [path for path, _ in served.asked]
    assert asked == ["/mirror/k/caption_datasets.zip", "/mirror/annotations/annotations_trainval2014.zip",
                     "/mirror/zips/train2014.zip", "/mirror/zips/val2014.zip"]  # fmt: skip


def test_the_script_fetches_and_refuses_archives_with_other_sums(served, tmp_path, script):
    code, _, told = script("fetch", "flickr8k", "here", "--mirror", served.url)
    assert code == 1 and "has no dataset_flickr8k.json in it" in told
    code, _, told = script("fetch", "coco", "here", "--mirror", served.url)
    assert code == 1 and "md5 is not 0a379cfc70b0e71301e0f377548639bd" in told
    assert (tmp_path / "here/dataset_coco.json").is_file()


def test_strange_captions_stay_text(tmp_path):
    file = official(
        tmp_path, "val", [21], 2017, ["<script>alert(1)</script>\n&", "\u202eevil caf\u0065\u0301 🐶 犬", *TEXTS]
    )
    official(tmp_path, "train", [1, 2, 3, 4], 2017, ["<b>x</b>\r\ny <unk> <end>"])
    photo(tmp_path / "train2017/unlisted.jpg")
    data = made("coco2017", tmp_path)
    assert data.spec.symbols == ("<unk>", "b", "end", "unk", "x", "y", "<end>")
    assert data.references("test")[0][:2] == ("<script>alert(1)</script> &", "evil cafe\u0301 🐶 犬")
    json.dumps(data.references("test"), ensure_ascii=False).encode("utf-8")
    assert file.is_file()
