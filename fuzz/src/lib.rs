//! What is fuzzed: each function takes any bytes, and panics where something does not hold. Ordinary tests call them, too.
//!
//! | target | what has to hold, whatever the bytes |
//! |---|---|
//! | `policy` | a policy or faults, each within the text; the effective policy loads as an equal one |
//! | `ledger` | an edited ledger is never taken for the one that was sealed |
//! | `component` | an agent or an error |
//! | `episode` | a generated agent lives to the end of its episode, twice the same, within its limits |
//! | `wire` | a message or an error; what is believed of a worker is within the policy, and is told again as it was |

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;
use dayfly::agent::{Agent, Engine, SHIPPED};
use dayfly::environment::World;
use dayfly::episode::{self, Cancel, Setting, Ticket};
use dayfly::ledger::{self, Manifest, NamedDigest, Reason, Sealed, SealedManifest, Verification, Writer};
use dayfly::policy::Policy;
use dayfly::transcript::End;
use dayfly::value::{Digest, Draws, Seed};
use dayfly::worker::{Bounds, EpisodeReport, Parcel, WorkerReply, WorkerRequest, frame};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, WorldId};

/// A policy file.
pub fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let load = |text: &str| Policy::parse("fuzz.toml", text);
    match load(text) {
        Ok(policy) => {
            let again = load(&policy.effective()).unwrap_or_else(|invalid| panic!("{invalid}"));
            assert_eq!(again, policy);
            assert_eq!(again.digest(), policy.digest());
        }
        Err(invalid) => {
            assert!(!invalid.faults.is_empty());
            for span in invalid.faults.into_iter().filter_map(|fault| fault.span) {
                assert!(invalid.file.text.get(span.clone()).is_some(), "{span:?}");
            }
        }
    }
}

/// The files of a ledger, in the order in which the bytes that edit them name them.
const FILES: [&str; 4] = ["manifest.json", "transcripts.jsonl", "leaves.bin", "checkpoints.jsonl"];

/// Edits of a ledger: in turn a byte for the file and what is done to it, two for the place, and one for what is put there.
pub fn ledger(data: &[u8]) {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("run");
    let sealed = seal(&folder);
    let before = read(&folder);
    let mut files = before.clone();
    for edit in data.chunks_exact(4).take(64) {
        let [what, high, low, byte] = [edit[0], edit[1], edit[2], edit[3]];
        let file = &mut files[usize::from(what % 4)];
        let at = usize::from(u16::from_be_bytes([high, low])).min(file.len());
        match what / 4 % 5 {
            0 if at < file.len() => file[at] = byte,
            1 => file.insert(at, byte),
            2 if at < file.len() => drop(file.remove(at)),
            3 => file.truncate(at),
            _ => file.extend_from_within(at..),
        }
    }
    for (name, bytes) in FILES.iter().zip(&files) {
        std::fs::write(folder.join(name), bytes).expect("a file");
    }
    let Ok(verification) = ledger::verify(&folder, None) else { return };
    if let Verification::Whole { head, closed } = verification {
        // Other bytes may say the same only where nothing but the last checkpoint is read for its meaning.
        assert_eq!((head.root, closed), (sealed, Reason::Completed));
        assert_eq!(files[..3], before[..3]);
    }
}

fn seal(folder: &Path) -> Digest {
    let named = |text: &str| NamedDigest { name: text.to_owned(), digest: Digest::of(text.as_bytes()) };
    let run = Manifest {
        ledger: ledger::FORMAT,
        dayfly: "0".into(),
        wasmtime: "0".into(),
        contract: "0".to_owned(),
        agent: named("agent"),
        instructions: None,
        imports: Vec::new(),
        roles: Vec::new(),
        policy: named("policy"),
        effective: "policy".to_owned(),
        tools: Vec::new(),
        environment: named("world"),
        definition: "world".to_owned(),
        task: None,
        seed: Seed(7),
        draws: Some("agent".to_owned()),
        episodes: 5,
        lineages: 1,
    };
    let manifest = SealedManifest::new(&run).expect("a manifest");
    let (digest, calls) = (manifest.digest(), Digest::of(b""));
    let mut writer = Writer::create(folder, &manifest).expect("a ledger");
    for episode in 0..5_u64 {
        let seed = Draws::named(Seed(7), "agent").episode(episode);
        let line = format!(
            r#"{{"episode":{episode},"lineage":0,"world":0,"run":"{digest}","seed":{seed},"end":"returned","closing":"returned","steps":0,"return":0.0,"performance":0.0,"fuel":1,"calls":{{"count":0,"digest":"{calls}"}}}}"#
        );
        writer.append(&Sealed::new(line.into_bytes()).expect("a line")).expect("a disk");
    }
    writer.close(Reason::Completed).expect("a disk").root
}

fn read(folder: &Path) -> Vec<Vec<u8>> {
    FILES.iter().map(|name| std::fs::read(folder.join(name)).expect("a file")).collect()
}

