"""Statistics: groups, estimates, comparisons, claims."""
