//! The powers that a confined worker still has, found by attempts; for people and tests.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};

use super::confine;
use super::wire::Confined;
use crate::agent::{Agent, Engine, SHIPPED};
use crate::episode;
use crate::policy::Policy;

/// Result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeResults {
    /// Description of the attempt.
    pub what: &'static str,
    /// Reason of the failure, or `None` if the attempt succeeded.
    pub refused: Option<String>,
}

/// Confines this process as a worker. Then attempts everything that a worker must not be able to do, and everything
/// that it must.
///
/// # Errors
///
/// Returns the reason for which no engine could be made, or the process could not be confined further.
pub fn probe(policy: &Policy, scratch: &Path) -> Result<(Confined, Vec<ProbeResults>), String> {
    let supervisor = std::os::unix::process::parent_id();
    let needs = confine::Needs::of(policy, &[]);
    let confined = confine::before_the_agent(&needs, scratch, 3600, confine::alone());
    let engine = Engine::new(episode::memory(policy), 1).map_err(|error| format!("{error:#}"))?;
    let known = ProbeContext { engine, supervisor, scratch: scratch.to_owned() };
    let attempt = |what, attempt: Attempt| ProbeResults { what, refused: attempt(&known).err() };
    let before = ALLOWED_BEFORE.map(|(what, work)| attempt(what, work));
    confine::with_the_agent(&needs, &confined)?;
    let after = FORBIDDEN.iter().chain(FILES).map(|(what, work)| attempt(what, *work));
    Ok((confined, before.into_iter().chain(after).collect()))
}

/// Facts gathered before the process is confined.
struct ProbeContext {
    engine: Engine,
    supervisor: u32,
    scratch: PathBuf,
}

type Attempt = fn(&ProbeContext) -> Result<(), String>;

/// Actions that a worker must be capable of until the agent is compiled. From then on they are among [`FORBIDDEN`].
const ALLOWED_BEFORE: [(&str, Attempt); 3] = [
    ("before the agent, compile", compile),
    ("before the agent, make executable pages", make_code),
    ("before the agent, start a thread", start_thread),
];

const FORBIDDEN: &[(&str, Attempt)] = &[
    ("read /etc/passwd", |_| said(File::open("/etc/passwd"))),
    ("list /", |_| said(std::fs::read_dir("/"))),
    ("write outside", |_| said(File::create("/var/tmp/dayfly-outside"))),
    ("read the supervisor's memory map", |known| said(File::open(format!("/proc/{}/maps", known.supervisor)))),
    ("write to its own memory as to a file", |_| said(File::options().write(true).open("/proc/self/mem"))),
    ("be somewhere else", |_| said(std::env::set_current_dir("/"))),
    ("have another root", |known| said(std::os::unix::fs::chroot(&known.scratch))),
    ("make a bare socket", |_| said(UnixDatagram::unbound())),
    ("make a pair of sockets", |_| said(UnixDatagram::pair())),
    ("listen on TCP", |_| said(std::net::TcpListener::bind("127.0.0.1:0"))),
    ("make a UDP socket", |_| said(std::net::UdpSocket::bind("127.0.0.1:0"))),
    ("make a pipe", |_| said(std::io::pipe())),
    ("start a process", |_| said(Command::new("/bin/true").spawn())),
    ("become another program", |_| {
        Err(std::os::unix::process::CommandExt::exec(&mut Command::new("/bin/true")).to_string())
    }),
    ("start a thread", start_thread),
    ("signal the supervisor", |known| signal(known.supervisor)),
    ("signal itself from outside", |_| signal(std::process::id())),
    ("outlive the supervisor", |_| said(prctl::set_pdeathsig(None))),
    ("be dumped", |_| said(prctl::set_dumpable(true))),
    ("leave the session", |_| said(nix::unistd::setsid())),
    ("raise a limit", |_| said(setrlimit(Resource::RLIMIT_DATA, u64::MAX, u64::MAX))),
    ("raise no limit", |_| said(setrlimit(Resource::RLIMIT_CORE, 0, 0))),
    ("take 64 GiB", |_| said(Vec::<u8>::new().try_reserve_exact(64 << 30))),
    ("make executable pages", make_code),
    ("compile once more", compile),
];

/// Actions that a grant of a workspace allows, and actions that even that grant does not allow.
const FILES: &[(&str, Attempt)] = &[
    ("write to the scratch folder", |known| {
        let own = known.scratch.join("own");
        said(File::create(&own).and_then(|mut file| file.write_all(b"kept")))
    }),
    ("ask how large a file outside is", |_| said(std::fs::metadata("/etc/passwd"))),
    // These two reveal no more than a size and a name, or the worker's own answers: see SECURITY.md.
    ("hold a file outside without opening it", |_| {
        use std::os::unix::fs::OpenOptionsExt as _;
        said(File::options().read(true).custom_flags(libc::O_PATH).open("/etc/passwd"))
    }),
    ("open the pipe of its own answers again", |_| said(File::open("/proc/self/fd/1"))),
    ("make a link to the outside", |known| said(symlink("/etc/passwd", known.scratch.join("link")))),
    ("give a file a second name", |known| {
        said(std::fs::hard_link(known.scratch.join("own"), known.scratch.join("two")))
    }),
    ("rename a file", |known| said(std::fs::rename(known.scratch.join("own"), known.scratch.join("two")))),
    ("let others read a file", |known| {
        said(std::fs::set_permissions(known.scratch.join("own"), std::fs::Permissions::from_mode(0o666)))
    }),
    ("remove from the scratch folder", |known| said(std::fs::remove_file(known.scratch.join("own")))),
];

fn start_thread(_: &ProbeContext) -> Result<(), String> {
    said(std::thread::Builder::new().spawn(|| ()))
}

fn signal(process: u32) -> Result<(), String> {
    let process = i32::try_from(process).map_err(|error| error.to_string())?;
    said(nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), None))
}

fn make_code(known: &ProbeContext) -> Result<(), String> {
    known.engine.make_code().map_err(|error| format!("{error:#}"))
}

fn said<T, E: std::fmt::Display>(done: Result<T, E>) -> Result<(), String> {
    done.map(|_| ()).map_err(|error| error.to_string())
}

fn compile(known: &ProbeContext) -> Result<(), String> {
    let Some(agent) = SHIPPED.first() else { return Err("there is no agent".to_owned()) };
    said(Agent::load(agent.name, agent.bytes, &known.engine))
}
