"""Looking at machines from outside."""
