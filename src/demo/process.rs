//! A child process, tied to this one, with a thread that takes its lines and notices its end.

use std::io::{self, BufRead as _, BufReader, PipeReader, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::clock::Clock;

/// This program, also when its file was replaced meanwhile.
const MYSELF: &str = "/proc/self/exe";
/// Between two looks whether a process has ended that says nothing any more.
const LOOK: Duration = Duration::from_millis(10);
/// A process that has closed its output and does not end is ended after this time.
const SILENT: Duration = Duration::from_secs(5);
/// A thread that waits for lines needs little.
const STACK: usize = 256 * 1024;

/// This program with `arguments`, without anything of the user's environment and settings. `home` has no settings.
/// `shown` is what lists of processes call it.
pub(super) fn myself(home: &Path, shown: &str, arguments: &[String]) -> Command {
    let mut command = Command::new(MYSELF);
    command.arg0(shown).args(arguments).env_clear().env("XDG_CONFIG_HOME", home).current_dir(home);
    // No key of the terminal is for it.
    command.process_group(0);
    command
}

/// See the module.
#[derive(Debug)]
pub(super) struct Process {
    child: Mutex<Child>,
    input: Mutex<Option<ChildStdin>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Process {
    /// Starts `command`. `line` gets each line that it writes, `ended` its exit code: that of the process, or 128
    /// and the number of the signal that ended it.
    ///
    /// # Errors
    /// The system gives no process, pipe or thread.
    pub(super) fn start(
        mut command: Command,
        line: impl FnMut(&str) + Send + 'static,
        ended: impl FnOnce(i32) + Send + 'static,
    ) -> io::Result<Arc<Self>> {
        let (reader, writer) = io::pipe()?;
        command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn()?;
        // It has the other end of the pipe, which would keep it open.
        drop(command);
        let input = Mutex::new(child.stdin.take());
        let process = Arc::new(Self { child: Mutex::new(child), input });
        let watched = Arc::clone(&process);
        let watch = std::thread::Builder::new().name("demo process".into()).stack_size(STACK);
        let thread = watch.spawn(move || {
            lines(reader, line);
            ended(watched.wait());
        });
        if let Err(error) = thread {
            process.kill();
            return Err(error);
        }
        Ok(process)
    }

    fn wait(&self) -> i32 {
        let passed = Clock::stopwatch();
        loop {
            // Held for a moment only: a signal is never sent to a number that another process has by now.
            match locked(&self.child).try_wait() {
                Ok(Some(status)) => return code(status),
                Ok(None) => {}
                Err(_) => return -1,
            }
            if passed() > SILENT {
                self.kill();
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Says a line to it; `false` if it does not listen any more.
    pub(super) fn say(&self, line: &str) -> bool {
        let mut input = locked(&self.input);
        input.as_mut().is_some_and(|input| writeln!(input, "{line}").and_then(|()| input.flush()).is_ok())
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        let mut child = locked(&self.child);
        if matches!(child.try_wait(), Ok(None)) {
            // One that ends in this moment needs no signal.
            let _ = kill_process(Pid::from_child(&child), Signal::TERM);
        }
    }

    /// Ends it.
    pub(super) fn kill(&self) {
        // One that has ended needs no signal.
        let _ = locked(&self.child).kill();
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        !matches!(locked(&self.child).try_wait(), Ok(None))
    }
}

fn lines(reader: PipeReader, mut line: impl FnMut(&str)) {
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|n| n > 0) {
        line(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']));
        bytes.clear();
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    fn shell(script: &str) -> (Arc<Process>, std::sync::mpsc::Receiver<String>) {
        let (sender, said) = sync_channel(16);
        let ended = sender.clone();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let line = move |text: &str| sender.send(text.to_owned()).unwrap();
        let process = Process::start(command, line, move |code| ended.send(format!("ended {code}")).unwrap());
        (process.unwrap(), said)
    }

    fn next(said: &std::sync::mpsc::Receiver<String>) -> String {
        said.recv_timeout(Duration::from_secs(30)).unwrap()
    }

    #[test]
    fn it_says_what_the_process_wrote_and_how_it_ended() {
        let (process, said) = shell("echo out; read line; echo $line >&2; exit 3");
        assert_eq!(next(&said), "out");
        assert!(process.say("heard"));
        assert_eq!((next(&said), next(&said)), ("heard".into(), "ended 3".into()));
        assert!(process.has_ended());
        process.kill();
        process.terminate();
    }

    #[test]
    fn a_signal_is_128_and_its_number() {
        for (end, code) in [(Process::kill as fn(&Process), 137), (Process::terminate, 143)] {
            let (process, said) = shell("echo up; exec sleep 1000");
            assert_eq!(next(&said), "up");
            end(&process);
            assert_eq!(next(&said), format!("ended {code}"));
        }
    }
}
