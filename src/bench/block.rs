//! Memory that direct I/O takes, and what is written from it: each 4 KiB begin with their number, so that reading
//! can tell whether they came back; the rest is noise that no file system can make smaller.

use rand::RngExt as _;

/// Alignment and size of what is moved at once at random places: what every storage takes.
pub(super) const BLOCK: usize = 4096;

/// A buffer that begins at a multiple of [`BLOCK`].
pub(super) struct Buffer {
    memory: Vec<u8>,
    from: usize,
    size: usize,
}

impl Buffer {
    /// Of `size` bytes of noise.
    pub(super) fn noise(size: usize) -> Self {
        let mut memory = vec![0; size + BLOCK];
        rand::rng().fill(&mut memory[..]);
        // The vector is never made longer, so its memory stays where it is.
        let from = memory.as_ptr().align_offset(BLOCK).min(BLOCK);
        Self { memory, from, size }
    }

    /// The first `length` bytes of it, at most all.
    pub(super) fn part(&mut self, length: usize) -> &mut [u8] {
        let to = self.from + length.min(self.size);
        self.memory.get_mut(self.from..to).unwrap_or_default()
    }
}

/// Numbers the blocks in `bytes`, which stand at `offset` of the file.
pub(super) fn number(bytes: &mut [u8], offset: u64) {
    for (block, n) in bytes.chunks_mut(BLOCK).zip(offset / BLOCK as u64..) {
        if let Some(start) = block.first_chunk_mut() {
            *start = n.to_le_bytes();
        }
    }
}

/// Whether the blocks in `bytes`, which were read at `offset` of the file, are those that were written there.
pub(super) fn numbered(bytes: &[u8], offset: u64) -> bool {
    bytes
        .chunks(BLOCK)
        .zip(offset / BLOCK as u64..)
        .all(|(block, n)| block.first_chunk().is_some_and(|start| *start == n.to_le_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_blocks_are_known_again() {
        for size in [BLOCK, 3 * BLOCK, 1 << 20] {
            let mut buffer = Buffer::noise(size);
            let bytes = buffer.part(size + 1);
            assert_eq!((bytes.len(), bytes.as_ptr().align_offset(BLOCK)), (size, 0));
            number(bytes, 7 * BLOCK as u64);
            assert!(numbered(bytes, 7 * BLOCK as u64));
            assert!(!numbered(bytes, 8 * BLOCK as u64));
            bytes[size - BLOCK] ^= 1;
            assert!(!numbered(bytes, 7 * BLOCK as u64), "the last block of {size}");
        }
    }

    #[test]
    fn noise_differs_from_buffer_to_buffer() {
        assert_ne!(Buffer::noise(BLOCK).part(BLOCK), Buffer::noise(BLOCK).part(BLOCK));
    }
}
