"""Every value of the benchmark, in the wheel as `benchmark.conf` (a top-level `conf` would be shadowed by a user's own)."""
