"""The tables of switches in state.db."""

SWITCH_TABLES = """
    CREATE TABLE switches (
        sequence INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        machine_key TEXT NOT NULL,
        is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
        body TEXT NOT NULL
    );
    CREATE INDEX switches_open ON switches (machine_key, sequence) WHERE is_open = 1;
"""
