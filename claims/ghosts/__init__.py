"""Ghosts: people who would be paid and are not there, and claims that cannot be right."""
