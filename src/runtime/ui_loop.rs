//! The loop: waits for messages and on nothing else, draws at once after a key and at most thirty times a second
//! for data, and asks the edges for what is to be done without waiting for them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::process::Signal;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::app::effect::Effect;
use crate::app::event::{EnvironmentIndex, Event};
use crate::clock::Clock;
use crate::config::terminal::Terminal;
use crate::config::theme::Theme;
use crate::engine::conductor::{Command as ChangeCommand, Hand};
use crate::engine::login::LoginHand;
use crate::engine::start::Nudges;

use super::clipboard;
use super::core::{Change, Core};
use super::files::File;
use super::inbox::Message;
use super::keep::What;
use super::line_speed::{LineSpeed, QUESTION};
use super::slices::Slices;
use super::terminal::{self, Screen};
use super::writer;

/// Shortest time between two frames that data causes.
pub const FRAME: Duration = Duration::from_millis(33);
/// The same on a slow line.
pub const FRAME_LOW_BANDWIDTH: Duration = Duration::from_secs(1);
/// How long data waits for what comes with it: several sources answer at almost the same moment, and one frame
/// shows what they say together. Nobody sees such a delay, where each frame costs a millisecond of processor.
const GATHER: Duration = Duration::from_millis(100);
/// Longest wait, at the end, for answers of the terminal that are on their way.
const SETTLE: Duration = Duration::from_secs(1);
/// Ages grow and notices end by themselves: the time until the next look.
const TICK: Duration = Duration::from_secs(1);

/// Most messages taken in before a frame, and the longest time for it: a batch of log lines takes a while.
const BATCH: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(4);

/// Loads a theme by name, or says in words why not.
pub type LoadTheme = Box<dyn Fn(&str) -> Result<Theme, String>>;

/// The edges that effects reach. None of them is waited for.
pub struct Edges {
    /// The nudges of each environment.
    pub nudges: Vec<Arc<Nudges>>,
    /// Which environment is shown.
    pub focus: watch::Sender<EnvironmentIndex>,
    /// Loads a theme by name.
    pub theme: LoadTheme,
    /// Files to write.
    pub files: Sender<File>,
    /// The operator's hand in each environment; `None` where nothing acts.
    pub hands: Vec<Option<Arc<Hand>>>,
    /// What signs a person in, in each environment.
    pub logins: Vec<Arc<LoginHand>>,
    /// What is to be written to files ([`super::keep`]).
    pub keep: Sender<(What, DateTime<Utc>)>,
    /// What is known of the terminal.
    pub terminal: Terminal,
    /// The terminal was asked how wide ambiguous characters are, and is asked again whenever it is taken again.
    pub measures_width: bool,
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The operator quit, or a signal asked for it.
    Quit,
    /// The terminal is gone.
    TerminalGone,
}

/// Where messages come from.
pub struct Doors {
    /// Keys and signals; looked at first.
    pub keys: Receiver<Message>,
    /// Everything else.
    pub inbox: Receiver<Message>,
}

impl Doors {
    /// Waits for a message, keys first; `None` when nobody can send any more.
    async fn recv(&mut self) -> Option<Message> {
        tokio::select! {
            biased;
            key = self.keys.recv() => key,
            message = self.inbox.recv() => message,
        }
    }

    fn try_recv(&mut self) -> Option<Message> {
        self.keys.try_recv().or_else(|_| self.inbox.try_recv()).ok()
    }
}

/// How the loop paces itself.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Shortest time between two frames that data causes.
    pub frame: Duration,
    /// A panic after this, which tests that the terminal is restored.
    pub panic_after: Option<Duration>,
}

/// The loop's side of the terminal.
struct Line<'a> {
    screen: &'a mut Screen,
    clock: &'a Clock,
    writer: Arc<writer::Line>,
    speed: LineSpeed,
    /// What is owed to the screen, and whether it is owed at once.
    owed: Change,
    /// Since when.
    since: Instant,
    drawn: Instant,
    tick: Instant,
    titled: String,
    /// Stopped by a signal or by Ctrl-Z: the terminal is the shell's until the process continues.
    stopped: bool,
    edges: &'a Edges,
    /// The next answer says how wide ambiguous characters are.
    measuring: bool,
}

