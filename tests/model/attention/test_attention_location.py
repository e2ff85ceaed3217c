"""Location-wise hard attention: units, clipping, policies, and what joins what was seen and where."""

from functools import partial

import pytest
import torch
from models import no_boxes, task
from stubs import NO_LOOK
from torch import nn

from benchmark.common.errors import ConfigFault
from benchmark.common.schedule import Constant, Linear
from benchmark.model.attention.distribution import mode, sample, uniform
from benchmark.model.attention.location import LocationAttention
from benchmark.model.attention.policy.base import Canvas, GlimpseCache, Seen
from benchmark.model.attention.policy.centre import CentrePolicy
from benchmark.model.attention.policy.learned import LearnedPolicy, Tanh, Unbounded
from benchmark.model.attention.policy.learned_std import LearnedStdPolicy
from benchmark.model.attention.policy.random_start import RandomStartPolicy
from benchmark.model.attention.policy.uniform import UniformPolicy
from benchmark.model.attention.views import Stacked
from benchmark.model.attention.whatwhere import Added, Multiplied
from benchmark.model.attention.window import Retina
from benchmark.model.encoder.dense import Dense

LEARNED = partial(LearnedPolicy, hidden=[], squash=Unbounded(), std=Constant(0.1))


NOTHING_SEEN = Seen(lambda _: torch.empty(0), lambda _: torch.empty(0), (), GlimpseCache(), NO_LOOK)


def attention(policy=LEARNED, whatwhere=Multiplied, side=(20, 30), unit=5.0, scales=2, unread=(), views=Stacked):
    torch.manual_seed(0)
    return LocationAttention(
        task(side, background=-0.5), 3, partial(Dense, sizes=[6]), views, policy, whatwhere,
        size=4, scales=scales, unread=list(unread), unit=unit,
    )  # fmt: skip


def looked(model, location_R2, image=None, query=None):
    rows = len(location_R2)
    image = torch.randn(1, 1, *model.retina.side) if image is None else image
    query = torch.zeros(rows, 3) if query is None else query
    return model(model.encode(image, no_boxes(len(image))), query, 0, lambda where: location_R2)


def test_a_location_is_pixels_from_the_centre_by_the_unit():
    glimpse = looked(attention(), torch.tensor([[0.0, 0.0], [1.0, -1.0], [2.5, 1.5]]))
    assert glimpse.where.tolist() == [[15, 10], [20, 5], [27.5, 17.5]]


def test_the_window_is_clipped_into_the_image_and_the_score_is_not():
    model = attention()
    far = torch.tensor([[10.0, 0.0], [-10.0, -10.0], [0.0, 99.0]])
    glimpse = looked(model, far)
    assert glimpse.where.tolist() == [[30, 10], [0, 0], [15, 20]]
    mean = model.policy.head(torch.zeros(3, 3))
    torch.testing.assert_close(glimpse.log_prob, -(far - mean).square().sum(-1) / (2 * 0.1**2))
    edge = looked(model, torch.tensor([[3.0, 0.0]]), image := torch.randn(1, 1, 20, 30))
    assert torch.equal(looked(model, torch.tensor([[10.0, 0.0]]), image).code, edge.code)


def test_the_code_is_what_the_network_makes_of_the_retina_and_of_the_place():
    model, image = attention(), torch.randn(1, 1, 20, 30)
    nn.init.normal_(model.whatwhere.where.weight)  # zeros at first: the place would not count
    glimpse = looked(model, torch.tensor([[1.0, -1.0]]), image)
    retina = Retina((20, 30), -0.5, 4, range(2))
    window = retina(retina.levels(image), torch.tensor([[20.0, 5.0]]))
    what = (window.flatten(1) @ model.network.encoder.body[1].weight.T + model.network.encoder.body[1].bias).relu()
    where = torch.tensor([[20 / 15 - 1, 5 / 10 - 1]]) @ model.whatwhere.where.weight.T + 1.0
    torch.testing.assert_close(glimpse.code, what * where)


def test_the_drawing_and_the_fixation_are_where_it_looked():
    model = attention(scales=2)
    glimpse = looked(model, torch.tensor([[0.0, 0.0]]))
    seen = model.attention_map(glimpse.where, (20, 30))[0]
    assert torch.equal(model.fixation(glimpse.where), torch.tensor([[15.0, 10.0]]))
    # 4 px twice, and around them 8 px once.
    assert seen[8:12, 13:17].unique().tolist() == [1.0] and seen.sum() == (16 + 64) / 2
    assert set(seen.unique().tolist()) == {0.0, 0.5, 1.0}


def test_each_window_is_drawn_twice_as_wide_as_the_one_before():
    seen = attention(scales=3).attention_map(torch.tensor([[15.0, 10.0]]), (20, 30))[0]
    torch.testing.assert_close(seen.sum(), torch.tensor((16 + 64 + 256) / 3))


def test_a_policy_sees_the_window_and_the_corner_of_the_glimpse_that_it_asks_for():
    model, image = attention(), torch.randn(1, 1, 20, 30)
    past = (torch.tensor([[8.0, 9.0]]), torch.tensor([[20.0, 5.0]]))
    features = model.encode(image, no_boxes(1))
    seen = model.seen(features, past, torch.zeros(1, 3))
    for number in (0, -1):
        assert torch.equal(seen.window(number), model.retina.widest(features.levels, past[number]))
        assert torch.equal(seen.corner(number), model.retina.corner(past[number]))


