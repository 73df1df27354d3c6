-- The state database. A change here raises VERSION in schema.rs and adds a step there.
--
-- Instants are nanoseconds since 1970 (clamped to 1677..2262); exact ones stand in the JSON beside them.
-- A `place` is execution number * 2^32 + position: rows of one execution lie side by side, in order, and
-- adding one costs the same however many there are.

CREATE TABLE flows (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    source TEXT NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER NOT NULL
);
CREATE UNIQUE INDEX flows_by_id ON flows (namespace, id, revision);

-- Numbers for the ids of executions; a log line or a claim may come before its execution.
CREATE TABLE execution_ids (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
);

CREATE TABLE executions (
    no INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    state TEXT NOT NULL,
    start INTEGER NOT NULL,
    labels TEXT NOT NULL,
    header TEXT NOT NULL,
    notes TEXT NOT NULL,
    -- The trigger that fired it, the slot it stands for, the execution that fired it; null where there is none.
    trigger_id TEXT,
    slot INTEGER,
    fired_by TEXT
);
CREATE INDEX executions_by_slot ON executions (flow_id, namespace, trigger_id, slot) WHERE trigger_id IS NOT NULL;
CREATE INDEX executions_by_parent ON executions (fired_by) WHERE fired_by IS NOT NULL;
CREATE INDEX executions_by_start ON executions (start, namespace);
CREATE INDEX executions_by_state ON executions (state, start, namespace);
CREATE INDEX executions_by_flow ON executions (flow_id, state, start, namespace);

CREATE TABLE labels (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    start INTEGER NOT NULL,
    no INTEGER NOT NULL,
    PRIMARY KEY (key, value, start, no)
) WITHOUT ROWID;

CREATE TABLE task_runs (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE logs (
    place INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE kv (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    expires INTEGER,
    body TEXT NOT NULL
);
CREATE UNIQUE INDEX kv_by_key ON kv (namespace, key);
CREATE INDEX kv_by_expiry ON kv (expires) WHERE expires IS NOT NULL;

CREATE TABLE timers (
    execution INTEGER NOT NULL,
    key TEXT NOT NULL,
    due INTEGER NOT NULL,
    -- What the clock said as it was set; 0 where that is not known.
    set_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (execution, key)
) WITHOUT ROWID;
CREATE INDEX timers_by_due ON timers (due);

CREATE TABLE claims (
    execution INTEGER NOT NULL,
    task_run TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    holder TEXT NOT NULL,
    until INTEGER NOT NULL,
    result TEXT,
    -- How many deliveries took it and did not let go in good order.
    deliveries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (execution, task_run, attempt)
) WITHOUT ROWID;

-- Who holds a slot (taken is set) and who waits for one, in the order of asking.
CREATE TABLE slots (
    turn INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    execution TEXT NOT NULL,
    asked INTEGER NOT NULL,
    taken INTEGER,
    granted_by TEXT
);
CREATE UNIQUE INDEX slots_by_execution ON slots (namespace, flow_id, execution);
CREATE INDEX slots_by_turn ON slots (namespace, flow_id, taken IS NULL, turn);
-- Needed to delete an execution without knowing its flow.
CREATE INDEX slots_of_execution ON slots (execution);

-- The limit a flow was last asked with: releasing needs it.
CREATE TABLE slot_limits (
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    slots INTEGER NOT NULL,
    PRIMARY KEY (namespace, flow_id)
) WITHOUT ROWID;

-- States of triggers; `due` is the next slot where one is waited for.
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

CREATE TABLE messages (
    topic TEXT NOT NULL,
    id INTEGER NOT NULL,
    body TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    -- How often it was handed out after the end of a process and that delivery did not end.
    begun INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, id)
) WITHOUT ROWID;

CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    body TEXT NOT NULL,
    deliveries INTEGER NOT NULL,
    reason TEXT NOT NULL,
    died INTEGER NOT NULL
);

-- Whether something can be written is asked by writing the one row of this.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
);
