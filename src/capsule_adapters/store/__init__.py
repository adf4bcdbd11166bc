"""State on disk: SQLite for what changes often, YAML for what people edit."""
