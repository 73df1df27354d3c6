-- The version of the execution that wrote a task run. 0 for rows of older files: a reader with an older version has them.
ALTER TABLE task_runs ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