static SMALL: LazyLock<Arc<Policy>> = LazyLock::new(|| small("24 B"));

fn small(carry: &str) -> Arc<Policy> {
    let text = format!(
        "[episode]\nsteps = 20\nfuel = 200_000\nmemory = \"4 MiB\"\ngrace = {{ fuel = 10_000 }}\nwall = \"60s\"\n\
         [boundary]\nenvironment = \"persist\"\ncarry = \"{carry}\"\nlearn-fuel = 2_000_000\n"
    );
    let capabilities = ["episode", "workspace", "outbox", "agenda", "tools", "log", "clock", "random"];
    let grants: String = capabilities.map(|name| format!("[grants.{name}]\nmode = \"grant\"\n")).concat();
    let policy = Policy::parse("fuzz.toml", format!("{text}{grants}"));
    Arc::new(policy.unwrap_or_else(|invalid| panic!("{invalid}")))
}
static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(episode::memory(&SMALL), 1).expect("an engine"));

/// The bytes of an agent.
pub fn component(data: &[u8]) {
    match Agent::load("fuzz", data, &ENGINE) {
        Ok(agent) => assert_eq!(agent.as_ref().digest(), Digest::of(data)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

struct Contract {
    resolve: Resolve,
    world: WorldId,
    /// A core module with every import and export of the contract.
    shape: Vec<u8>,
}

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let mut resolve = Resolve::default();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let wit = [root.join("wit"), root.join("../wit")].into_iter().find(|wit| wit.join("agent.wit").exists());
    let (package, _) = resolve.push_dir(wit.expect("the contract")).expect("a package");
    let world = resolve.select_world(&[package], Some("agent")).expect("a world");
    let shape = wit_component::dummy_module(&resolve, world, ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync));
    Contract { resolve, world, shape }
});

/// Chance that an agent is made of.
pub fn episode(data: &[u8]) {
    let Some(component) = generate(data) else { return };
    // It may begin with more than it may grow to.
    let Ok(agent) = Agent::load("fuzz", &component, &ENGINE) else { return };
    let setting = Setting::new(agent, Arc::clone(&SMALL), None, Digest::of(data), Cancel::default()).expect("granted");
    let live = || {
        let lived = setting.live(ticket()).unwrap_or_else(|aborted| panic!("{}", aborted.error));
        let transcript = lived.transcript;
        assert!(transcript.body.end != End::Aborted && transcript.body.end != End::Wall);
        assert!(transcript.body.steps <= SMALL.episode.steps);
        assert!(
            transcript.body.fuel <= SMALL.episode.fuel + SMALL.episode.grace_fuel + SLACK,
            "{}",
            transcript.body.fuel
        );
        serde_json::to_string(&transcript).expect("a line")
    };
    assert_eq!(live(), live());
}

/// The fuel of the one operation that finds there is none left.
const SLACK: u64 = 1 << 20;

fn generate(data: &[u8]) -> Option<Vec<u8>> {
    let contract = &*CONTRACT;
    let config = wasm_smith::Config {
        available_imports: Some(contract.shape.clone()),
        exports: Some(contract.shape.clone()),
        max_imports: 40,
        // The one that it exports.
        max_memories: 0,
        max_memory32_bytes: 2 << 20,
        max_tables: 2,
        max_table_elements: 1000,
        max_instructions: 300,
        exceptions_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        custom_page_sizes_enabled: false,
        ..wasm_smith::Config::default()
    };
    let mut module = wasm_smith::Module::new(config, &mut Unstructured::new(data)).ok()?.to_bytes();
    embed_component_metadata(&mut module, &contract.resolve, contract.world, StringEncoding::UTF8).ok()?;
    ComponentEncoder::default().module(&module).ok()?.encode().ok()
}

fn ticket() -> Ticket {
    let selection: World = "past-self".parse().expect("an environment");
    Ticket {
        episode: 5,
        lineage: 1,
        world: 2,
        seed: Seed(3),
        lineage_seed: Seed(4),
        generation: 0,
        carry_over_of: None,
        environment: selection.made(),
        carry_over: Arc::from([1, 2, 3]),
        carry_overs: Vec::new(),
    }
}

static LEARNER: LazyLock<Setting> = LazyLock::new(|| learner("policy-gradient", Arc::clone(&SMALL)));

fn learner(name: &str, policy: Arc<Policy>) -> Setting {
    let learner = SHIPPED.iter().find(|shipped| shipped.name == name).expect("a learner");
    let agent = Agent::load("fuzz", learner.bytes, &ENGINE).expect("an agent");
    Setting::new(agent, policy, None, Digest::of(b"fuzz"), Cancel::default()).expect("granted")
}

