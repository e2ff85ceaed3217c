"""The name of this package on the package index, under which records list its version."""

PROJECT = "rnn-attention-benchmark"
