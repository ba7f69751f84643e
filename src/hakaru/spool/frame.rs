//! How a batch lies in a segment file: length, checksum, stamp, rows. A frame is whole or it is not there.

use std::io::{self, ErrorKind, Read};

use crate::hakaru::database::{Row, Stamp};

/// What every segment begins with.
pub const MAGIC: &[u8; 8] = b"hakaru1\n";
/// Bytes before the first frame: the magic, and who wrote the segment.
pub const HEADER: u64 = 16;
/// No frame is longer; what claims to be is damaged.
const LONGEST: usize = 64 << 20;
/// Bytes before the payload: its length, its checksum, and the checksum of these two.
const PREFIX: usize = 12;

/// A batch as it was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Whose batch it is.
    pub stamp: Stamp,
    /// Accepted at (seconds since 1970), value, name.
    pub rows: Vec<(i64, u32, Box<str>)>,
}

impl Batch {
    /// Its rows for a statement.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(at, value, name)| Row { name, value: *value, at: Some(*at) })
    }
}

/// The header of a segment.
pub fn header(writer: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    let (magic, id) = bytes.split_at_mut(8);
    magic.copy_from_slice(MAGIC);
    id.copy_from_slice(&writer.to_le_bytes());
    bytes
}

/// Who wrote a segment with this header; `None` where it is none.
pub fn writer(header: [u8; 16]) -> Option<u64> {
    let (magic, id) = header.split_at(8);
    (magic == MAGIC).then(|| id.try_into().map(u64::from_le_bytes).ok()).flatten()
}

/// A batch as bytes. Its writer is in the header of its segment.
pub fn encode(stamp: Stamp, rows: &[Row<'_>]) -> Vec<u8> {
    let mut out = vec![0; PREFIX];
    out.extend(stamp.lane.to_le_bytes());
    out.extend(stamp.batch.to_le_bytes());
    for row in rows {
        out.extend(row.at.unwrap_or_default().to_le_bytes());
        out.extend(row.value.to_le_bytes());
        // At most 255 characters.
        out.extend(u16::try_from(row.name.len()).unwrap_or(u16::MAX).to_le_bytes());
        out.extend(row.name.as_bytes());
    }
    let payload = out.get(PREFIX..).unwrap_or_default();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut prefix = [length, crc32fast::hash(payload).to_le_bytes()].concat();
    prefix.extend(crc32fast::hash(&prefix).to_le_bytes());
    for (place, byte) in out.iter_mut().zip(prefix) {
        *place = byte;
    }
    out
}

/// What comes next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// A batch, and the bytes that it takes.
    Batch(Batch, u64),
    /// Nothing more.
    End,
    /// The beginning of a frame: a crash cut a write short.
    Torn,
    /// Something that nobody wrote.
    Damaged,
}

/// Reads the next frame of a segment of `writer`.
pub fn read(from: &mut impl Read, writer: u64) -> io::Result<Next> {
    let mut prefix = [0; PREFIX];
    match fill(from, &mut prefix)? {
        0 => return Ok(Next::End),
        PREFIX => {}
        _ => return Ok(Next::Torn),
    }
    let number = |at: usize| {
        prefix.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes).unwrap_or_default()
    };
    let length = number(0) as usize;
    if crc32fast::hash(prefix.get(..8).unwrap_or_default()) != number(8) || length > LONGEST {
        return Ok(Next::Damaged);
    }
    let mut payload = vec![0; length];
    if fill(from, &mut payload)? < length {
        return Ok(Next::Torn);
    }
    if crc32fast::hash(&payload) != number(4) {
        return Ok(Next::Damaged);
    }
    let Some(batch) = decode(&payload, writer) else { return Ok(Next::Damaged) };
    Ok(Next::Batch(batch, (PREFIX + length) as u64))
}

fn decode(mut payload: &[u8], writer: u64) -> Option<Batch> {
    fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
        let (taken, rest) = from.split_first_chunk()?;
        *from = rest;
        Some(*taken)
    }
    let lane = u32::from_le_bytes(take(&mut payload)?);
    let batch = u64::from_le_bytes(take(&mut payload)?);
    let mut rows = Vec::new();
    while !payload.is_empty() {
        let at = i64::from_le_bytes(take(&mut payload)?);
        let value = u32::from_le_bytes(take(&mut payload)?);
        let length = usize::from(u16::from_le_bytes(take(&mut payload)?));
        let (name, rest) = payload.split_at_checked(length)?;
        payload = rest;
        rows.push((at, value, std::str::from_utf8(name).ok()?.into()));
    }
    Some(Batch { stamp: Stamp { writer, lane, batch }, rows })
}

/// Reads until `into` is full or the file ends.
pub fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn batches() -> impl Strategy<Value = Vec<Batch>> {
        let row = (any::<i64>(), any::<u32>(), any::<String>().prop_map(String::into_boxed_str));
        let batch = (any::<u32>(), any::<u64>(), prop::collection::vec(row, 0..5));
        let batch =
            batch.prop_map(|(lane, batch, rows)| Batch { stamp: Stamp { writer: 7, lane, batch }, rows });
        prop::collection::vec(batch, 1..6)
    }

    fn bytes(batches: &[Batch]) -> Vec<u8> {
        batches.iter().flat_map(|b| encode(b.stamp, &b.rows().collect::<Vec<_>>())).collect()
    }

    fn read_all(mut bytes: &[u8]) -> (Vec<Batch>, Next) {
        let mut out = Vec::new();
        loop {
            match read(&mut bytes, 7).unwrap() {
                Next::Batch(batch, _) => out.push(batch),
                end => return (out, end),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(batches in batches()) {
            prop_assert_eq!(read_all(&bytes(&batches)), (batches, Next::End));
        }

        /// Cut anywhere, the whole frames before the cut are there, and nothing else.
        #[test]
        fn a_torn_end_takes_one_frame_at_most(batches in batches(), cut in any::<prop::sample::Index>()) {
            let whole = bytes(&batches);
            let cut = cut.index(whole.len());
            let (read, end) = read_all(&whole[..cut]);
            let ends: Vec<usize> = batches.iter().scan(0, |at, b| { *at += bytes(std::slice::from_ref(b)).len(); Some(*at) }).collect();
            prop_assert_eq!(read.len(), ends.iter().filter(|end| **end <= cut).count());
            prop_assert_eq!(&read[..], &batches[..read.len()]);
            prop_assert_eq!(end, if cut == 0 || ends.contains(&cut) { Next::End } else { Next::Torn });
        }

        /// A wrong byte is never taken for an impression.
        #[test]
        fn damage_is_seen(batches in batches(), at in any::<prop::sample::Index>(), flip in 1u8..) {
            let mut damaged = bytes(&batches);
            let at = at.index(damaged.len());
            damaged[at] ^= flip;
            let (read, end) = read_all(&damaged);
            prop_assert_eq!(end, Next::Damaged);
            prop_assert_eq!(&read[..], &batches[..read.len()]);
        }
    }

    #[test]
    fn the_header_names_its_writer() {
        assert_eq!(writer(header(42)), Some(42));
        assert_eq!(writer([0; 16]), None);
    }
}
