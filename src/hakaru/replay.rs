//! Brings what is in the spool into the database, in order, each batch once: its stamp is written in the same
//! transaction, so a commit whose answer was lost is recognized.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::database::{Failure, Fault, Kind, Link, Refused, Row, Stamp};
use super::shared::Shared;
use super::spool::{Batch, Place, Reader, Spool};

/// Impressions of a transaction, about.
const ROWS: usize = 5000;
/// Longest that a transaction may take: it may wait for one that was cut off.
const TRANSACTION: Duration = Duration::from_secs(30);
/// The same while everyone waits for the last of it.
const LAST: Duration = Duration::from_secs(2);
/// Between two attempts: at first, at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Replays whenever there is something to replay, until `stop`.
pub async fn run(shared: Arc<Shared>, spool: Arc<Spool>, stop: CancellationToken) {
    let of = Arc::clone(&spool);
    let Ok(mut reader) = tokio::task::spawn_blocking(move || Reader::new(of)).await else { return };
    let mut backoff = BACKOFF.0;
    while !stop.is_cancelled() {
        tokio::select! {
            () = spool.filled() => {}
            () = stop.cancelled() => break,
        }
        let done = tokio::select! {
            done = empty(&shared, &spool, reader, &stop) => done,
            () = stop.cancelled() => break,
        };
        let Some((kept, result)) = done else { break };
        reader = kept;
        match result {
            Ok(()) => backoff = BACKOFF.0,
            Err(why) => {
                shared.database_down(&why);
                tokio::select! {
                    () = tokio::time::sleep(backoff) => {}
                    () = stop.cancelled() => break,
                }
                backoff = (backoff * 2).min(BACKOFF.1);
            }
        }
    }
}

/// Replays until the spool is empty. Gives the reader back, or `None` where its thread died.
async fn empty(
    shared: &Shared,
    spool: &Arc<Spool>,
    mut reader: Reader,
    stop: &CancellationToken,
) -> Option<(Reader, Result<(), String>)> {
    let mut link = match shared.database.connect().await {
        Ok(link) => link,
        Err(fault) => return Some((reader, Err(fault.text))),
    };
    shared.reached(&link.facts);
    let mut gate = None;
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let next = reader.next(ROWS);
            (reader, next)
        });
        let next;
        (reader, next) = read.await.ok()?;
        for note in reader.notes() {
            shared.log.say("WARN", &note);
        }
        let (batches, place) = match next {
            Ok(next) => next,
            Err(error) => return Some((reader, Err(format!("the spool cannot be read: {error}")))),
        };
        let Some(place) = place else {
            link.close().await;
            return Some((reader, Ok(())));
        };
        let within = if gate.is_some() { LAST } else { TRANSACTION };
        let recorded = tokio::time::timeout(within, transaction(shared, spool, &mut link, &batches));
        match recorded.await {
            Ok(Ok(())) => reader = advance(reader, place).await?,
            Ok(Err(failure)) => return Some((reader, Err(failure.text().to_owned()))),
            Err(_) => return Some((reader, Err("a replay took too long".into()))),
        }
        shared.database_up();
        if stop.is_cancelled() {
            return Some((reader, Ok(())));
        }
        // What is left came during this transaction: the next one takes the last of it, and nothing comes behind.
        if gate.is_none() && batches.iter().map(|batch| batch.rows.len()).sum::<usize>() < ROWS {
            gate = Some(spool.gate().write().await);
        }
    }
}

async fn advance(mut reader: Reader, place: Place) -> Option<Reader> {
    let advanced = tokio::task::spawn_blocking(move || {
        reader.done(place);
        reader
    });
    advanced.await.ok()
}

/// One transaction with what is not recorded yet of some batches.
async fn transaction(
    shared: &Shared,
    spool: &Arc<Spool>,
    link: &mut Link,
    batches: &[Batch],
) -> Result<(), Failure> {
    link.begin().await?;
    let exactly = link.facts.no_batches.is_none();
    let mut last: HashMap<(u64, u32), u64> = HashMap::new();
    let mut stamps: HashMap<(u64, u32), Stamp> = HashMap::new();
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut skipped = 0;
    for batch in batches {
        let Stamp { writer, lane, batch: number } = batch.stamp;
        if exactly {
            let known = match last.get(&(writer, lane)) {
                Some(known) => *known,
                None => link.stamped(writer, lane).await?.unwrap_or(0),
            };
            last.insert((writer, lane), known);
            if number <= known {
                skipped += batch.rows.len();
                continue;
            }
            stamps.insert((writer, lane), batch.stamp);
        }
        rows.extend(batch.rows());
    }
    let stamps: Vec<Stamp> = stamps.into_values().collect();
    let refused = link.write(&rows, &stamps).await?;
    if !refused.is_empty()
        && let Err(error) = keep(spool, &rows, &refused).await
    {
        return link
            .give_up(Fault::new(Kind::Cannot, format!("refused.jsonl cannot be written: {error}")))
            .await;
    }
    link.commit().await?;
    shared.metrics.skipped.add(skipped);
    shared.metrics.replay_refused.add(refused.len());
    shared.metrics.replayed.add(rows.len() - refused.len());
    if !refused.is_empty() {
        let count = refused.len();
        shared
            .log
            .say("WARN", &format!("{count} impressions of the spool were refused: see its refused.jsonl"));
    }
    Ok(())
}

/// What was acknowledged and cannot be recorded is never thrown away.
async fn keep(spool: &Arc<Spool>, rows: &[Row<'_>], refused: &[Refused]) -> std::io::Result<()> {
    let mut lines = String::new();
    for Refused { index, reason } in refused {
        let Some(row) = rows.get(*index) else { continue };
        let line = json!({ "at": row.at, "name": row.name, "value": row.value, "reason": reason });
        _ = writeln!(lines, "{line}");
    }
    let spool = Arc::clone(spool);
    tokio::task::spawn_blocking(move || spool.keep_refused(&lines)).await.map_err(std::io::Error::other)?
}
