"""The kit of contracts says in words what is broken; that what we have keeps them is in the tests of contracts."""

from types import SimpleNamespace

import pytest
import torch
from run_helpers import composer
from stubs import Watched

from benchmark.check.__main__ import check
from benchmark.check.contract import Contract, broken
from benchmark.check.given import Given
from benchmark.check.mechanism import a_gradient_reaches_every_weight
from benchmark.check.repeatable import (
    a_batch_is_a_function_of_its_ticket,
    index_names_the_training_images,
    splits_share_no_image,
)
from benchmark.check.subjects import Case, CheckSubject, subjects
from benchmark.common.errors import ConfigFault
from benchmark.model.attention.base import Glimpse
from benchmark.model.attention.faults import glimpse_faults
from datamodules.contract import Batch


def glimpse(**other):
    good = Glimpse(torch.zeros(4, 1), torch.zeros(4, 2), torch.zeros(4), torch.zeros(4, 0))
    return good._replace(**other)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({}, []),
        ({"code": torch.zeros(4, 2)}, ["code of a glimpse has the shape (4, 2), and has to have (4, 1)"]),
        ({"log_prob": torch.zeros(4, 1)}, ["log_prob of a glimpse has the shape (4, 1), and has to have (4,)"]),
        ({"code": torch.full((4, 1), torch.nan)}, ["code of a glimpse is not finite"]),
        (
            {"where": torch.zeros(2, 2)},
            ["where of a glimpse has the shape (2, 2), and has to have a row for each of 4"],
        ),
        ({"item_probs": torch.full((4, 2), 2.0)}, ["item_probs of a glimpse is beyond 0 to 1"]),
        (
            {"item_probs": torch.full((4, 3), 0.5)},
            ["item_probs of a glimpse sums to 1.5, and probabilities have a sum of at most 1"],
        ),
        (
            {"log_prob": -torch.ones(4, requires_grad=True)},
            ["log_prob of a glimpse is not zero and has a gradient, and drawn is False: nothing may learn from it"],
        ),
        ({"log_prob": -torch.ones(4)}, []),  # drawn by nothing that learns: a control
    ],
)  # fmt: skip
def test_a_glimpse_of_wrong_shape_or_value_is_reported(other, told):
    assert glimpse_faults(Watched(), glimpse(**other), 4) == told


def test_a_glimpse_of_another_type():
    (told,) = glimpse_faults(Watched(), (1, 2), 4)
    assert told == "forward gives a tuple, and has to give a Glimpse(code, where, log_prob, item_probs)"


def test_weights_that_no_gradient_reaches_are_named():
    """Scores that are detached leave their alignment as it was initialised; the rest of the model learns on."""
    config = composer().job(["attention=item_soft", "data=digit_pairs"])
    given = Given(config, "attention", "item_soft")
    assert list(a_gradient_reaches_every_weight(given)) == []
    alignment = given.parts.module.rnn.attention.alignment
    alignment.register_forward_hook(lambda part, inputs, scores: scores.detach())
    (told,) = a_gradient_reaches_every_weight(given)
    names = [f"alignment.{name}" for name, _ in alignment.named_parameters()]
    assert told == f"no gradient reaches {', '.join(names)}: what is computed with it is detached, or not used"


class Drawing:
    """Batches that come out of whatever generator it is given."""

    def __init__(self, generator):
        self._generator = generator

    def tickets(self, split):
        return [0, 1]

    def batch(self, ticket, device):
        image = torch.rand(2, 1, 2, 2, generator=self._generator(ticket))
        return Batch(image, torch.zeros(2, 1), torch.zeros(2, 0, 4), torch.arange(2))


def of_ticket(ticket):
    return torch.Generator().manual_seed(ticket)


@pytest.mark.parametrize(
    ("generator", "told"), [(of_ticket, ""), (lambda ticket: None, "differs when it is made again")]
)
def test_a_batch_that_differs_when_it_is_made_again_is_reported(generator, told):
    given = SimpleNamespace(data=Drawing(generator), made=lambda: Drawing(generator))
    with torch.random.fork_rng():
        found = list(a_batch_is_a_function_of_its_ticket(given))
    assert len(found) == (3 if told else 0) and all(told in fault for fault in found)


