//! The console on an environment whose directory hangs.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::DEADLINE;
use super::fuse::mounted;
use super::simulated::Gate;
use super::slow::Slow;
use super::terminal::Terminal;

/// Processes that count a directory for another.
fn counting(directory: &Path) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let lines = processes.filter_map(|p| std::fs::read(p.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).into_owned());
    let directory = directory.file_name().unwrap().to_str().unwrap().to_owned();
    lines.filter(|line| line.contains("count-apart") && line.contains(&directory)).collect()
}

fn console_lives_and_quits(by_link: bool) {
    let (at, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let gate = Arc::new(Gate::default());
    let held = Arc::clone(&gate);
    let hook = Box::new(move |_| held.pass());
    let Some(session) = mounted(Slow { hook, ..Slow::new(20, 3, Duration::ZERO) }, at.path()) else { return };
    let link = home.path().join("data");
    std::os::unix::fs::symlink(at.path(), &link).unwrap();
    let directory = if by_link { &link } else { at.path() };
    let config = home.path().join("config.toml");
    // Nobody listens at the endpoint: the other sources fail too, and sooner.
    let text = format!(
        "[[environment]]\nname = \"hang\"\nregion = \"ap-northeast-1\"\nendpoint_url = \"http://127.0.0.1:9\"\n\
         file_system = {{ id = \"fs-0123456789abcdef0\" }}\nprobe = {{ enabled = false }}\n\
         files = {{ directory = \"{}\", sources = [\"path\"] }}\n\
         poll = {{ files = \"2s\" }}\ndeadline = {{ files = \"2s\" }}\n",
        directory.display()
    );
    std::fs::write(&config, text).unwrap();
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let variables = [
        variable("MIHARU_CONFIG", config.to_str().unwrap()),
        variable("HOME", home.path().to_str().unwrap()),
        variable("AWS_ACCESS_KEY_ID", "AKIATEST"),
        variable("AWS_SECRET_ACCESS_KEY", "secret"),
        variable("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    let mut t = Terminal::start_with(&[], &variables, 160, 50);
    t.shows("hang");
    // In words, where the sources' failures stand; and keys work while it hangs.
    t.press("!");
    t.until("the source is said to hang", |s| s.contains("does not answer") || s.contains("does not move"));
    t.closes();
    t.press("2");
    t.shows("Files");
    t.press("7");
    t.shows("nothing was proposed, decided or done yet");
    t.press("1");
    t.shows("Attention");
    t.press("q");
    let asked = Instant::now();
    assert_eq!(t.ends().exit_code(), 0);
    assert!(asked.elapsed() < Duration::from_secs(5), "it waits for the mount: {:?}", asked.elapsed());
    t.is_restored();
    // What hangs inside the kernel goes when the kernel lets it, and nothing else is left of it.
    gate.open();
    while !counting(at.path()).is_empty() {
        assert!(asked.elapsed() < DEADLINE, "left behind: {:?}", counting(at.path()));
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(session);
}

#[test]
fn the_console_lives_and_quits_at_once_on_a_directory_that_hangs() {
    console_lives_and_quits(false);
}

#[test]
fn the_console_lives_and_quits_at_once_on_a_link_to_a_directory_that_hangs() {
    console_lives_and_quits(true);
}
