"""Decisions, pure: facts in, decisions out; no clock, no I/O."""
