"""metrics.db: its tables, and the way there from older ones."""

_FIRST = """
    CREATE TABLE nodes (
        node INTEGER PRIMARY KEY,
        xnode_id TEXT NOT NULL UNIQUE
    );
    CREATE TABLE observations (
        node INTEGER NOT NULL REFERENCES nodes (node) ON DELETE CASCADE,
        checked_at_us BIGINT NOT NULL,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        checks TEXT NOT NULL,
        collected_at_us BIGINT,
        cpu_percent REAL,
        memory_percent REAL,
        load_1 REAL,
        load_5 REAL,
        load_15 REAL,
        uptime_seconds REAL,
        disks TEXT,
        PRIMARY KEY (node, checked_at_us)
    ) WITHOUT ROWID;
    CREATE TABLE last (
        node INTEGER PRIMARY KEY REFERENCES nodes (node) ON DELETE CASCADE,
        checked_at_us BIGINT NOT NULL
    );
"""

_WIDE = """
    CREATE TABLE samples (
        node INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        status INTEGER NOT NULL,
        collected_after_ms INTEGER,
        cpu_percent, steal_percent, memory_percent,
        load_1, load_5, load_15, uptime_seconds, cores,
        received_bytes_per_second, sent_bytes_per_second,
        read_bytes_per_second, written_bytes_per_second,
        more TEXT,
        PRIMARY KEY (node, at_ms)
    ) WITHOUT ROWID;
    CREATE TABLE checks (
        node INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (node, at_ms)
    ) WITHOUT ROWID;
    CREATE TABLE figures (
        figure INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        instance TEXT NOT NULL,
        UNIQUE (name, instance)
    );
    CREATE TABLE hours (
        node INTEGER NOT NULL,
        hour INTEGER NOT NULL,
        figure INTEGER NOT NULL,
        low NOT NULL, mean NOT NULL, high NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (node, hour, figure)
    ) WITHOUT ROWID;
    CREATE TABLE newest (
        node INTEGER PRIMARY KEY,
        xnode_id TEXT NOT NULL,
        body TEXT NOT NULL
    );
    ALTER TABLE nodes ADD COLUMN name TEXT NOT NULL DEFAULT '';
    ALTER TABLE nodes ADD COLUMN rolled_ms INTEGER NOT NULL DEFAULT 0;

    INSERT INTO samples (
        node, at_ms, status, collected_after_ms, cpu_percent, memory_percent,
        load_1, load_5, load_15, uptime_seconds, more
    )
    SELECT node, checked_at_us / 1000,
        CASE status WHEN 'healthy' THEN 0 WHEN 'degraded' THEN 1 WHEN 'unhealthy' THEN 2 ELSE 3 END,
        (collected_at_us - checked_at_us) / 1000,
        CAST(round(cpu_percent * 100) AS INTEGER), CAST(round(memory_percent * 100) AS INTEGER),
        CAST(round(load_1 * 100) AS INTEGER), CAST(round(load_5 * 100) AS INTEGER),
        CAST(round(load_15 * 100) AS INTEGER), CAST(round(uptime_seconds * 100) AS INTEGER),
        CASE WHEN disks IS NOT NULL THEN json_object('disks', json(disks)) END
    FROM observations WHERE true
    ON CONFLICT DO NOTHING;
    INSERT INTO checks (node, at_ms, body)
    SELECT node, checked_at_us / 1000, checks FROM observations WHERE true
    ON CONFLICT DO NOTHING;
    INSERT INTO newest (node, xnode_id, body)
    SELECT node, xnode_id, json_object(
        'xnode_id', xnode_id,
        'health', json_object(
            'xnode', o.name, 'status', status, 'checks', json(checks),
            'checked_at', strftime('%Y-%m-%dT%H:%M:%fZ', checked_at_us / 1000000.0, 'unixepoch')
        ),
        'metrics', CASE WHEN collected_at_us IS NOT NULL THEN json_object(
            'xnode', o.name, 'cpu_percent', cpu_percent, 'memory_percent', memory_percent,
            'load_1', load_1, 'load_5', load_5, 'load_15', load_15,
            'uptime_seconds', uptime_seconds, 'disks', json(disks),
            'collected_at',
            strftime('%Y-%m-%dT%H:%M:%fZ', collected_at_us / 1000000.0, 'unixepoch')
        ) END
    )
    FROM last JOIN nodes USING (node) JOIN observations AS o USING (node, checked_at_us);
    UPDATE nodes SET name = coalesce(
        (SELECT json_extract(body, '$.health.xnode') FROM newest WHERE newest.node = nodes.node), ''
    );
    DROP TABLE last;
    DROP TABLE observations;
    ALTER TABLE newest RENAME TO last;
"""

_FRESH = """
    CREATE TABLE fresh (
        part INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        node INTEGER NOT NULL,
        status INTEGER NOT NULL,
        collected_after_ms INTEGER,
        cpu_percent, steal_percent, memory_percent,
        load_1, load_5, load_15, uptime_seconds, cores,
        received_bytes_per_second, sent_bytes_per_second,
        read_bytes_per_second, written_bytes_per_second,
        more TEXT,
        body TEXT,
        PRIMARY KEY (part, at_ms, node)
    ) WITHOUT ROWID;
"""

METRICS_MIGRATIONS = (_FIRST, _WIDE, _FRESH)
"""Scripts that only grow in number: one that was released is never changed."""
