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
