"""Receiving systems and a partner's webhook receiver, for demonstration and tests.

They behave as the public facts about VPS and RIS say, and as badly as real ones can: slow, throttled, in maintenance,
down, losing answers. What they acknowledged they remember in SQLite, so that a killed simulator still knows its keys.
Their wire is written out here a second time, on purpose: a mistake in a mapping file shows against it.
They keep ids and counts, never the content of a signaal.
"""
