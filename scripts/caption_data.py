"""What the scripts on captions share: which data set a folder holds, made from its yaml."""

from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from datamodules.captions import ImageCaptions

CONF = Path(__file__).resolve().parent.parent / "conf"
FILES = {
    "dataset_coco.json": "coco",
    "dataset_flickr8k.json": "flickr8k",
    "dataset_flickr30k.json": "flickr30k",
    "annotations/captions_train2017.json": "coco2017",
}
NAMES = tuple(FILES.values())


def found_in(folder: Path) -> str:
    """The data set whose captions a folder has; "coco" where it has none."""
    return next((name for file, name in FILES.items() if (folder / file).is_file()), "coco")


def made(name: str, folder: Path, overrides: list[str]) -> ImageCaptions:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            overrides=["+metrics=captions", f"+data={name}", "+seed=0", f"data.root='{folder}'", *overrides]
        )
    data: ImageCaptions = instantiate(config.data, _convert_="all", _partial_=True)()
    return data
