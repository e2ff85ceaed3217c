"""Loads a finished run in your own program: `run = benchmark.load(folder); out = run.look(images)`.

Axes: B images, C channels, H rows, W columns, N boxes.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

from PIL import Image
from torch import Tensor

from benchmark.common.errors import RunFault
from benchmark.common.torchvision_import import make_importable
from benchmark.config.compose import Composer, register_plugins
from benchmark.evaluation.looking import Prediction, joined, predict
from benchmark.model.attention.distribution import Draw, mode
from benchmark.results.run_folder import RunFolder
from benchmark.trained import LoadedRun, batch_of, trained

AT_ONCE = 16
"""Images in one batch."""

Images = Tensor | Sequence[Path | str] | Sequence[Image.Image]


def load(folder: str | Path, decoding: Sequence[str] = (), config_dir: str | None = None) -> "Run":
    """The model of a run's folder with its best checkpoint, on the CPU. No data set is needed.

    decoding: overrides of the run's decoding, such as ["decoding=beam", "decoding.width=3"]. config_dir: a folder of
    further yamls that you trust; only classes that installed yamls name are built. Sets PyTorch's number of threads to
    the run's. Raises RunFault if the folder is damaged or not of a trained run, ConfigFault for invalid decoding.
    """
    make_importable()  # before any part imports Lightning
    register_plugins()
    return Run(trained(RunFolder(Path(folder)), list(decoding), Composer(config_dir)))


@final
class Run:
    """A trained model. spec: its task, with symbols and image shape. rnn: the network, in eval mode."""

    def __init__(self, found: LoadedRun):
        self.rnn, self.spec = found.rnn.eval(), found.spec
        self._pictures = found.pictures

    def look(self, images: Images, boxes: Tensor | None = None, draw: Draw = mode, samples: int = 1) -> Prediction:
        """Predictions, probabilities, fixations and attention maps, see `Prediction`.

        images: (B, C, H, W) float, normalised and of the task's shape, as in batches of the run's data. Or paths or PIL
        images of any size, which are resized, cropped and normalised as the data set's `pictures` does.
        boxes: (B, N, 4) in pixels, for mechanisms that look at true boxes; none by default. draw: how glimpses are
        chosen (mode, expectation or sample). samples: number of trajectories over which probabilities are averaged.
        Raises RunFault for images that do not fit the model, DataFault for files that are not pictures.
        """
        image_BCHW = self.images(images)
        given_BN4 = image_BCHW.new_zeros(len(image_BCHW), 0, 4) if boxes is None else boxes
        batches = zip(image_BCHW.split(AT_ONCE), given_BN4.split(AT_ONCE), strict=True)
        return joined([predict(self.rnn, self.spec, image, box, draw, samples) for image, box in batches])

    def images(self, images: Images) -> Tensor:
        """The model's input (B, C, H, W). Raises as `look` does."""
        if isinstance(images, Tensor):
            return self._checked(images)
        if not len(images):
            raise RunFault("no images were given")
        if not all(isinstance(image, Image.Image) for image in images):
            return self._pictures([Path(str(image)) for image in images])
        with TemporaryDirectory() as folder:  # read back through the same code as files
            paths = [Path(folder, f"{number}.png") for number in range(len(images))]
            for path, image in zip(paths, images, strict=True):
                image.save(path)  # type: ignore[union-attr]
            return self._pictures(paths)

    def _checked(self, image_BCHW: Tensor) -> Tensor:
        if image_BCHW.dim() != 4 or image_BCHW.shape[1:] != self.spec.image_shape or not len(image_BCHW):
            raise RunFault(
                f"images are {tuple(image_BCHW.shape)}, and this run reads {batch_of(self.spec)}: "
                "batch, channels, rows, columns"
            )
        if not image_BCHW.is_floating_point():
            raise RunFault(
                f"images are {image_BCHW.dtype}, and have to be floats, normalised as the run's data are. Pixels in 0 "
                "to 255 can be given as PIL images"
            )
        if bad := int((~image_BCHW.isfinite()).sum()):
            raise RunFault(f"images have {bad} pixels that are not finite")
        return image_BCHW.to(next(self.rnn.parameters()))