def test_boxes_of_trajectories_stay_with_their_image():
    model = attention(policy=CentrePolicy)
    assert looked(model, torch.zeros(6, 2), torch.randn(2, 1, 20, 30)).where.shape == (6, 2)


def test_tanh_bounds_the_mean_to_the_image_and_dram_s_is_unbounded():
    reach = torch.tensor([3.0, 2.0])
    mean = torch.tensor([[0.5, -100.0]])
    torch.testing.assert_close(Tanh()(mean, reach), torch.tensor([[3 * 0.46211716, -2.0]]))
    assert Unbounded()(mean, reach) is mean


def test_the_reach_is_half_the_image_in_units():
    assert Canvas((20, 30), 5.0).reach == (3.0, 2.0)


def test_the_policy_s_deviation_follows_its_schedule():
    policy = LearnedPolicy(Canvas((20, 20), 5.0), 3, [4], Unbounded(), Linear(0.8, 0.2, 0.5))
    query = torch.randn(2, 3)
    for progress, std in ((0.0, 0.8), (0.25, 0.5), (0.5, 0.2), (1.0, 0.2)):
        policy.at(progress)
        assert policy(query, no_boxes(2), 0, NOTHING_SEEN).where.std.item() == pytest.approx(std)
    hidden, out = policy.head[0], policy.head[2]
    mean = (query @ hidden.weight.T + hidden.bias).relu() @ out.weight.T + out.bias
    torch.testing.assert_close(mode(policy(query, no_boxes(2), 3, NOTHING_SEEN).where), mean)
    assert "std" in policy.state_dict()  # a checkpoint looks as widely as its run did


def test_a_learned_deviation_begins_where_the_yaml_says_and_stays_between_its_bounds():
    policy = LearnedStdPolicy(Canvas((20, 20), 5.0), 3, [4], Unbounded(), low=0.1, high=1.6, start=0.75)
    query = torch.randn(2, 3)
    where = policy(query, no_boxes(2), 0, NOTHING_SEEN).where
    torch.testing.assert_close(where.std, torch.full((2, 2), 0.8))  # 0.1 * 16^0.75
    torch.testing.assert_close(mode(where), policy.mean(policy.body(query)))
    for bias, std in ((-100.0, 0.1), (0.0, 0.4), (100.0, 1.6)):
        nn.init.constant_(policy.spread.bias, bias)
        torch.testing.assert_close(policy(query, no_boxes(2), 0, NOTHING_SEEN).where.std, torch.full((2, 2), std))
    nn.init.normal_(policy.spread.weight)
    nn.init.zeros_(policy.spread.bias)
    std = policy(query, no_boxes(2), 0, NOTHING_SEEN).where.std
    assert std[0, 0] != std[1, 0] and std[0, 0] != std[0, 1]  # of each state and axis
    with pytest.raises(ConfigFault, match=r"low=0.5 has to be smaller than high=0.5"):
        LearnedStdPolicy(Canvas((20, 20), 5.0), 3, [], Unbounded(), low=0.5, high=0.5, start=0.5)


def test_ram_starts_anywhere_and_then_follows_its_policy():
    policy = RandomStartPolicy(Canvas((20, 30), 5.0), 3, LEARNED)
    assert policy.drawn and not UniformPolicy(Canvas((20, 30), 5.0), 3).drawn
    torch.manual_seed(0)
    query = torch.randn(1, 3).expand(4000, 3)
    first = sample(policy(query, no_boxes(4000), 0, NOTHING_SEEN).where)
    torch.testing.assert_close(first.std(0), torch.tensor([3.0, 2.0]) / 3**0.5, atol=0.05, rtol=0)
    later = policy(query, no_boxes(4000), 1, NOTHING_SEEN).where
    assert sample(later).std(0).tolist() == pytest.approx([0.1, 0.1], abs=0.01)
    assert not policy(query, no_boxes(4000), 0, NOTHING_SEEN).where.log_prob(first).any()


def test_the_controls_by_value():
    canvas = Canvas((20, 30), 5.0)
    centre = CentrePolicy(canvas, 3)(torch.zeros(2, 3), no_boxes(2), 0, NOTHING_SEEN).where
    assert torch.equal(sample(centre), torch.zeros(2, 2))
    torch.manual_seed(0)
    where = UniformPolicy(canvas, 3)(torch.zeros(5000, 3), no_boxes(5000), 0, NOTHING_SEEN).where
    for drawn in (
        sample(where),
        uniform(where),
        uniform(CentrePolicy(canvas, 3)(torch.zeros(5000, 3), no_boxes(5000), 0, NOTHING_SEEN).where),
    ):
        assert (drawn.abs().amax(0) <= torch.tensor([3.0, 2.0])).all()
        torch.testing.assert_close(drawn.std(0), torch.tensor([3.0, 2.0]) / 3**0.5, atol=0.05, rtol=0)


def test_added_and_multiplied_by_hand():
    what, where = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.5, 0.5]])
    multiplied = Multiplied(2, 2)
    assert multiplied.size == 2 and torch.equal(multiplied(what, where), what)  # as it is at first
    with torch.no_grad():
        multiplied.where.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, -4.0]]))
    assert multiplied(what, where).tolist() == [[2.0, 2.0]]  # times 1 + 2 / 2 and 1 - 4 / 2
    added = Added(2, 2, size=1, hidden=1)
    for parameter in added.parameters():
        nn.init.ones_(parameter)
    assert added(what, where).tolist() == [[3.0]]  # (1 - 2 + 1) + (relu(0.5 + 0.5 + 1) + 1)
    assert added(what - 9, where).tolist() == [[0.0]]
