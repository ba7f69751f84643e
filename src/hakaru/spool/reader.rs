//! The other end of the spool: batches in the order in which they were appended, and their removal.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::frame::{self, Batch, HEADER, Next};
use super::{Spool, options, path, segments};

/// How far a replay has come: a segment, and a byte in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    segment: u64,
    offset: u64,
}

/// Reads a spool. There is one.
pub struct Reader {
    spool: Arc<Spool>,
    /// What is recorded already.
    done: Option<Place>,
    /// What is to be said: torn ends, damage.
    notes: Vec<String>,
}

impl Reader {
    /// Begins where the last process stopped, if that is known.
    pub fn new(spool: Arc<Spool>) -> Self {
        let done = recall(&spool);
        Self { spool, done, notes: Vec::new() }
    }

    /// What there is to say since the last call.
    pub fn notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// The oldest batches that are not done, at most about `rows` rows, and the place behind them. Nothing: the
    /// spool is empty now, and new impressions may go straight to the database. Blocks on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn next(&mut self, rows: usize) -> io::Result<(Vec<Batch>, Option<Place>)> {
        let mut batches: Vec<Batch> = Vec::new();
        let mut place = None;
        let mut count = 0;
        'segments: for (segment, path) in segments(&self.spool.dir)? {
            let start = self.done.filter(|done| done.segment == segment).map_or(0, |done| done.offset);
            if self.done.is_some_and(|done| segment < done.segment) {
                self.remove(segment, &path)?;
                continue;
            }
            // What is appended from now on is read the next time.
            let whole = self.whole(segment);
            let Some((mut file, writer)) = open(&path)? else {
                self.set_aside(segment, &path, "it is no segment")?;
                continue;
            };
            let mut offset = start.max(HEADER);
            file.seek(SeekFrom::Start(offset))?;
            loop {
                if count >= rows {
                    break 'segments;
                }
                if whole.is_some_and(|whole| offset >= whole) {
                    break 'segments;
                }
                match frame::read(&mut file, writer)? {
                    Next::Batch(batch, length) => {
                        offset += length;
                        count += batch.rows.len().max(1);
                        batches.push(batch);
                        place = Some(Place { segment, offset });
                    }
                    // Its end is reached: it goes when what was read of it is recorded.
                    Next::End if !batches.is_empty() => continue 'segments,
                    Next::End => {
                        self.remove(segment, &path)?;
                        continue 'segments;
                    }
                    Next::Torn | Next::Damaged if !batches.is_empty() => break 'segments,
                    Next::Torn => {
                        self.notes.push(format!("{}: its torn end was never acknowledged", path.display()));
                        self.remove(segment, &path)?;
                        continue 'segments;
                    }
                    Next::Damaged => {
                        self.set_aside(segment, &path, &format!("it is damaged at byte {offset}"))?;
                        continue 'segments;
                    }
                }
            }
        }
        if batches.is_empty() && !self.emptied()? {
            // Something came in the meantime.
            return self.next(rows);
        }
        Ok((batches, place))
    }

    /// Everything up to `place` is recorded and need not be read again.
    pub fn done(&mut self, place: Place) {
        self.done = Some(place);
        // Only an aid: batches that are read again are recognized by their stamp, where stamps can be written.
        _ = remember(&self.spool, place);
    }

    /// The bytes that count of a segment, if it is being appended to.
    fn whole(&self, segment: u64) -> Option<u64> {
        self.spool
            .lock()
            .file
            .as_ref()
            .filter(|(_, number, _)| *number == segment)
            .map(|(_, _, whole)| *whole)
    }

    /// Ends the spool if nothing is left in the segment that is appended to.
    fn emptied(&mut self) -> io::Result<bool> {
        let mut active = self.spool.lock();
        let left = active.file.as_ref().is_some_and(|(_, number, whole)| {
            let read = self.done.filter(|done| done.segment == *number).map_or(HEADER, |done| done.offset);
            *whole > read
        });
        if left {
            return Ok(false);
        }
        if let Some((_, number, whole)) = active.file.take() {
            std::fs::remove_file(path(&self.spool.dir, number))?;
            self.forget(whole);
        }
        if segments(&self.spool.dir)?.is_empty() {
            self.spool.holding.store(false, Relaxed);
            return Ok(true);
        }
        Ok(false)
    }

    fn remove(&self, segment: u64, path: &Path) -> io::Result<()> {
        if self.whole(segment).is_some() {
            return Ok(());
        }
        let length = std::fs::metadata(path)?.len();
        std::fs::remove_file(path)?;
        self.forget(length);
        Ok(())
    }

    /// Keeps a segment that nobody can read on, for a look.
    fn set_aside(&mut self, segment: u64, path: &Path, why: &str) -> io::Result<()> {
        if self.whole(segment).is_some() {
            // Being appended to: what is not whole yet will be.
            return Ok(());
        }
        let aside = path.with_extension("damaged");
        let length = std::fs::metadata(path)?.len();
        std::fs::rename(path, &aside)?;
        self.forget(length);
        self.notes
            .push(format!("{}: {why}; everything before is replayed, the file is kept", aside.display()));
        Ok(())
    }

    fn forget(&self, length: u64) {
        _ = self.spool.bytes.fetch_update(Relaxed, Relaxed, |before| Some(before.saturating_sub(length)));
    }
}

/// A segment behind its header, and who wrote it; `None` for what is none.
fn open(path: &Path) -> io::Result<Option<(BufReader<File>, u64)>> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut header = [0; 16];
    let length = frame::fill(&mut file, &mut header)?;
    Ok(frame::writer(header).filter(|_| length == header.len()).map(|writer| (file, writer)))
}

/// Segment, writer of that segment, byte, checksum: numbers are used again once a spool was empty.
fn remember(spool: &Spool, place: Place) -> io::Result<()> {
    let Some(writer) = writer_of(spool, place.segment) else { return Err(ErrorKind::NotFound.into()) };
    let mut bytes = Vec::with_capacity(28);
    for number in [place.segment, writer, place.offset] {
        bytes.extend(number.to_le_bytes());
    }
    let check = crc32fast::hash(&bytes);
    bytes.extend(check.to_le_bytes());
    let file = options().create(true).truncate(false).open(spool.dir.join("place"))?;
    std::os::unix::fs::FileExt::write_all_at(&file, &bytes, 0)
}

fn recall(spool: &Spool) -> Option<Place> {
    let bytes = std::fs::read(spool.dir.join("place")).ok()?;
    let (numbers, check) = bytes.split_at_checked(24)?;
    (crc32fast::hash(numbers).to_le_bytes() == check).then_some(())?;
    let mut numbers = numbers.chunks_exact(8).filter_map(|n| n.try_into().map(u64::from_le_bytes).ok());
    let (segment, writer, offset) = (numbers.next()?, numbers.next()?, numbers.next()?);
    (writer_of(spool, segment)? == writer).then_some(Place { segment, offset })
}

fn writer_of(spool: &Spool, segment: u64) -> Option<u64> {
    let mut header = [0; 16];
    let mut file = File::open(path(&spool.dir, segment)).ok()?;
    frame::fill(&mut file, &mut header).ok()?;
    frame::writer(header)
}