@pytest.mark.parametrize(("index", "told"), [
    ([2, 0], []),
    ([1, 0], ["train: the first image has the index 1, and image 1 of each('train') is another"]),
    ([2, 9], ["train: index goes to 9, and each('train') has fewer images"]),
])  # fmt: skip
def test_training_images_that_are_not_those_that_their_index_names_are_told(index, told):
    def batch_of(place_B, index_B):
        image = torch.arange(3.0).view(3, 1, 1, 1)[place_B]
        return Batch(image, torch.zeros(len(image), 1), torch.zeros(len(image), 0, 4), torch.tensor(index_B))

    parts = ([0, 1], [2])
    every = SimpleNamespace(batches=2, batch=lambda epoch, number, device: batch_of(parts[number], parts[number]))
    given = SimpleNamespace(data=SimpleNamespace(each=lambda split: every), first=lambda split: batch_of([2, 0], index))
    assert list(index_names_the_training_images(given)) == told


@pytest.mark.parametrize(("train", "test", "told"), [
    ([0, 1, 2], [3, 3], []),
    ([0, 1, 2], [3, 1], ["test: an image is in another split too: image 1 of test is image 1 of train"]),
    ([0, 1, 2], [2, 4, 1], ["test: 2 images are in another split too: image 0 of test is image 2 of train"]),
])  # fmt: skip
def test_images_of_two_splits_are_told(train, test, told):
    """Those of the training split, which are augmented, are compared as they are before."""

    def images(numbers, number):
        image = torch.tensor([float(numbers[number])]).view(1, 1, 1, 1)
        return Batch(image, torch.zeros(1, 1), torch.zeros(1, 0, 4), torch.tensor([number]))

    splits = {"train": train, "validation": [9], "test": test}
    every = {
        split: SimpleNamespace(batches=len(of), batch=lambda epoch, number, device, of=of: images(of, number))
        for split, of in splits.items()
    }
    given = SimpleNamespace(data=SimpleNamespace(each=every.get))
    assert list(splits_share_no_image(given)) == told


def test_what_the_checked_code_raises_is_told_with_its_line():
    def stumbles(given):
        yield "one"
        raise KeyError("labels")

    found = broken(Contract("it stands", stumbles), None, set())
    assert found[0] == "one" and found[1].endswith(", in stumbles: KeyError: 'labels'")
    assert found[1].startswith(f"{__file__}:")
    subject = CheckSubject("data=mine", (), lambda: SimpleNamespace(plain={}))
    with pytest.raises(AssertionError, match=r"^data=mine: it stands\. It does not:\n  one\n  .*KeyError"):
        Case(subject, Contract("it stands", stumbles))()


def test_what_depends_on_a_broken_choice_is_not_checked(capsys):
    """A data set is tried with every mechanism; what it cannot do at all is told once."""
    raised = Contract("it is read", lambda given: iter(["no file"]), first=True)
    kept = Contract("it learns", lambda given: iter([]))
    alone, beside, other = (
        CheckSubject(choice, contracts, lambda: SimpleNamespace(plain={}), with_it)
        for choice, contracts, with_it in (("data=mine", (raised, kept), ""), ("data=mine", (kept,), "attention=ram"),
                                           ("data=other", (kept,), "attention=ram"))
    )  # fmt: skip
    assert check([alone, beside, other]) == 3
    assert capsys.readouterr().out.splitlines() == [
        "data=mine",
        "  wrong  it is read",
        "           no file",
        "         the following contracts depend on it and are not checked",
        "  -      it learns",
        "data=mine with attention=ram: not checked, as the contracts above are broken",
        "data=other with attention=ram",
        "  ok     it learns",
    ]


def test_what_is_named_is_checked_and_what_it_is_tried_with():
    found = composer()
    alone = [subject.title for subject in subjects(found, ["data=digit_pairs"])]
    assert alone == ["data=digit_pairs", *(f"data=digit_pairs with attention={a}" for a in found.choices("attention"))]
    both = [subject.title for subject in subjects(found, ["data=digit_pairs", "attention=ram", "metrics=classes"])]
    assert both == ["data=digit_pairs", "attention=ram", "metrics=classes"]
    assert [s.title for s in subjects(found, ["attention=ram"])] == [
        "attention=ram", "attention=ram with data=digit_pairs"]  # fmt: skip
    with pytest.raises(ConfigFault, match=r"name what to check, as for a run: data=\.\.\., attention="):
        subjects(found, [])
    with pytest.raises(ConfigFault, match="did you mean 'random' or 'ram'"):
        subjects(found, ["attention=rom"])
