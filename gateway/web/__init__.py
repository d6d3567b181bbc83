"""Letting people and machines in over HTTPS."""
