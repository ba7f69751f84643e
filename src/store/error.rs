//! What goes wrong with a database, in words: the place, what, the remedy. A password is in none of them.

use std::path::Path;

use sqlx::migrate::MigrateError;

use super::JournalError;

/// Remedy for a file that cannot be written.
pub(super) const WRITABLE: &str =
    "give this user the right to write the file and its directory, or set journal to another path";
/// Remedy for a full disk.
pub(super) const FULL: &str = "make room on that disk, or set journal to a path on another one";

/// An error that is no conflict.
pub(super) fn failed(text: String, remedy: &str) -> JournalError {
    JournalError { text, remedy: remedy.to_owned(), conflict: false }
}

/// A journal file as errors name it.
pub(super) fn file(path: &Path) -> String {
    format!("the journal {}", path.display())
}

/// An error of SQLite at `path`, by its result code (sqlite.org/rescode.html).
pub(super) fn sqlite(path: &Path, error: &sqlx::Error) -> JournalError {
    let place = file(path);
    let code: Option<i32> = error
        .as_database_error()
        .and_then(|e| e.code().and_then(|code| code.parse().ok()))
        .map(|extended: i32| extended & 0xff);
    match (code, error) {
        (Some(5 | 6), _) => failed(
            format!("{place} is locked: another process has been writing it for too long"),
            "wait, or end the process that holds it (fuser names it)",
        ),
        (Some(3 | 8 | 23), _) => failed(format!("{place} is read-only"), WRITABLE),
        (Some(14), _) => failed(format!("{place} cannot be opened"), WRITABLE),
        (Some(13), _) => failed(format!("{place} cannot be written: the disk is full"), FULL),
        (Some(11 | 26), _)
        | (_, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound) => {
            corrupt(&place)
        }
        (Some(19), sqlx::Error::Database(e)) => {
            failed(format!("{place} refuses: {}", e.message()), "append; nothing is ever altered")
        }
        (_, sqlx::Error::PoolTimedOut) => failed(
            format!("{place} does not answer: its disk is too slow, or too many wait for it"),
            "wait, and look at the disk",
        ),
        _ => failed(format!("{place} failed: {error}"), "look at the disk and the file's permissions"),
    }
}

/// What a table holds is not what was written.
pub(super) fn corrupt(place: &str) -> JournalError {
    failed(
        format!("{place} is corrupt, or not a journal"),
        "restore it from a backup, or move it away (with its -wal and -shm) and begin a new one after looking at \
         what is in flight",
    )
}

/// An error of MySQL or MariaDB, by its number (mariadb.com/kb/en/mariadb-error-codes).
pub(super) fn mysql(place: &str, error: &sqlx::Error) -> JournalError {
    let code = error
        .as_database_error()
        .and_then(|e| e.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>())
        .map(sqlx::mysql::MySqlDatabaseError::number);
    let message = error.as_database_error().map(|e| e.message().to_owned()).unwrap_or_default();
    match (code, error) {
        (Some(1044 | 1045 | 1142 | 1143 | 1227 | 1698), _) => failed(
            format!("{place} refuses this user: {message}"),
            "correct user and password, and grant it CREATE, ALTER, INDEX, TRIGGER, SELECT, INSERT, UPDATE and DELETE on the database",
        ),
        (Some(1049), _) => {
            failed(format!("{place} does not exist"), "create the database, or correct its name")
        }
        (Some(1419), _) => failed(
            format!("{place} does not let this user create triggers, which keep the journal append-only"),
            "set log_bin_trust_function_creators = 1 in the server's parameter group",
        ),
        (Some(1205 | 1213), _) => failed(
            format!("{place} is locked: another transaction has been writing it for too long"),
            "wait, or end the transaction that holds it (SHOW PROCESSLIST names it)",
        ),
        (Some(1290 | 1792 | 1836), _) => failed(
            format!("{place} is read-only: {message}"),
            "name the server that takes writes, not a replica",
        ),
        (Some(1021 | 1114), _) => failed(
            format!("{place} cannot be written: the server's disk is full"),
            "make room on the server's disk",
        ),
        (Some(1034 | 1194 | 1195 | 1712), _) => {
            failed(format!("{place} is corrupt: {message}"), "restore the server's tables from a backup")
        }
        (Some(1040 | 1203), _) => {
            failed(format!("{place} has too many connections"), "wait, or raise max_connections")
        }
        (Some(1644), _) => failed(format!("{place} refuses: {message}"), "append; nothing is ever altered"),
        (Some(number), _) => {
            failed(format!("{place} failed: {message} (error {number})"), "look at the server's log")
        }
        (None, sqlx::Error::PoolTimedOut) => silent(place),
        (None, sqlx::Error::Io(e)) => failed(
            format!("{place} cannot be reached: {e}"),
            "start the server, or correct host and port and let this machine reach it",
        ),
        (None, sqlx::Error::Tls(e)) => failed(
            format!("{place} cannot be reached over TLS: {e}"),
            "correct ssl-mode or ssl-ca in the URL (tls in a Go DSN)",
        ),
        (None, sqlx::Error::Configuration(e)) => {
            failed(format!("{place} cannot be used: {e}"), "correct journal")
        }
        (None, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::RowNotFound) => {
            failed(
                format!("{place} holds what miharu did not write"),
                "restore the tables journal_* from a backup",
            )
        }
        (None, _) => failed(format!("{place} failed: {error}"), "look at the server's log"),
    }
}

/// A server that is there and says nothing.
pub(super) fn silent(place: &str) -> JournalError {
    failed(format!("{place} does not answer"), "look at the network and at the server's load")
}

/// The tables could not be made or are not ours; `database` is for everything that is an error of the database.
pub(super) fn migration(
    place: &str,
    error: MigrateError,
    database: impl FnOnce(&sqlx::Error) -> JournalError,
) -> JournalError {
    match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => failed(
            format!("{place} comes from a newer version of miharu (its format is {version})"),
            "run that version here too, or set journal to another place",
        ),
        MigrateError::Dirty(version) => failed(
            format!("{place} was left half made (format {version})"),
            "find out why in the server's log, delete that row from journal_migrations and start again",
        ),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => database(&error),
        other => failed(format!("{place} cannot be used: {other}"), "set journal to another place"),
    }
}
