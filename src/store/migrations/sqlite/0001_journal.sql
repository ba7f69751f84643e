-- Marks the file as a journal of miharu ("miha").
PRAGMA application_id = 1835624545;

-- Position of the newest entry. Whoever appends changes this row first, so positions have no gaps and become
-- visible in their order.
-- latest_ns is the latest time of all entries so far.
CREATE TABLE journal_head (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL,
    latest_ns INTEGER NOT NULL
) STRICT;
INSERT INTO journal_head (id, seq, latest_ns) VALUES (1, 0, -9223372036854775807);

CREATE TABLE journal_entries (
    seq INTEGER NOT NULL PRIMARY KEY,
    at_ns INTEGER NOT NULL, -- since 1970-01-01 UTC
    -- The latest time up to this entry. Clocks of several machines differ, so times do not grow with positions;
    -- this one does, and it first reaches a time at the first entry that is not older.
    latest_ns INTEGER NOT NULL,
    environment TEXT NOT NULL,
    change_id TEXT,
    rule TEXT,
    event TEXT NOT NULL,
    actor TEXT NOT NULL,
    step INTEGER,
    detail TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX journal_entries_environment ON journal_entries (environment, seq);
CREATE INDEX journal_entries_change ON journal_entries (change_id, seq);
CREATE INDEX journal_entries_latest ON journal_entries (latest_ns, seq);

CREATE TRIGGER journal_entries_no_update BEFORE UPDATE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_entries_no_delete BEFORE DELETE ON journal_entries
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
-- REPLACE deletes without asking the trigger above.
CREATE TRIGGER journal_entries_no_replace BEFORE INSERT ON journal_entries
WHEN EXISTS (SELECT 1 FROM journal_entries WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

-- Where each change stands; follows from its entries and is written with them.
CREATE TABLE journal_changes (
    change_id TEXT NOT NULL PRIMARY KEY,
    environment TEXT NOT NULL,
    phase TEXT NOT NULL, -- JSON
    in_flight INTEGER NOT NULL,
    seq INTEGER NOT NULL -- of its newest entry
) STRICT;
CREATE INDEX journal_changes_in_flight ON journal_changes (environment, in_flight, change_id);

-- Who may apply changes, one holder for each environment.
CREATE TABLE journal_leases (
    environment TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ns INTEGER NOT NULL
) STRICT;
