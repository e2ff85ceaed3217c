"""A model small enough that all its trajectories, and all tuples of them, can be enumerated through the real loop."""

import math
from functools import partial
from itertools import product

import torch
from models import no_boxes, task
from torch.nn.functional import one_hot

from benchmark.common.schedule import Constant
from benchmark.model.attention.alignment.additive import Additive
from benchmark.model.attention.distribution import PointMass
from benchmark.model.attention.gate import NoGate
from benchmark.model.attention.item import ItemAttention, SampledItem
from benchmark.model.attention.location import LocationAttention
from benchmark.model.attention.policy.cell_weights import ScoreWeights
from benchmark.model.attention.policy.centre_start import CentreStartPolicy
from benchmark.model.attention.policy.learned import LearnedPolicy, Unbounded
from benchmark.model.attention.policy.learned_std import LearnedStdPolicy
from benchmark.model.attention.policy.map import MapPolicy
from benchmark.model.attention.policy.started import StartedPolicy
from benchmark.model.attention.smooth_location import SmoothLocationAttention
from benchmark.model.attention.softening import EachGlimpse
from benchmark.model.attention.views import Stacked
from benchmark.model.attention.whatwhere import Added
from benchmark.model.cell.gru import GRU
from benchmark.model.context.none import NoContext
from benchmark.model.decoder.single_layer import SingleLayer
from benchmark.model.decoding.greedy import Greedy
from benchmark.model.encoder.conv import Conv
from benchmark.model.encoder.dense import Dense
from benchmark.model.feeding.teacher_forcing import TeacherForcing
from benchmark.model.loop import AttentionRNN, reading_each_glimpse
from benchmark.objective.base import log_likelihood

ITEMS, GLIMPSES, QUERY = 3, 2, 4


def toy(steps, seed=0, glimpses=GLIMPSES):
    """Hard attention over three items, two glimpses a symbol; in double precision, and lively."""
    torch.manual_seed(seed)
    spec = task((1, ITEMS), symbols=3, steps=steps)
    attention = ItemAttention(
        spec,
        QUERY,
        partial(Conv, layers=[(2, 1, 1)], pad=False),
        partial(Additive, size=3),
        SampledItem(1.0, EachGlimpse(0.0)),
        NoGate,
    )
    return recurrent(spec, attention, glimpses)


def toy_map(steps, glimpses, seed=0, started=False):
    """A map policy over the 2 x 2 cells of the window just seen, of 4 of the image's 6 px; the first one is empty.
    started: its first glimpse is at the centre.
    """
    torch.manual_seed(seed)
    spec = task(6, symbols=3, steps=steps)
    policy = partial(
        MapPolicy,
        encoder=partial(Conv, layers=[(2, 1, 1)], pad=False),
        alignment=partial(Additive, size=3),
        cells=2,
        weights=ScoreWeights(),
        around=0,
        glimpse="last",
    )
    policy = partial(CentreStartPolicy, then=policy) if started else policy
    encoder, whatwhere = partial(Dense, sizes=[3]), partial(Added, size=4, hidden=3)
    attention = LocationAttention(spec, QUERY, encoder, Stacked, policy, whatwhere, size=2, scales=2, unread=[], unit=3)
    return recurrent(spec, attention, glimpses, lively=4.0)


FIXED_STD = partial(LearnedPolicy, hidden=[], squash=Unbounded(), std=Constant(0.3))
LEARNED_STD = partial(LearnedStdPolicy, hidden=[], squash=Unbounded(), low=0.15, high=0.45, start=0.6)


def toy_plane(steps, glimpses, seed=0, policy=FIXED_STD):
    """A Gaussian policy over an image of 6 px, whose windows lie between pixels."""
    torch.manual_seed(seed)
    spec = task(6, symbols=3, steps=steps)
    encoder, whatwhere = partial(Dense, sizes=[3]), partial(Added, size=4, hidden=3)
    attention = SmoothLocationAttention(
        spec, QUERY, encoder, Stacked, policy, whatwhere, size=2, scales=2, unread=[], unit=3
    )
    return recurrent(spec, attention, glimpses)


def recurrent(spec, attention, glimpses, lively=2.5):
    """A model with this attention, its weights enlarged, two images, and their targets."""
    decoder = SingleLayer(attention.code_size, spec, GRU, QUERY, 2, [], detach=False)
    rnn = AttentionRNN(
        spec, attention, decoder, NoContext(spec, QUERY, 1), TeacherForcing(), Greedy(), glimpses
    ).double()
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.mul_(lively)
    image = torch.randn(2, *spec.image_shape, dtype=torch.float64)
    target = torch.tensor([[0, 2], [1, 1]])[:, : spec.max_steps]
    return rnn, image, target


def toy_started(steps, glimpses, seed=0):
    return toy_map(steps, glimpses, seed, started=True)


def paths(rnn):
    """(L, G, N) one-hot: every sequence of G places, L = N^G. G is T M; without the first that is at the centre."""
    policy = rnn.attention.policy if isinstance(rnn.attention, LocationAttention) else None
    places = policy.items if policy else ITEMS
    sampled = rnn.steps * rnn.glimpses - isinstance(policy, StartedPolicy)
    return one_hot(torch.tensor(list(product(range(places), repeat=sampled))), places).double()


def taking(path_RGN, images=1):
    """A draw that takes the given places, the same for each image, wherever there are several."""
    turn = iter(path_RGN.unbind(1))
    return lambda where: where.sample() if isinstance(where, PointMass) else next(turn).repeat(images, 1)


def enumerated(rnn, image, target):
    """For every sequence l of places log p(l) and log p(y | l), (B, L) each: L = N^(T M) samples of one rollout."""
    places = paths(rnn)
    rollout = rnn(image, no_boxes(2), target, len(places), taking(places, len(image)))
    return rollout.log_prob.sum((-2, -1)), log_likelihood(rollout, target).sum(-1)


def flat(value, rnn):
    """(P,) the gradient of a scalar."""
    parameters = list(rnn.parameters())
    found = torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)
    pairs = zip(found, parameters, strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])


def expected_gradient(objective, rnn, image, target):
    """(P,) the expected gradient of minus the loss for one image: every tuple of S trajectories by its probability."""
    places, found = paths(rnn), 0.0
    with reading_each_glimpse(rnn):
        for several in product(range(len(places)), repeat=objective.samples):
            rollout = rnn(image, no_boxes(1), target, objective.samples, taking(places[list(several)]))
            probability = rollout.log_prob.detach().sum().exp()
            found = found - probability * flat(objective(rollout, target)["loss"], rnn)
    return found


def roller(rnn, image, target):
    """What an objective's trajectories are made with."""

    def roll(samples, draw, each_glimpse=False):
        return rnn(image, no_boxes(len(image)), target, samples, draw)

    return roll


def sampled_gradients(objective, rnn, image, target, count):
    """(count, P) gradients of minus the loss, as training steps would find them."""
    roll = roller(rnn, image, target)
    rollouts = (objective.trajectories(roll, objective.samples, target) for _ in range(count))
    return torch.stack([-flat(objective(rollout, target)["loss"], rnn) for rollout in rollouts])


def distance(found, expected):
    """In standard errors, the largest over the parameters that get any gradient."""
    error = found.std(0) / math.sqrt(len(found))
    return ((found.mean(0) - expected).abs() / error.clamp(min=1e-9)).max()


def along(found, direction):
    """In standard errors, how far the mean lies from zero along a direction."""
    shadow = found @ direction
    return shadow.mean().abs() / shadow.std() * math.sqrt(len(shadow))
