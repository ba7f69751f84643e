//! The name under which a process holds the lease, and whether the process of such a name is gone.

use std::hash::{DefaultHasher, Hash, Hasher};

use rustix::process::{Pid, test_kill_process};

/// Whether a process of this machine is alive; asked with its process id.
pub type Alive = fn(u32) -> bool;

/// A name for this process that no other has: `user@host:pid:place:random`. The place is this start of this
/// machine and this process's space of process ids: hosts may share a name, and containers a host. Where the
/// machine does not tell it, it is left out, and nobody takes a lease of this name over before its time.
pub fn holder(name: &str) -> String {
    let (pid, random) = (std::process::id(), rand::random::<u32>());
    match place() {
        Some(place) => format!("{name}:{pid}:{place:016x}:{random:08x}"),
        None => format!("{name}:{pid}:{random:08x}"),
    }
}

fn place() -> Option<u64> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    // The keys of this hasher are always the same, so two processes of one build agree.
    let mut hasher = DefaultHasher::new();
    (boot.trim(), space).hash(&mut hasher);
    Some(hasher.finish())
}

/// Whether there is a process with this id. One that may not be asked is there.
pub fn alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_none_or(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

/// Whether `holder` was a process of the same user at the same place as `own`, and is no more: then it will not
/// go on, and its lease need not be waited for. Anything in doubt is alive.
pub(super) fn is_gone(holder: &str, own: &str, alive: Alive) -> bool {
    match (parts(holder), parts(own)) {
        (Some((name, pid, place)), Some((own_name, own_pid, own_place))) => {
            name == own_name && place == own_place && pid != own_pid && !alive(pid)
        }
        _ => false,
    }
}

/// Name, process id and place.
fn parts(holder: &str) -> Option<(&str, u32, &str)> {
    let mut parts = holder.rsplitn(4, ':');
    let (random, place, pid) = (parts.next()?, parts.next()?, parts.next()?);
    let name = parts.next().filter(|name| name.contains('@'))?;
    let told = !place.is_empty() && !random.is_empty();
    told.then_some((name, pid.parse().ok()?, place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "mio@bastion:7:00000000000000aa:0badcafe";

    #[test]
    fn only_a_dead_process_of_the_same_user_at_the_same_place_is_gone() {
        let dead: Alive = |_| false;
        let living: Alive = |_| true;
        let old = "mio@bastion:6:00000000000000aa:12345678";
        assert!(is_gone(old, OWN, dead));
        assert!(!is_gone(old, OWN, living), "it is alive");
        assert!(is_gone("a:b@bastion:6:aa:1", "a:b@bastion:7:aa:2", dead), "names may hold colons");
        for other in [
            "mio@bastion:6:00000000000000bb:12345678", // another start of the machine, another container
            "eri@bastion:6:00000000000000aa:12345678",
            "mio@other:6:00000000000000aa:12345678",
            "mio@bastion:6:12345678",                  // it did not know its place
            "mio@bastion:7:00000000000000aa:12345678", // this very process, of which another thread may hold it
            "mio@bastion:x:00000000000000aa:12345678",
            "mio@bastion:6::12345678",
            "a",
            "",
        ] {
            assert!(!is_gone(other, OWN, dead), "{other}");
        }
        assert!(!is_gone("mio@bastion:6:1", "mio@bastion:7:2", dead), "without a place nobody can tell");
    }

    #[test]
    fn this_process_is_alive_and_one_that_has_ended_is_not() {
        assert!(alive(std::process::id()));
        assert!(alive(0) && alive(u32::MAX), "what is no process id is in doubt");
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        assert!(!alive(pid));
        let (one, two) = (holder("mio@bastion"), holder("mio@bastion"));
        assert_ne!(one, two);
        assert_eq!(parts(&one).unwrap().2, parts(&two).unwrap().2);
    }
}
