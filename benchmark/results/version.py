"""Which software this is: its name on the package index, by which records hold its version."""

PROJECT = "rnn-attention-benchmark"
