"""state.db: the inventory, the journal of deployments, alerts and what is told of them."""

from pathlib import Path

from capsule_adapters.store.alert_tables import ALERT_TABLES
from capsule_adapters.store.remediation_tables import REMEDIATION_TABLES
from capsule_adapters.store.sqlite import Database, Synchronous
from capsule_adapters.store.switch_tables import SWITCH_TABLES

STATE_MIGRATIONS = (
    """
    CREATE TABLE xnodes (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        provider TEXT NOT NULL,
        region TEXT NOT NULL,
        status TEXT NOT NULL,
        gone INTEGER NOT NULL CHECK (gone IN (0, 1)),
        created_at_us BIGINT NOT NULL,
        body TEXT NOT NULL
    );
    CREATE UNIQUE INDEX xnodes_living_name ON xnodes (name) WHERE gone = 0;
    CREATE INDEX xnodes_by_name ON xnodes (name, created_at_us, id);
    CREATE INDEX xnodes_by_status ON xnodes (status, name);
    CREATE INDEX xnodes_by_provider ON xnodes (provider, name);
    CREATE INDEX xnodes_by_region ON xnodes (region, name);

    CREATE TABLE xnode_tags (
        xnode_id TEXT NOT NULL REFERENCES xnodes (id) ON DELETE CASCADE,
        tag TEXT NOT NULL,
        PRIMARY KEY (xnode_id, tag)
    );
    CREATE INDEX xnode_tags_by_tag ON xnode_tags (tag, xnode_id);

    CREATE TABLE deployments (
        sequence INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        unfinished INTEGER NOT NULL CHECK (unfinished IN (0, 1)),
        provider TEXT NOT NULL,
        region TEXT NOT NULL,
        slug TEXT NOT NULL,
        server_id TEXT,
        started_at_us BIGINT NOT NULL
    );
    CREATE UNIQUE INDEX deployments_unfinished_name ON deployments (name) WHERE unfinished = 1;
    CREATE INDEX deployments_by_name ON deployments (name, sequence);

    CREATE TABLE deployment_events (
        deployment TEXT NOT NULL REFERENCES deployments (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        time_us BIGINT NOT NULL,
        step TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (deployment, position)
    );
    """,
    """
    ALTER TABLE deployments ADD COLUMN plan TEXT;

    CREATE TABLE xnode_changes (
        sequence INTEGER PRIMARY KEY,
        time_us BIGINT NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        xnode_id TEXT NOT NULL,
        name TEXT NOT NULL,
        fields TEXT NOT NULL
    );
    CREATE INDEX xnode_changes_by_xnode ON xnode_changes (xnode_id, sequence);
    """,
    """
    ALTER TABLE xnodes ADD COLUMN profile TEXT NOT NULL DEFAULT '';
    ALTER TABLE xnodes ADD COLUMN currency TEXT NOT NULL DEFAULT 'USD';
    ALTER TABLE xnodes ADD COLUMN price_hour TEXT NOT NULL DEFAULT '0';
    ALTER TABLE xnodes ADD COLUMN price_month TEXT NOT NULL DEFAULT '0';
    ALTER TABLE xnodes ADD COLUMN month_nano BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE xnodes ADD COLUMN cap_seconds BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE xnodes ADD COLUMN created_month INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE xnodes ADD COLUMN ended_at_us BIGINT;
    ALTER TABLE xnodes ADD COLUMN ended_month INTEGER;
    UPDATE xnodes SET
        profile = coalesce(json_extract(body, '$.profile'), ''),
        currency = json_extract(body, '$.price_per_hour.currency'),
        price_hour = json_extract(body, '$.price_per_hour.amount'),
        price_month = json_extract(body, '$.price_per_month.amount'),
        created_month = CAST(strftime('%Y', created_at_us / 1000000, 'unixepoch') AS INTEGER) * 12
            + CAST(strftime('%m', created_at_us / 1000000, 'unixepoch') AS INTEGER) - 1,
        ended_at_us = (
            CAST(strftime('%s', substr(json_extract(body, '$.terminated_at'), 1, 19)) AS INTEGER)
            * 1000000
        ),
        ended_month = CAST(substr(json_extract(body, '$.terminated_at'), 1, 4) AS INTEGER) * 12
            + CAST(substr(json_extract(body, '$.terminated_at'), 6, 2) AS INTEGER) - 1;
    UPDATE xnodes SET
        month_nano = CAST(price_month * 1000000000 AS INTEGER),
        cap_seconds = CASE WHEN CAST(price_hour AS REAL) > 0
            THEN CAST(price_month * 3600.0 / price_hour AS INTEGER) ELSE 0 END;
    CREATE INDEX xnodes_by_price ON xnodes (currency, month_nano);
    CREATE INDEX xnodes_by_age ON xnodes (status, created_at_us);
    CREATE INDEX xnodes_by_kind ON xnodes (
        status, provider, region, currency, price_hour, price_month,
        gone, created_at_us, created_month, ended_at_us, ended_month, cap_seconds
    );

    CREATE TABLE xnode_spans (
        xnode_id TEXT NOT NULL REFERENCES xnodes (id) ON DELETE CASCADE,
        start_us BIGINT NOT NULL,
        end_us BIGINT,
        running INTEGER NOT NULL CHECK (running IN (0, 1)),
        run_start_us BIGINT NOT NULL,
        born_us BIGINT NOT NULL,
        provider TEXT NOT NULL,
        region TEXT NOT NULL,
        profile TEXT,
        currency TEXT NOT NULL,
        hourly BIGINT NOT NULL,
        monthly BIGINT NOT NULL,
        expires_us BIGINT,
        PRIMARY KEY (xnode_id, start_us)
    ) WITHOUT ROWID;
    INSERT INTO xnode_spans
    SELECT id, created_at_us,
        CASE WHEN gone = 1 THEN max(coalesce(ended_at_us, created_at_us), created_at_us)
            WHEN status = 'stopped' THEN max(strftime('%s', 'now') * 1000000, created_at_us)
            END,
        1, created_at_us, created_at_us, provider, region, nullif(profile, ''), currency,
        CAST(round(price_hour * 1e9) AS INTEGER), CAST(round(price_month * 1e9) AS INTEGER),
        NULL
    FROM xnodes;
    INSERT INTO xnode_spans
    SELECT xnode_id, end_us, NULL, 0, end_us, born_us, s.provider, s.region, s.profile,
        s.currency, hourly, monthly, expires_us
    FROM xnode_spans AS s JOIN xnodes AS x ON x.id = s.xnode_id
    WHERE x.status = 'stopped' AND s.end_us > s.start_us;
    """,
    ALERT_TABLES,
    """
    CREATE INDEX xnode_changes_of_removed ON xnode_changes (name, sequence)
    WHERE action = 'removed';
    """
    + REMEDIATION_TABLES
    + SWITCH_TABLES,
)
"""Scripts that only grow in number: one that was released is never changed."""


def state_database(home: Path) -> Database:
    """`<home>/state.db`, opened at its first use. A commit is on the disk when it returns."""
    return Database(home / "state.db", STATE_MIGRATIONS, synchronous=Synchronous.FULL)
