//! What the spool keeps, in the face of torn tails, full disks and directories of others.

use std::sync::Arc;

use super::*;

fn row(value: u64) -> Row<'static> {
    Row { name: "open", value: u32::try_from(value).unwrap(), at: Some(1_700_000_000) }
}

fn stamp(batch: u64) -> Stamp {
    Stamp { writer: 7, lane: 0, batch }
}

fn open(dir: &Path) -> Arc<Spool> {
    Arc::new(Spool::open(dir, 7, 1 << 20).unwrap())
}

fn values(batches: &[Batch]) -> Vec<u32> {
    batches.iter().flat_map(|b| b.rows().map(|r| r.value).collect::<Vec<_>>()).collect()
}

fn first_segment(dir: &Path) -> PathBuf {
    segments(dir).unwrap().remove(0).1
}

#[test]
fn what_is_appended_is_read_in_order_until_it_is_empty() {
    let home = tempfile::tempdir().unwrap();
    let spool = open(home.path());
    assert!(!spool.holding());
    let mut reader = Reader::new(Arc::clone(&spool));
    for batch in 0..5 {
        spool.append(stamp(batch + 1), &[row(2 * batch), row(2 * batch + 1)]).unwrap();
    }
    assert!(spool.holding() && spool.bytes() > 0);
    let (batches, place) = reader.next(4).unwrap();
    assert_eq!(values(&batches), [0, 1, 2, 3]);
    reader.done(place.unwrap());
    spool.append(stamp(6), &[row(10)]).unwrap();
    let (batches, place) = reader.next(100).unwrap();
    assert_eq!(values(&batches), [4, 5, 6, 7, 8, 9, 10]);
    assert!(spool.holding(), "read is not recorded");
    reader.done(place.unwrap());
    assert_eq!(reader.next(100).unwrap(), (Vec::new(), None));
    assert!(!spool.holding());
    assert_eq!((spool.bytes(), segments(home.path()).unwrap().len()), (0, 0));
    spool.append(stamp(7), &[row(11)]).unwrap();
    assert_eq!(values(&reader.next(100).unwrap().0), [11], "it fills again");
}

#[test]
fn another_process_goes_on_where_this_one_was_killed() {
    let home = tempfile::tempdir().unwrap();
    let spool = open(home.path());
    for batch in 1..=3 {
        spool.append(stamp(batch), &[row(batch)]).unwrap();
    }
    let mut reader = Reader::new(Arc::clone(&spool));
    let (_, place) = reader.next(1).unwrap();
    reader.done(place.unwrap());
    drop((reader, spool));
    let spool = Arc::new(Spool::open(home.path(), 8, 1 << 20).unwrap());
    assert!(spool.holding());
    spool.append(Stamp { writer: 8, lane: 0, batch: 1 }, &[row(4)]).unwrap();
    let mut reader = Reader::new(Arc::clone(&spool));
    let (batches, place) = reader.next(100).unwrap();
    assert_eq!(values(&batches), [2, 3, 4]);
    assert_eq!(batches.iter().map(|b| b.stamp.writer).collect::<Vec<_>>(), [7, 7, 8]);
    reader.done(place.unwrap());
    assert_eq!(reader.next(100).unwrap().1, None);
    assert!(!spool.holding());
}

#[test]
fn a_place_of_an_earlier_spool_says_nothing() {
    let home = tempfile::tempdir().unwrap();
    let spool = open(home.path());
    spool.append(stamp(1), &[row(1)]).unwrap();
    let mut reader = Reader::new(Arc::clone(&spool));
    let place = reader.next(9).unwrap().1.unwrap();
    reader.done(place);
    assert_eq!(reader.next(9).unwrap().1, None);
    drop((reader, spool));
    // Numbers of segments begin anew.
    let spool = Arc::new(Spool::open(home.path(), 8, 1 << 20).unwrap());
    spool.append(stamp(1), &[row(2)]).unwrap();
    let mut reader = Reader::new(spool);
    assert_eq!(values(&reader.next(9).unwrap().0), [2]);
}

#[test]
fn a_torn_end_goes_and_damage_is_kept_aside() {
    for (damage, extension) in [(false, "spool"), (true, "damaged")] {
        let home = tempfile::tempdir().unwrap();
        let spool = open(home.path());
        for batch in 1..=3 {
            spool.append(stamp(batch), &[row(batch)]).unwrap();
        }
        drop(spool);
        let path = first_segment(home.path());
        let mut bytes = std::fs::read(&path).unwrap();
        if damage {
            let at = bytes.len() - 1;
            bytes[at] ^= 1;
        } else {
            bytes.truncate(bytes.len() - 1);
        }
        std::fs::write(&path, bytes).unwrap();
        let spool = open(home.path());
        let mut reader = Reader::new(Arc::clone(&spool));
        let (batches, place) = reader.next(9).unwrap();
        assert_eq!(values(&batches), [1, 2]);
        reader.done(place.unwrap());
        assert_eq!(reader.next(9).unwrap().1, None);
        assert_eq!(reader.notes().len(), 1);
        assert!(!spool.holding());
        assert_eq!(path.with_extension(extension).exists(), damage);
    }
}

#[test]
fn what_is_no_segment_does_not_stop_the_others() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("00000000000000000001.spool"), b"hello").unwrap();
    let spool = open(home.path());
    spool.append(stamp(1), &[row(1)]).unwrap();
    let mut reader = Reader::new(spool);
    assert_eq!(values(&reader.next(9).unwrap().0), [1]);
    assert!(reader.notes()[0].contains("is no segment"));
}

#[test]
fn a_spool_is_bounded_and_has_one_process() {
    let home = tempfile::tempdir().unwrap();
    let spool = Spool::open(home.path(), 7, 200).unwrap();
    let full = (1..100).find_map(|n| spool.append(stamp(n), &[row(1)]).err()).unwrap();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    assert!(spool.bytes() <= 200);
    let other = Spool::open(home.path(), 8, 200).err().unwrap();
    assert!(other.to_string().contains("another process"), "{other}");
}
