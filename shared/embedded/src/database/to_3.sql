-- Counts deliveries that never ended: of claims, and of messages that a dead process left over.
ALTER TABLE claims ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE timers ADD COLUMN set_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;

-- A check writes the only row of this table, to see whether the database can be written.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
);