impl Line<'_> {
    /// Owes the screen a change.
    fn owe(&mut self, change: Change) {
        if self.owed == Change::Nothing {
            self.since = Clock::instant();
        }
        self.owed = self.owed.max(change);
    }

    /// When data that is owed is to be drawn.
    fn due(&self, pace: Pace) -> Instant {
        (self.drawn + pace.frame).max(self.since + GATHER)
    }

    /// Draws what is owed, if the line takes it now.
    fn draw(&mut self, core: &mut Core, pace: Pace) -> std::io::Result<()> {
        let now = Clock::instant();
        self.speed.pass(now);
        let due = match self.owed {
            Change::Nothing => false,
            Change::Data => now >= self.due(pace) && self.speed.takes_data(),
            Change::Operator => self.speed.takes_answer(now),
        };
        if self.stopped || self.writer.busy() {
            return Ok(());
        }
        if !due {
            if self.speed.asks_alone() {
                self.screen.backend_mut().alone(QUESTION)?;
                self.speed.sent(now, QUESTION.len(), true);
            }
            return Ok(());
        }
        let asks = self.speed.asks();
        let backend = self.screen.backend_mut();
        backend.then(if asks { QUESTION } else { b"" });
        let before = backend.sent();
        draw(core, self.screen, self.edges.terminal.titles.then_some(&mut self.titled))?;
        let backend = self.screen.backend_mut();
        backend.then(b"");
        let sent = backend.sent() - before;
        if sent > 0 {
            self.speed.sent(now, sent, asks);
        }
        self.drawn = now;
        self.owed = Change::Nothing;
        Ok(())
    }

    /// When there is something to do although nothing came.
    fn until(&self, pace: Pace) -> Instant {
        if self.writer.busy() || self.stopped {
            return self.tick; // the end of the write, or the signal, wakes the loop
        }
        let frame = match self.owed {
            Change::Data if self.speed.takes_data() => Some(self.due(pace)),
            // An answer of the terminal wakes the loop; what is left is the one that does not come.
            Change::Operator => Some(Clock::instant() + pace.frame),
            _ => None,
        };
        [frame, self.speed.until()].into_iter().flatten().fold(self.tick, Instant::min)
    }

    /// What a message says about the terminal itself.
    fn notice(&mut self, message: &Message, core: &mut Core) -> std::io::Result<()> {
        match message {
            Message::Shown { line, column } => {
                self.speed.answered(Clock::instant());
                let wide = terminal::ambiguous_is_wide(*line, *column);
                if let Some(wide) = wide.filter(|_| std::mem::take(&mut self.measuring))
                    && wide != core.ui.ambiguous_is_wide()
                {
                    // What was drawn until now stands in other columns than it should.
                    core.ui.set_ambiguous(wide);
                    self.screen.clear()?;
                    self.owe(Change::Operator);
                }
            }
            // Also when somebody else stopped the process: the shell has used the terminal since.
            Message::Continued => {
                terminal::take_again(self.edges.measures_width)?;
                self.measuring = self.edges.measures_width;
                self.stopped = false;
                self.speed = LineSpeed::default();
                self.speed.sent(Clock::instant(), QUESTION.len(), true);
                self.titled.clear();
                self.screen.clear()?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives the terminal back and stops the process.
    async fn suspend(&mut self, doors: &mut Doors, whole_job: bool) {
        self.settle(doors).await;
        terminal::restore();
        self.stopped = true;
        let stopped = if whole_job {
            // As the terminal's driver would: a script that started this program is stopped with it.
            rustix::process::kill_current_process_group(Signal::STOP)
        } else {
            rustix::process::kill_process(rustix::process::getpid(), Signal::STOP)
        };
        if let Err(error) = stopped {
            tracing::error!(%error, "the process could not be stopped");
        }
    }

    /// Waits for the answers that are on their way: they would be typed into the shell. On a slow line they come
    /// right before the last bytes of this program, so nobody waits longer for them.
    async fn settle(&mut self, doors: &mut Doors) {
        let patience = Clock::instant() + SETTLE;
        while self.speed.awaits() {
            match tokio::time::timeout_at(patience, doors.keys.recv()).await {
                Ok(Some(Message::Shown { .. })) => self.speed.answered(Clock::instant()),
                Ok(Some(Message::TerminalGone) | None) | Err(_) => return,
                Ok(Some(_)) => {}
            }
        }
    }
}

/// Runs until the program is to end.
///
/// # Panics
/// After [`Pace::panic_after`].
pub async fn run(
    core: &mut Core,
    screen: &mut Screen,
    doors: &mut Doors,
    clock: &Clock,
    edges: &Edges,
    pace: Pace,
) -> std::io::Result<Ended> {
    let now = Clock::instant();
    let panics_at = pace.panic_after.map(|after| now + after);
    let mut line = Line {
        clock,
        writer: Arc::clone(writer::line()),
        speed: LineSpeed::default(),
        owed: Change::Operator,
        since: now,
        drawn: now,
        tick: now + TICK,
        titled: String::new(),
        stopped: false,
        edges,
        measuring: edges.measures_width,
        screen,
    };
    // The terminal was asked when it was taken.
    line.speed.sent(now, QUESTION.len(), true);
    let mut slices = Slices::default();
    loop {
        if line.writer.broken() {
            return Ok(Ended::TerminalGone);
        }
        line.draw(core, pace)?;
        let until = panics_at.map_or(line.until(pace), |at| line.until(pace).min(at));
        assert!(
            panics_at.is_none_or(|at| Clock::instant() < at),
            "this panic was asked for by --panic-after"
        );
        let first = tokio::select! {
            biased;
            message = doors.recv() => match message {
                Some(message) => Some(message),
                None => return Ok(Ended::Quit),
            },
            () = std::future::ready(()), if slices.left() => None,
            () = line.writer.idle(), if line.writer.busy() => None,
            () = tokio::time::sleep_until(until) => None,
        };
        // Whatever else waits belongs to the same frame.
        let watch = Clock::stopwatch();
        let mut next = first;
        for _ in 0..BATCH {
            let Some(message) = next else { break };
            if let Some(ended) = take_in(message, core, &mut line, doors).await? {
                return Ok(ended);
            }
            next = if watch() < BATCH_TIME { doors.try_recv() } else { None };
        }
        let (changed, effects) = slices.run(core);
        line.owe(changed);
        for effect in effects {
            perform(effect, core, &mut line);
        }
        if Clock::instant() >= line.tick {
            line.tick = Clock::instant() + TICK;
            line.owe(core.handle(Message::Event(Event::Tick), clock.now()).0);
        }
    }
}

/// Takes a message in and does what it asks for; says how the program ended where it did.
async fn take_in(
    message: Message,
    core: &mut Core,
    line: &mut Line<'_>,
    doors: &mut Doors,
) -> std::io::Result<Option<Ended>> {
    let gone = message == Message::TerminalGone;
    let by_signal = matches!(message, Message::Stop | Message::Terminate(_));
    line.notice(&message, core)?;
    if matches!(message, Message::Event(_)) {
        line.tick = Clock::instant() + TICK; // it brings the time along, as a tick would; a key does not
    }
    let (changed, effects) = core.handle(message, line.clock.now());
    line.owe(changed);
    for effect in effects {
        match effect {
            Effect::Quit if gone => return Ok(Some(Ended::TerminalGone)),
            Effect::Quit => {
                line.settle(doors).await;
                return Ok(Some(Ended::Quit));
            }
            Effect::Suspend => line.suspend(doors, !by_signal).await,
            effect => perform(effect, core, line),
        }
    }
    Ok(None)
}

/// Draws a frame, and sets the terminal's title where it takes one and that is another one than `titled`.
fn draw(core: &mut Core, screen: &mut Screen, titled: Option<&mut String>) -> std::io::Result<()> {
    let Core { state, ui, .. } = core;
    if let Some(titled) = titled {
        let title = ui.title(state);
        if title != *titled {
            screen.backend_mut().queue(terminal::title(&title).as_bytes());
            *titled = title;
        }
    }
    screen.draw(|frame| ui.draw(state, frame)).map(|_| ())
}

fn perform(effect: Effect, core: &mut Core, line: &mut Line<'_>) {
    let (edges, now) = (line.edges, line.clock.now());
    let say = |core: &mut Core, text: String| {
        core.handle(Message::Event(Event::Notice(text)), now);
    };
    match effect {
        Effect::Quit | Effect::Suspend => {}
        Effect::PollNow(environment) => {
            if let Some(nudges) = edges.nudges.get(environment) {
                nudges.all();
            }
            say(core, "polling every source now".into());
        }
        Effect::Focus(environment) => {
            edges.focus.send_replace(environment);
        }
        Effect::Login(environment) => {
            edges.logins.get(environment).inspect(|hand| hand.begin());
        }
        Effect::CancelLogin(environment) => {
            edges.logins.get(environment).inspect(|hand| hand.cancel());
        }
        Effect::Copy(text) => {
            let most = clipboard::most(line.speed.bytes_per_s());
            if text.len() > most {
                if let Err(why) = keep(What::Copy(text, most), edges, now) {
                    say(core, why);
                }
                return;
            }
            let through = edges.terminal.multiplexer;
            line.screen.backend_mut().queue(clipboard::sequence(&text, through).as_bytes());
            say(core, clipboard::notice(text.chars().count(), through));
        }
        Effect::Export { name, text, lines, cut } => {
            let file = File { name, text, lines, cut };
            if edges.files.try_send(file).is_err() {
                say(core, "not written: another file is being written".into());
            }
        }
        Effect::SaveScreen => match line.screen.size() {
            Ok(size) => {
                let saved = core.ui.saved(&core.state, (size.width, size.height));
                if let Err(why) = keep(What::Screen(saved), edges, now) {
                    say(core, why);
                }
            }
            Err(error) => say(core, format!("not saved: {error}")),
        },
        Effect::Theme(name) => match (edges.theme)(&name) {
            Ok(theme) => core.ui.set_theme(&theme),
            Err(why) => say(core, why),
        },
        effect => {
            if let Some((environment, command)) = command(effect) {
                let given = match edges.hands.get(environment) {
                    Some(Some(hand)) => hand.give(command),
                    _ => Err("nothing in this console applies changes: not done".to_owned()),
                };
                if let Err(why) = given {
                    say(core, why);
                }
            }
        }
    }
}

/// Hands something over to be written, unless too much waits already.
fn keep(what: What, edges: &Edges, now: DateTime<Utc>) -> Result<(), String> {
    let full = |_| "not saved: what was to be saved before is not written yet".to_owned();
    edges.keep.try_send((what, now)).map_err(full)
}

/// What the conductor of which environment is to do.
fn command(effect: Effect) -> Option<(EnvironmentIndex, ChangeCommand)> {
    Some(match effect {
        Effect::Approve { environment, recommendation, plan } => {
            (environment, ChangeCommand::Approve { recommendation, plan })
        }
        Effect::Reject { environment, recommendation, reason } => {
            (environment, ChangeCommand::Reject { recommendation, reason })
        }
        Effect::Snooze { environment, recommendation, minutes } => {
            (environment, ChangeCommand::Snooze { recommendation, minutes })
        }
        Effect::Arm(environment) => (environment, ChangeCommand::Arm),
        Effect::Disarm(environment) => (environment, ChangeCommand::Disarm),
        Effect::Veto(environment) => (environment, ChangeCommand::Veto),
        Effect::CancelChange(environment) => (environment, ChangeCommand::CancelChange),
        Effect::RollBack { environment, change } => (environment, ChangeCommand::RollBack { change }),
        Effect::FreezeChanges { environment, freeze } => (environment, ChangeCommand::Freeze { freeze }),
        Effect::Quit
        | Effect::Suspend
        | Effect::PollNow(_)
        | Effect::Focus(_)
        | Effect::Login(_)
        | Effect::CancelLogin(_)
        | Effect::Copy(_)
        | Effect::Export { .. }
        | Effect::SaveScreen
        | Effect::Theme(_) => {
            return None;
        }
    })
}
