-- When the first worker claimed an attempt. NULL for claims of older versions, and for attempts that never began.
ALTER TABLE claims ADD COLUMN since INTEGER;
