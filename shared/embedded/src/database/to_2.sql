-- In version 1, a person or another execution started every execution.
ALTER TABLE executions ADD COLUMN trigger_id TEXT;
ALTER TABLE executions ADD COLUMN slot INTEGER;
ALTER TABLE executions ADD COLUMN fired_by TEXT;
CREATE INDEX executions_by_slot ON executions (flow_id, namespace, trigger_id, slot) WHERE trigger_id IS NOT NULL;
CREATE INDEX executions_by_parent ON executions (fired_by) WHERE fired_by IS NOT NULL;

-- States of triggers. `due` is the next slot. NULL if the trigger does not wait for a slot.
CREATE TABLE triggers (
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    due INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (namespace, flow_id, trigger_id)
) WITHOUT ROWID;
CREATE INDEX triggers_by_due ON triggers (due) WHERE due IS NOT NULL;

CREATE TABLE backfills (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    trigger_id TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL
);

