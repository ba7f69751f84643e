//! `miharu watch`: how things stand, then a line for each change, for screen readers, pipes and logs. No byte of
//! terminal control, nothing repeated while nothing changes.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::app::event::Event;
use crate::app::state::State;
use crate::app::update::update;
use crate::clock::Clock;
use crate::domain::units::delta;
use crate::engine::start::{Watched, start};
use crate::engine::tasks::Tasks;
use crate::language::{self, Language};
use crate::ui::linear::{Linear, News, died};

use super::args::Watch;
use super::console::shown;
use super::teller::Signals;

/// Events that may wait; a full queue delays the pollers.
const EVENTS: usize = 1024;
/// Lines that may wait for a slow reader.
const LINES: usize = 64;
/// What comes together is told together.
const TOGETHER: Duration = Duration::from_millis(300);
/// How often it is looked whether time alone has changed something, and whether the reader is still there.
const LOOK: Duration = Duration::from_secs(1);
/// Without another wish it says after so long that nothing was new.
const HEARTBEAT: Duration = Duration::from_secs(300);
/// How long the end waits for pollers and for the reader.
const GRACE: Duration = Duration::from_millis(500);

/// Tells until it is to end, or the reader is gone.
///
/// `demo`: the demo's scenario, in words.
///
/// # Errors
/// Signals cannot be caught, or there is no thread to write with.
pub fn run(
    watched: Vec<Watched>,
    clock: &Clock,
    demo: Option<String>,
    wanted: &Watch,
) -> eyre::Result<ExitCode> {
    let runtime = super::async_runtime()?;
    let ended = runtime.block_on(async {
        let signals = Signals::catch().wrap_err("signals cannot be caught")?;
        let mut state = State::new(watched.iter().map(shown).collect(), clock.now());
        state.speed = clock.speed();
        state.read_only = true;
        state.demo = demo;
        tell(watched, state, clock, wanted, signals).await
    });
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}

async fn tell(
    watched: Vec<Watched>,
    state: State,
    clock: &Clock,
    wanted: &Watch,
    mut signals: Signals,
) -> eyre::Result<()> {
    let (sender, events) = mpsc::channel::<Event>(EVENTS);
    let (lines, writer) = writer()?;
    let tasks = Tasks::new(sender);
    // The first environment is read at full pace, the others slower, as in the console.
    let (_focus, focused) = watch::channel(0);
    for (index, environment) in watched.into_iter().enumerate() {
        start(index, environment, &focused, &tasks);
    }
    let linear = Linear::new(&state);
    let teller = Teller { state, linear, events, lines, clock, wanted };
    tokio::select! {
        () = teller.run() => {}
        () = signals.next() => {}
        () = unread() => {}
    }
    tasks.cancel();
    if tokio::time::timeout(GRACE, tasks.ended()).await.is_err() {
        tracing::warn!("a poll was still under way at the end");
    }
    // What was told is written, unless nobody reads it.
    let _ = tokio::time::timeout(GRACE, writer).await;
    Ok(())
}

struct Teller<'a> {
    state: State,
    linear: Linear,
    events: mpsc::Receiver<Event>,
    lines: mpsc::Sender<String>,
    clock: &'a Clock,
    wanted: &'a Watch,
}

impl Teller<'_> {
    /// Ends when its time is over, or when the reader is gone.
    async fn run(mut self) {
        let ends = self.wanted.time.map(|time| Clock::instant() + *time);
        let heartbeat = self.wanted.heartbeat.map_or(HEARTBEAT, |h| *h);
        let mut due = Clock::instant() + LOOK;
        loop {
            tokio::select! {
                event = self.events.recv() => {
                    let Some(event) = event else { return };
                    due = due.min(Clock::instant() + TOGETHER);
                    if let Event::TaskDied { name, why } = &event {
                        let news = self.spoken(|teller| died(&teller.state, name, why));
                        if !self.put(vec![news]).await {
                            return;
                        }
                    }
                    update(&mut self.state, event, self.clock.now());
                    continue;
                }
                () = tokio::time::sleep_until(due) => {}
            }
            due = Clock::instant() + LOOK;
            update(&mut self.state, Event::Tick, self.clock.now());
            let news = self.spoken(|teller| {
                let mut news = teller.linear.news(&teller.state);
                if !heartbeat.is_zero() {
                    news.extend(teller.linear.alive(&teller.state, teller.state.felt(delta(heartbeat))));
                }
                news
            });
            if !self.put(news).await || self.over(ends) {
                return;
            }
        }
    }

    /// Whether its time is over. The state is told first, however short the time is.
    fn over(&self, ends: Option<Instant>) -> bool {
        ends.is_some_and(|at| Clock::instant() >= at) && self.linear.introduced()
    }

    /// What is told as JSON is told in English, whatever is printed for people.
    fn spoken<R>(&mut self, tell: impl FnOnce(&mut Self) -> R) -> R {
        if self.wanted.json { language::within(Language::ENGLISH, || tell(self)) } else { tell(self) }
    }

    /// Hands lines to the writer; `false` when it has ended.
    async fn put(&self, news: Vec<News>) -> bool {
        for news in news {
            let line =
                if self.wanted.json { serde_json::to_string(&news).unwrap_or_default() } else { news.line() };
            if self.lines.send(line).await.is_err() {
                return false;
            }
        }
        true
    }
}

/// A thread that writes lines: a reader that stopped reading blocks it, and neither signals nor the end. What it
/// gives beside the queue ends when everything is written.
fn writer() -> eyre::Result<(mpsc::Sender<String>, impl Future<Output = ()>)> {
    let (lines, mut queue) = mpsc::channel::<String>(LINES);
    let (done, ended) = tokio::sync::oneshot::channel::<()>();
    std::thread::Builder::new()
        .name("lines".into())
        .spawn(move || {
            while let Some(line) = queue.blocking_recv() {
                let mut stdout = std::io::stdout().lock();
                if let Err(error) = writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
                    if error.kind() != ErrorKind::BrokenPipe {
                        super::say(&format!("miharu: standard output cannot be written: {error}"));
                    }
                    break;
                }
            }
            drop(done);
        })
        .wrap_err("no thread for writing")?;
    Ok((lines, async move { drop(ended.await) }))
}

/// Ends when nobody can read standard output any more: a pipe whose reader is gone, a terminal that was closed.
async fn unread() {
    let nothing = Timespec { tv_sec: 0, tv_nsec: 0 };
    loop {
        tokio::time::sleep(LOOK).await;
        let mut fds = [PollFd::from_borrowed_fd(rustix::stdio::stdout(), PollFlags::empty())];
        let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
        if poll(&mut fds, Some(&nothing)).is_ok_and(|n| n > 0) && fds[0].revents().intersects(gone) {
            return;
        }
    }
}
