"""The tables of remedies and of the heartbeat in state.db."""

REMEDIATION_TABLES = """
    CREATE TABLE remediations (
        sequence INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        alert_id TEXT UNIQUE,
        xnode_id TEXT NOT NULL,
        time_us BIGINT NOT NULL,
        is_open INTEGER NOT NULL CHECK (is_open IN (0, 1)),
        body TEXT NOT NULL
    );
    CREATE INDEX remediations_by_time ON remediations (time_us);
    CREATE INDEX remediations_open ON remediations (sequence) WHERE is_open = 1;

    CREATE TABLE pulse (
        only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
        body TEXT NOT NULL
    );
"""
