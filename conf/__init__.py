"""Every value of the benchmark; in the wheel `benchmark.conf`, since a top-level `conf` is shadowed by a user's own."""
