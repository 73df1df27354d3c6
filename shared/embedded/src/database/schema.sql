-- The schema of the state database. To change it, raise VERSION in schema.rs and add a step there.
--
-- Times are nanoseconds since 1970, limited to the years 1677 to 2262. The JSON in the same row has the exact time.
-- A `place` is the number of the execution * 2^32 + the position of the row. So the rows of one execution are next to
-- each other and in order. Adding a row takes the same time with a few rows as with many rows.

CREATE TABLE flows (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    source TEXT NOT NULL,
    updated INTEGER NOT NULL,
    deleted INTEGER NOT NULL
);
CREATE UNIQUE INDEX flows_by_id ON flows (namespace, id, revision);

-- The number of each execution. A log line or a claim may be written before its execution.
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
    -- The trigger that started the execution, the slot of the trigger, and the execution that started it.
    -- NULL if there is none.
    trigger_id TEXT,
    slot INTEGER,
    fired_by TEXT
);
CREATE INDEX executions_by_slot ON executions (flow_id, namespace, trigger_id, slot) WHERE trigger_id IS NOT NULL;
CREATE INDEX executions_by_parent ON executions (fired_by) WHERE fired_by IS NOT NULL;
CREATE INDEX executions_by_start ON executions (start, namespace);
CREATE INDEX executions_by_state ON executions (state, start, namespace);
CREATE INDEX executions_by_flow ON executions (flow_id, state, start, namespace);

-- How many executions have ended: by quarter of an hour of their start, flow, state and class of length.
CREATE TABLE ended (
    quarter INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    state TEXT NOT NULL,
    class INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (quarter, namespace, flow_id, state, class)
) WITHOUT ROWID;

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
    body TEXT NOT NULL,
    -- The version of the execution that wrote the row.
    version INTEGER NOT NULL DEFAULT 0
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
    -- The time of the clock when the timer was set. 0 if the time is unknown.
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
    -- The number of deliveries that took the claim and did not give it back.
    deliveries INTEGER NOT NULL DEFAULT 0,
    -- When the first worker claimed the attempt. NULL if no worker has.
    since INTEGER,
    PRIMARY KEY (execution, task_run, attempt)
) WITHOUT ROWID;

-- Permits: a row with `taken` holds a permit, and a row without `taken` waits for one. `turn` is the order of requests.
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
-- Finds the permit of an execution without its flow, when the execution is deleted.
CREATE INDEX slots_of_execution ON slots (execution);

-- The limit of the last request for a permit of a flow. The release of a permit needs it.
CREATE TABLE slot_limits (
    namespace TEXT NOT NULL,
    flow_id TEXT NOT NULL,
    slots INTEGER NOT NULL,
    PRIMARY KEY (namespace, flow_id)
) WITHOUT ROWID;

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

CREATE TABLE messages (
    topic TEXT NOT NULL,
    id INTEGER NOT NULL,
    body TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    -- How often the message was left over from an earlier process, handed out, and not ended.
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

-- A check writes the only row of this table, to see whether the database can be written.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
);

-- Topics of flows, their subscriptions, and the messages that somebody must still receive. Times are milliseconds.
CREATE TABLE topics (
    name TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TABLE subscriptions (
    name TEXT PRIMARY KEY,
    -- NULL if the topic was deleted.
    topic TEXT,
    ack_deadline INTEGER NOT NULL,
    ordered INTEGER NOT NULL,
    -- The key of the trigger that gets the messages, as JSON. NULL: a receiver pulls them.
    push TEXT
) WITHOUT ROWID;
CREATE INDEX subscriptions_by_topic ON subscriptions (topic);

CREATE TABLE topic_messages (
    -- The ids of deleted messages are not used again, because executions have ids that follow from them.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    data BLOB NOT NULL,
    attributes TEXT NOT NULL,
    published INTEGER NOT NULL
);

CREATE TABLE deliveries (
    subscription TEXT NOT NULL,
    message INTEGER NOT NULL,
    ordering_key TEXT NOT NULL,
    visible_at INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (subscription, message)
) WITHOUT ROWID;
CREATE INDEX deliveries_by_message ON deliveries (message);
CREATE INDEX deliveries_by_key ON deliveries (subscription, ordering_key, message) WHERE ordering_key <> '';
