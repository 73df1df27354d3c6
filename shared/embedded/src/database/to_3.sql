-- Deliveries that never ended are counted: those of claims, and those of messages left over by a process that died.
ALTER TABLE claims ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE timers ADD COLUMN set_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;

-- Whether something can be written is asked by writing the one row of this.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
);
