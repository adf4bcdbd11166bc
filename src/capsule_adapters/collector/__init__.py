"""What surrounds the collector: its lock, who started it, the world beyond the fleet."""
