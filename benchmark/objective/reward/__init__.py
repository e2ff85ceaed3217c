"""What a trajectory earns under REINFORCE."""
