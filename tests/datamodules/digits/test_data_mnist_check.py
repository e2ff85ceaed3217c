"""attention-check-data mnist: every fault of the four files at once."""

import pytest

from benchmark.commands import check_data
from datamodules.contract import DataFault
from datamodules.digits.inspection import folder_faults
from datamodules.digits.mnist_sample import write_mnist_sample


@pytest.fixture
def folder(tmp_path):
    write_mnist_sample(tmp_path, 20, 10)
    return tmp_path


def test_sound_files_have_no_fault_and_are_not_taken_for_the_official_ones(folder):
    seen, faults = folder_faults(folder)
    assert faults == [] and len(seen) == 4 and all(line.endswith("not the official file") for line in seen)


def test_all_faults_are_listed_at_once(folder, monkeypatch, capsys):
    (folder / "train-labels-idx1-ubyte.gz").unlink()
    for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        (folder / name).write_bytes(b"no gzip")
    monkeypatch.setattr("sys.argv", ["attention-check-data", "mnist", str(folder)])
    assert check_data.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 + 3 + 1 and lines[-1] == "faults: 3"
    assert "train-labels-idx1-ubyte.gz is missing" in lines[3]
    assert "t10k-images" in lines[4] and "t10k-labels" in lines[5]


def test_labels_for_other_images_are_told(folder):
    (folder / "train-labels-idx1-ubyte.gz").write_bytes((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())
    (fault,) = folder_faults(folder)[1]
    assert "has 10 labels for the 20 images" in fault


def test_a_folder_of_nothing_is_told(tmp_path):
    with pytest.raises(DataFault, match="holds none of train-images"):
        folder_faults(tmp_path)


def test_knobs_are_for_captions_alone(folder, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["attention-check-data", "mnist", str(folder), "data.year=2014"])
    assert check_data.main() == 2
    assert "only data sets of captions take knobs here" in capsys.readouterr().err
