//! Keys and signals become messages. A thread of its own reads the terminal, so that nothing else ever delays
//! a key; signals come through tokio.

use std::io;
use std::time::Duration;

use crokey::KeyCombination;
use crossterm::event::{Event as Terminal, KeyEventKind};
use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Sender;

use super::inbox::Message;

/// Starts the thread that reads the terminal. It ends with the process: it may be blocked in a read.
pub fn read_terminal(inbox: Sender<Message>) -> io::Result<()> {
    std::thread::Builder::new().name("input".into()).spawn(move || {
        while let Some(messages) = wait() {
            for message in messages {
                if inbox.blocking_send(message).is_err() {
                    return;
                }
            }
        }
        let _ = inbox.blocking_send(Message::TerminalGone);
    })?;
    Ok(())
}

/// Waits for the terminal and reads what it has; `None` when it is gone. The wait is our own, because
/// crossterm's never returns from a terminal that was closed.
fn wait() -> Option<Vec<Message>> {
    let mut fds = [PollFd::from_borrowed_fd(rustix::stdio::stdin(), PollFlags::IN)];
    match poll(&mut fds, None) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Some(Vec::new()),
        Err(_) => return None,
    }
    if fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return None;
    }
    let mut messages = Vec::new();
    while crossterm::event::poll(Duration::ZERO).ok()? {
        match crossterm::event::read().ok()? {
            Terminal::Key(key) if key.kind != KeyEventKind::Release => {
                messages.push(Message::Key(KeyCombination::from(key).normalized()));
            }
            Terminal::Paste(text) => messages.push(Message::Paste(text)),
            Terminal::Resize(..) => messages.push(Message::Resize),
            _ => {}
        }
    }
    Some(messages)
}

/// The signals that end the program or tell of another size, caught.
pub struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
    resized: Signal,
}

impl Signals {
    /// From now on none of them ends the process by itself: to be called before the terminal is taken, which
    /// would else be left as it is. Needs a runtime around it.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            resized: signal(SignalKind::window_change())?,
        })
    }

    /// Turns them into messages until the inbox is closed; those that came before too.
    pub async fn watch(mut self, inbox: Sender<Message>) {
        loop {
            let message = tokio::select! {
                _ = self.terminate.recv() => Message::Terminate("SIGTERM"),
                _ = self.hangup.recv() => Message::Terminate("SIGHUP"),
                _ = self.interrupt.recv() => Message::Terminate("SIGINT"),
                _ = self.resized.recv() => Message::Resize,
            };
            if inbox.send(message).await.is_err() {
                return;
            }
        }
    }
}
