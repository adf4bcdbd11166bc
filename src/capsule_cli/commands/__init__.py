"""Command groups, one a file; none knows another."""
