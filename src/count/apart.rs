//! A count in a process of its own. A thread that hangs in a call of the kernel cannot be called off, and where
//! that call cannot be killed either (FUSE, some of NFS), a process that has such a thread does not end: its
//! terminal would hang with the mount. So the thread belongs to a child that nobody waits for.
//!
//! The child is this program again, with a hidden command. It tells how far it is in lines of JSON, and dies with
//! its parent.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Count, Disk, Ended, Options, Reason, RootError, Target, Unread, WhenEnded, Work};
use crate::clock::Clock;
use crate::domain::count::Counted;

/// The hidden command.
pub const COMMAND: &str = "count-apart";
/// This program, also when its file was replaced meanwhile.
const MYSELF: &str = "/proc/self/exe";
/// Between two messages.
const TICK: Duration = Duration::from_millis(100);
/// A count that has not moved for this long tells all it knows: it may never say more.
const STUCK: Duration = Duration::from_secs(1);

/// Whether this program has the hidden command.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Says that this program passes [`COMMAND`] and its argument to [`serve`].
pub fn allow() {
    ALLOWED.store(true, Ordering::Relaxed);
}

pub(super) fn allowed() -> bool {
    ALLOWED.load(Ordering::Relaxed)
}

/// What the child is to count.
#[derive(Debug, Serialize, Deserialize)]
struct Errand {
    path: OsString,
    crosses: bool,
    require_mount: bool,
    options: Options,
}

/// What the child tells.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    /// How far it is.
    Counted(Counted),
    /// It does not move; all there is.
    Stuck(Told),
    /// The end.
    Ended(Told),
}

/// An [`Ended`] on its way; its paths need not be text.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    counted: Counted,
    largest: Vec<(OsString, u64)>,
    errors: Vec<(OsString, Reason)>,
    root: Option<RootError>,
    hanging: Vec<OsString>,
    whole: bool,
    took: Duration,
}

impl From<Ended> for Told {
    fn from(ended: Ended) -> Self {
        Self {
            counted: ended.counted,
            largest: ended.largest.into_iter().map(|(path, n)| (path.into(), n)).collect(),
            errors: ended.errors.into_iter().map(|unread| (unread.path.into(), unread.reason)).collect(),
            root: ended.root,
            hanging: ended.hanging.into_iter().map(Into::into).collect(),
            whole: ended.whole,
            took: ended.took,
        }
    }
}

impl From<Told> for Ended {
    fn from(told: Told) -> Self {
        let unread = |(path, reason): (OsString, Reason)| Unread { path: path.into(), reason };
        Self {
            counted: told.counted,
            largest: told.largest.into_iter().map(|(path, n)| (path.into(), n)).collect(),
            errors: told.errors.into_iter().map(unread).collect(),
            root: told.root,
            hanging: told.hanging.into_iter().map(Into::into).collect(),
            whole: told.whole,
            took: told.took,
        }
    }
}

