"""Rewards of REINFORCE."""
