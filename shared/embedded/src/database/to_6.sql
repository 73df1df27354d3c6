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
