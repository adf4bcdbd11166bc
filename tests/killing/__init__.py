"""The kill matrix: a deploy killed at every step and every request, and what comes of it."""
