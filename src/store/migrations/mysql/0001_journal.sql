-- The tables of ../sqlite/0001_journal.sql, where they are explained. A migration that fails half way leaves what
-- it made (no transaction holds here), so that each statement may find its work done.
CREATE TABLE IF NOT EXISTS journal_head (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    latest_ns BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO journal_head (id, seq, latest_ns) VALUES (1, 0, -9223372036854775807);

CREATE TABLE IF NOT EXISTS journal_entries (
    seq BIGINT NOT NULL PRIMARY KEY,
    at_ns BIGINT NOT NULL,
    latest_ns BIGINT NOT NULL,
    environment VARCHAR(255) NOT NULL,
    change_id VARCHAR(255),
    rule VARCHAR(255),
    event VARCHAR(32) NOT NULL,
    actor VARCHAR(255) NOT NULL,
    step BIGINT,
    detail LONGTEXT NOT NULL,
    KEY journal_entries_environment (environment, seq),
    KEY journal_entries_change (change_id, seq),
    KEY journal_entries_latest (latest_ns, seq)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

DROP TRIGGER IF EXISTS journal_entries_no_update;
CREATE TRIGGER journal_entries_no_update BEFORE UPDATE ON journal_entries FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the journal is append-only';
DROP TRIGGER IF EXISTS journal_entries_no_delete;
CREATE TRIGGER journal_entries_no_delete BEFORE DELETE ON journal_entries FOR EACH ROW
SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the journal is append-only';

CREATE TABLE IF NOT EXISTS journal_changes (
    change_id VARCHAR(255) NOT NULL PRIMARY KEY,
    environment VARCHAR(255) NOT NULL,
    phase VARCHAR(255) NOT NULL,
    in_flight BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    KEY journal_changes_in_flight (environment, in_flight, change_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS journal_leases (
    environment VARCHAR(255) NOT NULL PRIMARY KEY,
    holder VARCHAR(255) NOT NULL,
    until_ns BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
