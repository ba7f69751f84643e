//! A MariaDB server of a test's own, on loopback, below a directory that vanishes with it.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Longest that the server may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);
/// The user's password; no error may show it.
pub const PASSWORD: &str = "hunter2";

/// A running server with a database `miharu` and a user `m` who may do anything in it. It ends when dropped.
pub struct MariaDb {
    child: Child,
    home: tempfile::TempDir,
    port: u16,
    arguments: Vec<String>,
}

impl MariaDb {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_with(Vec::new())
    }

    /// Starts one with more arguments.
    pub fn start_with(arguments: Vec<String>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        std::fs::create_dir(home.path().join("tmp")).unwrap();
        let mut install = Command::new("mariadb-install-db");
        install
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])
            .args(as_root());
        // Servers that share a directory for temporary tables take each other's away.
        install.arg(format!("--tmpdir={}", home.path().join("tmp").display()));
        let installed = run(&mut install);
        assert!(installed.status.success(), "mariadb-install-db: {installed:?}");
        let (child, port) = begin(home.path(), &data, &arguments);
        let server = Self { child, home, port, arguments };
        server.sql(&format!(
            "create database miharu; create user 'm'@'127.0.0.1' identified by '{PASSWORD}'; \
             grant all on miharu.* to 'm'@'127.0.0.1'"
        ));
        server
    }

    /// Where the journal is, for the user `m`.
    pub fn url(&self) -> String {
        self.url_of("m", PASSWORD, "miharu")
    }

    /// The same for others.
    pub fn url_of(&self, user: &str, password: &str, database: &str) -> String {
        format!("mysql://{user}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements as root; gives what they print.
    pub fn sql(&self, statements: &str) -> String {
        let output = self.try_sql(statements);
        assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same, where they may fail.
    pub fn try_sql(&self, statements: &str) -> Output {
        let socket = format!("--socket={}", self.home.path().join("s.sock").display());
        run(Command::new("mariadb").args(["--no-defaults", "-uroot", "-N", &socket, "-e", statements]))
    }

    /// Ends it now, without a goodbye.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Begins again with the same data on the same port.
    pub fn restart(&mut self) {
        let home = self.home.path().to_path_buf();
        self.child = serve(&home, &home.join("data"), self.port, &self.arguments);
        assert!(answers(&mut self.child, self.port), "{}", log(&home));
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // What it holds vanishes anyhow.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Another process may take the port between finding it free and using it.
fn begin(home: &Path, data: &Path, arguments: &[String]) -> (Child, u16) {
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = serve(home, data, port, arguments);
        if answers(&mut child, port) {
            return (child, port);
        }
        _ = child.kill();
        _ = child.wait();
    }
    panic!("mariadbd does not begin: {}", log(home));
}

fn serve(home: &Path, data: &Path, port: u16, arguments: &[String]) -> Child {
    let program = find("mariadbd");
    let error_log = std::fs::File::create(home.join("log")).unwrap();
    Command::new(&program)
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", home.join("s.sock").display()))
        .arg(format!("--tmpdir={}", home.join("tmp").display()))
        .arg(format!("--pid-file={}", home.join("pid").display()))
        .arg(format!("--port={port}"))
        .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-buffer-pool-size=64M"])
        .args(["--innodb-flush-log-at-trx-commit=2", "--character-set-server=latin1"])
        .args(as_root())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(error_log)
        .spawn()
        .unwrap_or_else(|e| panic!("{} does not start: {e}", program.display()))
}

fn answers(child: &mut Child, port: u16) -> bool {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return child.try_wait().unwrap().is_none();
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

fn log(home: &Path) -> String {
    std::fs::read_to_string(home.join("log")).unwrap_or_default()
}

/// mariadbd refuses to run as root unless it is told to.
fn as_root() -> Option<&'static str> {
    rustix::process::getuid().is_root().then_some("--user=root")
}

fn find(program: &str) -> PathBuf {
    let places = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"];
    let found = places.iter().map(|place| Path::new(place).join(program)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{program} is missing: tests/run.sh --install-only installs it"))
}

fn run(command: &mut Command) -> Output {
    let name = command.get_program().to_string_lossy().into_owned();
    let program = find(&name);
    let mut found = Command::new(program);
    found.args(command.get_args());
    found.output().unwrap_or_else(|e| panic!("{name}: {e}"))
}
