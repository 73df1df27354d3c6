-- Deliveries that never ended are counted: those of claims, and those of messages left over by a process that died.
ALTER TABLE claims ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN begun INTEGER NOT NULL DEFAULT 0;
