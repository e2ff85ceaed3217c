"""Parts that do what they are told and write down what they were asked."""

import torch

from benchmark.model.attention.base import Attention, Glimpse
from benchmark.model.attention.policy.base import CoarseLook
from benchmark.model.decoder.base import Decoder

V = 3
NO_LOOK = CoarseLook(lambda: torch.empty(0), lambda: torch.empty(0), torch.empty(0), 1)
"""Of an image without pixels."""


class Watched(Attention):
    """Looks at nothing, and writes down what it was asked."""

    code_size, global_feature_size, drawn = 1, 1, False

    def __init__(self):
        super().__init__()
        self.training_targets = []

    def encode(self, image_BCHW, boxes_BN4, key):
        return image_BCHW.flatten(1)[:, :1]

    def global_feature(self, features):
        return features

    def forward(self, features, query_RS, step, draw, past):
        self.training_targets.append((step, query_RS[0].item()))
        code = features.repeat_interleave(len(query_RS) // len(features), 0)
        return Glimpse(
            code, torch.full((len(code), 2), float(step)), torch.full((len(code),), 10.0 * step), code[:, :0]
        )

    def attention_map(self, where, side):
        return where.new_ones(len(where), *side)

    def fixation(self, where):
        return where

    def policy_parameters(self):
        return []


class Scripted(Decoder):
    """Says what it was told to, (T, R, V), and writes down what it was fed. Its query counts the glimpses so far."""

    def __init__(self, script_TRV, glimpses):
        super().__init__()
        self.script, self.glimpses, self.fed, self.query_size = script_TRV, glimpses, [], 1

    def start(self, context_RH):
        return ((torch.zeros(len(context_RH), 1),),)

    def feed_symbol(self, symbol_R, state):
        self.fed.append(symbol_R.tolist())
        return state

    def query(self, state):
        return state[0][0]

    def step(self, code_RD, state):
        return ((state[0][0] + 1,),)

    def logits(self, state):
        (count_R1,), script_RV = state[0], self.script[int(state[0][0][0]) // self.glimpses - 1]
        return script_RV.repeat_interleave(len(count_R1) // len(script_RV), 0)

    def policy_parameters(self, context):
        return []


def says(*symbols):
    """Logits (T, R, V) that are sure of these symbols, given for each row in turn."""
    return 20 * torch.nn.functional.one_hot(torch.tensor(symbols).T, V).float()