/// The child's whole life: counts what `errand` says and tells it on `out`.
///
/// # Errors
/// The errand is not one, no thread can be started, or nobody listens any more.
pub fn serve(errand: &str, out: &mut impl Write) -> io::Result<()> {
    let errand: Errand = serde_json::from_str(errand)?;
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let target =
        Target { path: errand.path.into(), crosses: errand.crosses, require_mount: errand.require_mount };
    let (sender, receiver) = sync_channel(1);
    let count = Count::start(Disk::new(&target), &errand.options, move |ended| {
        let _ = sender.send(ended);
    })?;
    let mut moved = (count.counted(), Duration::ZERO);
    let mut told = false;
    loop {
        match receiver.recv_timeout(TICK) {
            Ok(ended) => return tell(out, &Message::Ended(ended.into())),
            Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let (counted, now) = (count.counted(), count.elapsed());
        if counted != moved.0 {
            (moved, told) = ((counted, now), false);
            tell(out, &Message::Counted(counted))?;
        } else if !told && now.saturating_sub(moved.1) >= STUCK {
            told = true;
            tell(out, &Message::Stuck(count.so_far().into()))?;
        }
    }
}

fn tell(out: &mut impl Write, message: &Message) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// A count in a child, seen from its parent.
pub(super) struct Apart {
    elapsed: Box<dyn Fn() -> Duration + Send + Sync>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    counted: Counted,
    stuck: Option<Ended>,
    child: Option<Child>,
    cancelled: bool,
}

impl Apart {
    /// Starts the child, and the thread that listens to it.
    pub(super) fn start(target: &Target, options: &Options, when_ended: WhenEnded) -> io::Result<Arc<Self>> {
        let errand = serde_json::to_string(&Errand {
            path: target.path.clone().into(),
            crosses: target.crosses,
            require_mount: target.require_mount,
            options: options.clone(),
        })?;
        let apart = Arc::new(Self { elapsed: Box::new(Clock::stopwatch()), known: Mutex::default() });
        let listening = Arc::clone(&apart);
        // The child dies when the thread that started it does, so the one that listens to it starts it.
        std::thread::Builder::new().name("count-apart".into()).spawn(move || {
            let ended = listening.listen(&errand).unwrap_or_else(|error| {
                let words = format!("cannot be counted by a process of its own: {error}");
                Ended { root: Some(RootError::Failed(Reason::Other(words))), ..listening.so_far() }
            });
            when_ended(ended);
        })?;
        Ok(apart)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self, errand: &str) -> io::Result<Ended> {
        let mut command = Command::new(MYSELF);
        command.arg(COMMAND).arg(errand).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let output = {
            let mut known = self.known();
            if known.cancelled {
                drop(known);
                return Ok(self.so_far());
            }
            let mut child = command.spawn()?;
            let output = child.stdout.take();
            known.child = Some(child);
            output.ok_or(io::ErrorKind::BrokenPipe)?
        };
        let mut end = None;
        for line in BufReader::new(output).lines() {
            match serde_json::from_str(&line?)? {
                Message::Counted(counted) => {
                    let mut known = self.known();
                    (known.counted, known.stuck) = (counted, None);
                }
                Message::Stuck(told) => {
                    let mut known = self.known();
                    (known.counted, known.stuck) = (told.counted, Some(told.into()));
                }
                Message::Ended(told) => {
                    end = Some(Ended::from(told));
                    break;
                }
            }
        }
        let child = self.known().child.take();
        let status = child.map(|mut child| child.wait()).transpose()?;
        if let Some(end) = end {
            self.known().counted = end.counted;
            return Ok(end);
        }
        if self.known().cancelled {
            return Ok(self.so_far());
        }
        let status = status.map(|status| status.to_string()).unwrap_or_default();
        Err(io::Error::other(format!("it ended early, {status}")))
    }
}

impl Work for Apart {
    fn counted(&self) -> Counted {
        self.known().counted
    }

    fn elapsed(&self) -> Duration {
        (self.elapsed)()
    }

    fn cancel(&self) {
        let mut known = self.known();
        known.cancelled = true;
        if let Some(child) = &mut known.child {
            // One that has ended needs none.
            let _ = child.kill();
        }
    }

    fn so_far(&self) -> Ended {
        let known = self.known();
        let took = (self.elapsed)();
        match &known.stuck {
            Some(stuck) => Ended { took, ..stuck.clone() },
            None => Ended {
                counted: known.counted,
                largest: Vec::new(),
                errors: Vec::new(),
                root: (known.counted == Counted::default()).then_some(RootError::Silent),
                hanging: Vec::new(),
                whole: false,
                took,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn an_end_is_the_same_on_the_other_side() {
        let path = OsString::from_vec(b"a\n\xff".to_vec());
        let ended = Ended {
            counted: Counted { files: 7, unread: 2, ..Counted::default() },
            largest: vec![(path.clone().into(), 5)],
            errors: vec![
                Unread { path: path.clone().into(), reason: Reason::System(13) },
                Unread { path: "b".into(), reason: Reason::Other("too many".into()) },
            ],
            root: Some(RootError::Failed(Reason::NotMounted)),
            hanging: vec![path.into()],
            whole: true,
            took: Duration::from_micros(1_500_001),
        };
        let mut line = Vec::new();
        tell(&mut line, &Message::Ended(ended.clone().into())).unwrap();
        assert_eq!(line.iter().position(|b| *b == b'\n'), Some(line.len() - 1), "one line");
        let Message::Ended(told) = serde_json::from_slice(&line).unwrap() else { panic!("{line:?}") };
        assert_eq!(format!("{:?}", Ended::from(told)), format!("{ended:?}"));
    }

    #[test]
    fn what_is_no_errand_is_refused() {
        for errand in ["", "{}", "count"] {
            assert!(serve(errand, &mut Vec::new()).is_err(), "{errand}");
        }
    }
}
