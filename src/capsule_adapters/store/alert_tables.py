"""The tables of alerts, silences and the outbox in state.db."""

ALERT_TABLES = """
    CREATE TABLE alerts (
        id TEXT PRIMARY KEY,
        xnode_id TEXT NOT NULL,
        rule TEXT NOT NULL,
        instance TEXT NOT NULL,
        state TEXT NOT NULL,
        severity TEXT NOT NULL,
        rank INTEGER NOT NULL,
        since_us BIGINT NOT NULL,
        resolved_us BIGINT,
        body TEXT NOT NULL
    );
    CREATE UNIQUE INDEX alerts_open ON alerts (xnode_id, rule, instance)
        WHERE resolved_us IS NULL;
    CREATE INDEX alerts_over ON alerts (resolved_us) WHERE resolved_us IS NOT NULL;
    CREATE INDEX alerts_by_age ON alerts (since_us);

    CREATE TABLE alert_groups (
        name TEXT PRIMARY KEY,
        body TEXT NOT NULL
    );
    CREATE TABLE silences (
        id TEXT PRIMARY KEY,
        ends_us BIGINT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE TABLE alert_revision (
        revision INTEGER NOT NULL
    );
    INSERT INTO alert_revision VALUES (0);

    CREATE TABLE notifications (
        sequence INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        thread TEXT NOT NULL,
        created_us BIGINT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE TABLE deliveries (
        sequence INTEGER NOT NULL REFERENCES notifications (sequence) ON DELETE CASCADE,
        channel TEXT NOT NULL,
        thread TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        next_us BIGINT,
        error TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (channel, sequence)
    );
    CREATE INDEX deliveries_waiting ON deliveries (channel, thread, sequence)
        WHERE next_us IS NOT NULL;
    CREATE INDEX deliveries_of ON deliveries (sequence);
"""
