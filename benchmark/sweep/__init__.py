"""Many runs: the plan, the launcher, the pool of processes."""
