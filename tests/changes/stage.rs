//! An environment in the endpoint, a home of its own, and the binary on both.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use miharu::clock::Clock;
use serde_json::{Value, json};

use crate::support::peer::{Call, Peer};
use crate::support::sources::KEY;
use crate::support::world::World;

/// Liveness deadline: ten times what a slow machine needs.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Short waits, so that a lost outcome is settled within seconds; the order of magnitude between them is kept.
const PACE: &[(&str, &str)] = &[
    ("APPLY__POLL", "1s"),
    ("APPLY__ANSWER", "2s"),
    ("APPLY__SETTLE", "5s"),
    ("APPLY__SECOND_LOOK", "1s"),
    ("APPLY__BACK_OFF", "1s"),
    ("APPLY__LEASE", "4s"),
    ("PROBE__ENABLED", "false"),
];

/// The stage.
pub struct Stage {
    pub peer: &'static Peer,
    pub world: World,
    pub home: tempfile::TempDir,
    /// Variables beside those of an existing deployment.
    pub more: Vec<(String, String)>,
}

/// How a command ended.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ended {
    /// Standard output as JSON lines.
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect()
    }

    /// The last line.
    pub fn last(&self) -> Value {
        self.lines().pop().expect("a last line")
    }

    /// Asserts the exit code, with everything that was said.
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

impl Stage {
    /// An environment in a region that no other test of this file has.
    pub fn new(region: &str, options: &[&str]) -> Self {
        Self::bare(region, options).quick()
    }

    /// One in each of several regions.
    pub fn each(regions: &[&str], options: &[&str]) -> Vec<Self> {
        let peer = Peer::shared();
        let worlds = World::create_in(peer, regions, options);
        assert_eq!(worlds.len(), regions.len());
        worlds.into_iter().map(|world| Self::of(peer, world).quick()).collect()
    }

    fn quick(mut self) -> Self {
        for (key, value) in PACE {
            self.set(key, value);
        }
        self
    }

    fn of(peer: &'static Peer, world: World) -> Self {
        Self { peer, world, home: tempfile::tempdir().unwrap(), more: Vec::new() }
    }

    /// The same with nothing configured but what an existing deployment has.
    pub fn bare(region: &str, options: &[&str]) -> Self {
        let peer = Peer::shared();
        Self::of(peer, World::create(peer, region, options))
    }

    /// Sets a setting of the environment.
    pub fn set(&mut self, key: &str, value: &str) {
        let name = format!("MIHARU_ENVIRONMENT__DEFAULT__{key}");
        self.more.retain(|(k, _)| *k != name);
        self.more.push((name, value.to_owned()));
    }

    /// Waits long for answers.
    pub fn patient(&mut self) {
        for (key, value) in [("APPLY__ANSWER", "60s"), ("APPLY__SETTLE", "60s"), ("APPLY__LEASE", "120s")] {
            self.set(key, value);
        }
    }

    /// The recommendation for the world's last zone.
    pub fn add(&self) -> String {
        format!("add-mount-target:{}", self.world.subnets.last().expect("a subnet").zone)
    }

