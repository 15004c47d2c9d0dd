"""Seeded faults: mistakes planted in the reference, each of which names the laws that must notice it."""
