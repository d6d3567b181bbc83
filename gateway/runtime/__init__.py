"""Turning the wheel: claims, attempts, ticks, schedules."""
