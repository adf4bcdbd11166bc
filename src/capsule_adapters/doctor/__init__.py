"""What `doctor` looks at: one file a field, each check a few lines."""