    /// The variables of an existing deployment, and those of this stage.
    pub fn variables(&self) -> Vec<(String, String)> {
        let url = self.peer.url();
        let home = self.home.path().to_str().unwrap();
        let world = &self.world;
        let mut variables: Vec<(String, String)> = [
            ("EFS_FILE_SYSTEM_ID", world.file_system.as_str()),
            ("ECS_CLUSTER_NAME", &world.cluster),
            ("ECS_SERVICE_NAME", &world.service),
            ("SSM_PARAMETER_NAME", &world.parameter),
            ("AWS_REGION", &world.region),
            ("AWS_ENDPOINT_URL", &url),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("USER", "mio"),
            ("HOME", home),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .to_vec();
        variables.extend(self.more.iter().cloned());
        variables
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_miharu"));
        command.args(args).env_clear().envs(self.variables()).stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.start(args).ends()
    }

    /// Starts it.
    pub fn start(&self, args: &[&str]) -> Running {
        let mut child = self
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (sender, lines) = sync_channel(10_000);
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines() {
                if line.is_err() || sender.send(line.unwrap()).is_err() {
                    return;
                }
            }
        });
        let err = Arc::new(Mutex::new(String::new()));
        let (sink, errors) = (Arc::clone(&err), BufReader::new(child.stderr.take().unwrap()));
        let reader = std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                sink.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        Running { child, lines, seen: Vec::new(), err, reader: Some(reader) }
    }

    /// Every call of this binary that changes something, oldest first.
    pub fn writes(&self) -> Vec<Call> {
        let writes = |c: &Call| {
            c.key.as_deref() == Some(KEY)
                && !["Describe", "List", "Get", "Filter"].iter().any(|read| c.operation.starts_with(read))
        };
        self.peer.calls(&self.world.region).into_iter().filter(writes).collect()
    }

    /// Operations of the writes that took effect.
    pub fn effects(&self) -> Vec<String> {
        let took = |c: &Call| c.status.as_deref().is_some_and(|s| s.contains("200") || s.contains("201"));
        self.writes().into_iter().filter(took).map(|c| c.operation).collect()
    }

    /// The whole journal.
    pub fn history(&self) -> Vec<Value> {
        self.run(&["history", "--json"]).with(0).lines()
    }

    /// Everything as it is.
    pub fn snapshot(&self) -> Value {
        serde_json::from_str(&self.run(&["snapshot", "--json"]).with(0).out).unwrap()
    }

    /// What is recommended, and the exit code.
    pub fn recommended(&self) -> (i32, Vec<Value>) {
        let ended = self.run(&["recommend", "--json"]);
        let all: Value = serde_json::from_str(&ended.out).unwrap_or_else(|e| panic!("{e}: {}", ended.err));
        (ended.code, all["recommendations"].as_array().unwrap().clone())
    }

    /// Ids of what is recommended and can be done, cost and sizing advice left out.
    pub fn due(&self) -> Vec<String> {
        let (_, all) = self.recommended();
        let due = all.iter().filter(|r| r["severity"] != json!("low") && !r["change"].is_null());
        due.map(|r| r["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Sets the faults of this region.
    pub fn faults(&self, faults: &Value) {
        self.peer.faults(&self.world.region, faults);
    }

    /// Asserts that the world is as the change was to leave it: one new target in the free zone, the list with the
    /// old entries first, a restarted service, and each of it done once.
    pub fn is_as_wanted(&self) {
        let zone = self.world.subnets.last().unwrap().zone.clone();
        let s = self.snapshot();
        let targets = s["mount_targets"].as_array().unwrap();
        let old = self.world.mount_targets.len();
        assert_eq!(targets.len(), old + 1, "{targets:?}");
        let new: Vec<&Value> = targets.iter().filter(|t| t["availability_zone"] == json!(zone)).collect();
        assert_eq!(new.len(), 1, "{targets:?}");
        let list = s["published"]["mount_targets"].as_array().unwrap();
        let ids: Vec<&str> = list.iter().map(|e| e["mount_target_id"].as_str().unwrap()).collect();
        let mut wanted: Vec<&str> =
            self.world.mount_targets.iter().map(|t| t.mount_target_id.as_str()).collect();
        wanted.push(new[0]["mount_target_id"].as_str().unwrap());
        assert_eq!(ids, wanted, "the old entries first, in their order");
        assert_eq!(s["drift"], json!([]));
        assert_eq!(s["service"]["steady"], json!(true));
        let mut effects = self.effects();
        effects.sort();
        assert_eq!(effects, ["CreateMountTarget", "PutParameter", "UpdateService"], "each of it once");
    }
}

/// Waits until a call of this operation has reached the endpoint.
pub fn arrives(stage: &Stage, operation: &str) {
    let waited = Clock::stopwatch();
    while !stage.writes().iter().any(|c| c.operation == operation) {
        assert!(waited() < PATIENCE, "{operation} never arrived");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A command that runs. It ends when dropped.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    err: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    /// Waits for a JSON line.
    pub fn until(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let waited = Clock::stopwatch();
        loop {
            assert!(waited() < PATIENCE, "{what}: never; so far\n{}", self.seen.join("\n"));
            match self.lines.recv_timeout(Duration::from_millis(200)) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    let value: Value = serde_json::from_str(&line).expect("a JSON line");
                    if wanted(&value) {
                        return value;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{what}: it ended before; so far\n{}", self.seen.join("\n"))
                }
            }
        }
    }

    /// Waits for an entry about a step (0: about the change).
    pub fn until_entry(&mut self, event: &str, step: u64) -> Value {
        let step = if step == 0 { Value::Null } else { json!(step) };
        self.until(event, |line| line["event"] == json!(event) && line["step"] == step)
    }

    /// Waits until this was said on standard error.
    pub fn until_error(&self, words: &str) {
        let waited = Clock::stopwatch();
        while !self.err.lock().unwrap().contains(words) {
            assert!(waited() < PATIENCE, "{words}: never said");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Ends it without a goodbye.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the end.
    pub fn ends(mut self) -> Ended {
        let waited = Clock::stopwatch();
        let status: ExitStatus = loop {
            while let Ok(line) = self.lines.try_recv() {
                self.seen.push(line);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(waited() < PATIENCE, "it does not end; so far\n{}", self.seen.join("\n"));
            std::thread::sleep(Duration::from_millis(10));
        };
        while let Ok(line) = self.lines.recv() {
            self.seen.push(line);
        }
        self.reader.take().unwrap().join().unwrap();
        let err = self.err.lock().unwrap().clone();
        let out = self.seen.join("\n");
        Ended { code: status.code().unwrap_or(-1), out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
