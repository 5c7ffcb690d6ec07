//! What a confined worker can still do: tried, for people and tests.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use super::confine;
use super::wire::Confined;
use crate::agent::{Agent, Engine, SHIPPED};
use crate::episode;
use crate::policy::Policy;

/// What became of each attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What was tried.
    pub what: &'static str,
    /// Why it failed, or nothing where it did not.
    pub refused: Option<String>,
}

/// Confine this process as a worker, and try what a worker must not be able to do, and what it must.
///
/// # Errors
///
/// Why it could not be confined as far as it can be here.
pub fn probe(policy: &Policy, scratch: &Path) -> Result<(Confined, Vec<Tried>), String> {
    let supervisor = std::os::unix::process::parent_id();
    let engine_before = |policy: &Policy| Engine::new(episode::memory(policy), 1).map_err(|error| format!("{error:#}"));
    let confined = confine::before_the_agent(policy, scratch, 3600, confine::alone());
    let known = Known { engine: engine_before(policy)?, supervisor };
    let compiled = compile(&known);
    confine::with_the_agent(policy, &confined)?;
    let mut tried = vec![Tried { what: "compile before the agent", refused: compiled.err() }];
    tried.extend(FORBIDDEN.iter().map(|(what, attempt)| Tried { what, refused: attempt(&known).err() }));
    let own = scratch.join("own");
    let kept =
        File::create(&own).and_then(|mut file| file.write_all(b"kept")).and_then(|()| std::fs::remove_file(&own));
    tried.push(Tried { what: "write to the scratch folder", refused: kept.err().map(|error| error.to_string()) });
    Ok((confined, tried))
}

/// What is known from before.
struct Known {
    engine: Engine,
    supervisor: u32,
}

type Attempt = fn(&Known) -> Result<(), String>;

const FORBIDDEN: &[(&str, Attempt)] = &[
    ("read /etc/passwd", |_| said(File::open("/etc/passwd"))),
    ("list /", |_| said(std::fs::read_dir("/"))),
    ("write outside", |_| said(File::create("/var/tmp/dayfly-outside"))),
    ("read the supervisor's memory map", |known| said(File::open(format!("/proc/{}/maps", known.supervisor)))),
    ("listen on TCP", |_| said(std::net::TcpListener::bind("127.0.0.1:0"))),
    ("make a UDP socket", |_| said(std::net::UdpSocket::bind("127.0.0.1:0"))),
    ("make a pair of sockets", |_| said(std::os::unix::net::UnixStream::pair())),
    ("make a pipe", |_| said(std::io::pipe())),
    ("start a process", |_| said(Command::new("/bin/true").spawn())),
    ("become another program", |_| {
        Err(std::os::unix::process::CommandExt::exec(&mut Command::new("/bin/true")).to_string())
    }),
    ("start a thread", |_| said(std::thread::Builder::new().spawn(|| ()))),
    ("signal the supervisor", |known| {
        let supervisor = i32::try_from(known.supervisor).map_err(|error| error.to_string())?;
        said(nix::sys::signal::kill(nix::unistd::Pid::from_raw(supervisor), None))
    }),
    ("raise a limit", |_| {
        let memory = nix::sys::resource::Resource::RLIMIT_DATA;
        said(nix::sys::resource::setrlimit(memory, u64::MAX, u64::MAX))
    }),
    ("take 64 GiB", |_| said(Vec::<u8>::new().try_reserve_exact(64 << 30))),
    ("compile once more", compile),
];

fn said<T, E: std::fmt::Display>(done: Result<T, E>) -> Result<(), String> {
    done.map(|_| ()).map_err(|error| error.to_string())
}

fn compile(known: &Known) -> Result<(), String> {
    let Some(agent) = SHIPPED.first() else { return Err("there is no agent".to_owned()) };
    said(Agent::load(agent.name, agent.bytes, &known.engine))
}