/// What a worker, or whoever has taken its place, says: one message, and a pipe full of frames.
pub fn wire(data: &[u8]) {
    let _ = frame::message::<WorkerRequest>(data);
    if let Ok(answer) = frame::message::<WorkerReply>(data) {
        believe(answer);
    }
    let (mut pipe, mut buffer) = (data, Vec::new());
    while let Ok(answer) = frame::take::<WorkerReply>(&mut pipe, &mut buffer) {
        believe(answer);
    }
}

fn believe(answer: WorkerReply) {
    let WorkerReply::Lived { parcel, .. } = answer else { return };
    let supervisor = &LEARNER.known();
    let mut opened = ticket();
    let before = opened.environment.state();
    let bounds = Bounds::of(supervisor, opened.environment.as_ref());
    let Ok(told) = parcel.open(&bounds) else { return };
    let Ok(lived) = told.clone().believe(supervisor, &bounds, &mut opened) else {
        assert_eq!(opened.environment.state(), before);
        return;
    };
    let Ok(lived) = lived else { panic!("the world of this target does not fail") };
    assert!(u64::try_from(lived.carry_over.len()).is_ok_and(|bytes| bytes <= SMALL.boundary.carry));
    let named = &lived.transcript;
    assert_eq!((named.header.episode, named.header.lineage, named.header.world, named.header.seed), (5, 1, 2, Seed(3)));
    let line = serde_json::to_vec(&lived.transcript).expect("a line");
    Sealed::new(line.clone()).expect("one line");
    // Told once more, it is the same.
    let told = Parcel::of(told).expect("a parcel").open(&bounds).unwrap_or_else(|doubt| panic!("{doubt}"));
    let again = told.believe(supervisor, &bounds, &mut ticket()).unwrap_or_else(|doubt| panic!("{doubt}"));
    let again = again.unwrap_or_else(|aborted| panic!("{}", aborted.error));
    assert_eq!(serde_json::to_vec(&again.transcript).expect("a line"), line);
}

/// What a worker tells of the episode that it lives, and how much it gives the next one.
fn told(setting: &Setting) -> (WorkerReply, usize) {
    let lived = setting.live(ticket()).unwrap_or_else(|aborted| panic!("{}", aborted.error));
    let told = EpisodeReport::live(setting, ticket()).unwrap_or_else(|aborted| panic!("{}", aborted.error));
    (WorkerReply::Lived { of: 3, parcel: Parcel::of(told).expect("a parcel") }, lived.carry_over.len())
}

/// Seeds for each target, by the name of the file.
pub fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let mut seeds: Vec<(&str, String, Vec<u8>)> = Vec::new();
    for (name, text) in dayfly::policy::SHIPPED {
        seeds.push(("policy", (*name).to_owned(), text.as_bytes().to_vec()));
    }
    let every = SMALL.effective();
    seeds.push(("policy", "every-key".to_owned(), every.into_bytes()));
    for (name, edits) in [
        ("nothing", &[][..]),
        ("a-byte", &[1, 0, 3, b'7']),
        ("cut", &[13, 0, 40, 0]),
        ("twice", &[17, 0, 0, 0]),
        ("a-leaf", &[2, 0, 33, 1]),
        ("a-checkpoint", &[3, 0, 12, b'9', 7, 0, 2, b' ']),
    ] {
        seeds.push(("ledger", name.to_owned(), edits.to_vec()));
    }
    let shape = CONTRACT.shape.clone();
    seeds.push(("component", "core".to_owned(), shape.clone()));
    let mut described = shape;
    embed_component_metadata(&mut described, &CONTRACT.resolve, CONTRACT.world, StringEncoding::UTF8)
        .expect("described");
    let encoded = ComponentEncoder::default().module(&described).expect("a module").encode().expect("a component");
    seeds.push(("component", "described".to_owned(), described));
    seeds.push(("component", "component".to_owned(), encoded));
    seeds.push(("component", "text".to_owned(), b"(component (core module $m (func (export \"run\"))))".to_vec()));
    for seed in 0..6 {
        let mut chance = vec![0; 1500];
        Seed(seed).stream().fill(&mut chance);
        let component = generate(&chance).expect("a component");
        Agent::load("fuzz", &component, &ENGINE).unwrap_or_else(|error| panic!("{error}"));
        seeds.push(("episode", format!("chance-{seed}"), chance));
    }
    let mut frames = Vec::new();
    frame::put(&told(&LEARNER).0, &mut frames).expect("a frame");
    seeds.push(("wire", "lived".to_owned(), frames[4..].to_vec()));
    // Of a policy that allows more.
    let (answer, carried) = told(&learner("q-learning", small("32 KiB")));
    assert!(u64::try_from(carried).is_ok_and(|bytes| bytes > SMALL.boundary.carry));
    let mut more = Vec::new();
    frame::put(&answer, &mut more).expect("a frame");
    seeds.push(("wire", "carries-more".to_owned(), more[4..].to_vec()));
    frame::put(&WorkerReply::Failed("why".to_owned()), &mut frames).expect("a frame");
    seeds.push(("wire", "frames".to_owned(), frames));
    seeds
}
