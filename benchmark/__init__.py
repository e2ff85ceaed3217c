"""Attention mechanisms for recurrent networks in computer vision, trained and compared under one protocol."""
