"""state.db: the inventory and the journal of deployments."""

from pathlib import Path

from capsule_adapters.store.sqlite import Database, Synchronous

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
)
"""Scripts that only grow in number: one that was released is never changed."""


def state_database(home: Path) -> Database:
    """`<home>/state.db`, opened at its first use. A commit is on the disk when it returns."""
    return Database(home / "state.db", STATE_MIGRATIONS, synchronous=Synchronous.FULL)
