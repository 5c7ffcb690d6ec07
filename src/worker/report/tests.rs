//! Tests of the validation of a worker's report.

use super::*;
use crate::agent::{Agent, Engine, SHIPPED};
use crate::environment::World;
use crate::episode::{self, Cancel};
use crate::gate::LEARN;
use crate::policy::Policy;
use crate::transcript::{
    AFTER_END, Argument, Called, Class, Closing, Decision, Due, Entry, Message, RecordedArgument, Residue,
};
use crate::value::{Seed, Value};
use crate::worker::Parcel;

mod bounds;
mod decided;
mod grants;
mod noticed;
mod worlds;

/// Policy and world of a learner: everything that can cross the boundary does.
fn setting(boundary: &str) -> Setting {
    logging(boundary, "mode = \"grant\"")
}

/// Returns the same setting, under this grant of the log.
fn logging(boundary: &str, log: &str) -> Setting {
    let text = format!(
        "[episode]\nsteps = 5\nfuel = 1_000_000\n[boundary]\n{boundary}\n[violations]\nact-after-end = \"quarantine\"\n\
         [record]\nentries = 1\n[grants.episode]\nmode = \"grant\"\n[grants.random]\nmode = \"grant\"\n\
         [grants.log]\n{log}\n"
    );
    let policy = Policy::parse("test.toml", text).unwrap();
    let engine = Engine::new(episode::memory(&policy), 1).unwrap();
    let learner = SHIPPED.iter().find(|shipped| shipped.name == "policy-gradient").unwrap();
    let agent = Agent::load("test", learner.bytes, &engine).unwrap();
    Setting::new(agent, Arc::new(policy), None, Digest::of(b"run"), Cancel::default()).unwrap()
}

const CROSSING: &str = "environment = \"persist\"\ncarry = \"64 B\"\nlearn-fuel = 2_000_000";

fn ticket() -> Ticket {
    Ticket {
        episode: 7,
        lineage: 1,
        world: 2,
        seed: Seed(3),
        lineage_seed: Seed(4),
        generation: 0,
        carry_over_of: None,
        environment: "past-self".parse::<World>().unwrap().made(),
        carry_over: Arc::from([]),
        carry_overs: Vec::new(),
    }
}

fn told(setting: &Setting) -> EpisodeReport {
    EpisodeReport::live(setting, ticket()).unwrap()
}

/// Validates a report under `setting`, by way of the wire.
fn heard(told: &EpisodeReport, setting: &Setting, ticket: &mut Ticket) -> Result<Finished, Rejection> {
    heard_of(told, setting, ticket).map(|lived| lived.unwrap())
}

/// Validates a report in the same way, where the world may have failed.
fn heard_of(told: &EpisodeReport, setting: &Setting, ticket: &mut Ticket) -> Result<Validated, Rejection> {
    // What is told is of all that an agent can do.
    let mut known = setting.known();
    known.agent = known.agent.importing_all();
    heard_by(told, &known, ticket)
}

/// The same, by a supervisor that knows this.
fn heard_by(told: &EpisodeReport, known: &Setting<ParsedAgent>, ticket: &mut Ticket) -> Result<Validated, Rejection> {
    let bounds = Bounds::of(known, ticket.environment.as_ref());
    let parcel = Parcel::of(told.clone()).unwrap();
    let framed = postcard::to_extend(&parcel, Vec::new()).unwrap().len();
    let heard = parcel.open(&bounds)?.believe(known, &bounds, ticket)?;
    assert!(framed < bounds.frame(), "{framed} of {}", bounds.frame());
    Ok(heard)
}

/// Returns the operation with this name.
fn called(name: &str) -> Called {
    let (capability, name) = name.split_once('.').unwrap();
    Called { capability: capability.to_owned().into(), name: name.to_owned().into() }
}

/// Returns a message.
fn message(recipient: &str, body: &[u8]) -> Message {
    Message { recipient: recipient.to_owned(), body: body.to_vec() }
}

/// Returns a tally of these counts.
fn tally(counts: &[(Class, u64)]) -> ClassCounts {
    counts.iter().copied().collect()
}

/// Encodes actions as a report does.
fn actions(of: &[Value]) -> Bytes {
    Bytes(of.iter().flat_map(|action| postcard::to_extend(action, Vec::new()).unwrap()).collect())
}

/// Amount of fuel that pays for the reported calls, within the fuel of the episode.
const ENOUGH: u64 = 1_000_000;

/// Validates the report of an episode after a change in it.
fn believed(change: impl FnOnce(&mut EpisodeReport)) -> Result<Finished, Rejection> {
    let setting = setting(CROSSING);
    let mut told = told(&setting);
    assert!(told.next.is_some());
    told.body.fuel = ENOUGH;
    change(&mut told);
    heard(&told, &setting, &mut ticket())
}

fn doubt(change: impl FnOnce(&mut EpisodeReport)) -> Rejection {
    believed(change).unwrap_err()
}

#[test]
fn what_was_lived_is_believed_as_if_it_had_been_lived_here() {
    let setting = setting(CROSSING);
    let here = setting.live(ticket()).unwrap();
    let there = heard(&told(&setting), &setting, &mut ticket()).unwrap();
    let line = |lived: &Finished| serde_json::to_string(&lived.transcript).unwrap();
    assert_eq!(line(&there), line(&here));
    assert_eq!(there.carry_over, here.carry_over);
    assert_eq!(there.environment.state(), here.environment.state());
    assert_ne!(there.environment.state(), ticket().environment.state());
}

#[test]
fn no_more_is_carried_over_than_the_policy_declares() {
    let next = |bytes: usize| {
        move |told: &mut EpisodeReport| {
            let learned = told.body.learned.as_mut().unwrap();
            (learned.outcome, learned.bytes) = (Lesson::Carried, bytes.try_into().unwrap());
            told.next = Some(Bytes(vec![1; bytes]));
        }
    };
    assert_eq!(believed(next(64)).unwrap().carry_over.len(), 64);
    assert_eq!(doubt(next(65)), Rejection::Beyond);
    assert_eq!(doubt(|told| told.body.learned = None), Rejection::Unknown);
    assert_eq!(doubt(|told| told.body.learned.as_mut().unwrap().outcome = Lesson::Trapped), Rejection::Unknown);
    let nothing = setting("environment = \"reset\"");
    let mut lived = told(&nothing);
    lived.body.learned = told(&setting(CROSSING)).body.learned;
    assert_eq!(heard(&lived, &nothing, &mut ticket()).unwrap_err(), Rejection::Unknown);
}

#[test]
fn more_than_the_policy_allows_is_not_believed() {
    assert_eq!(doubt(|told| told.body.end = End::Aborted), Rejection::Unknown);
    let trapped = |characters: usize| {
        move |told: &mut EpisodeReport| {
            (told.body.closing, told.body.cause) = (Closing::Trapped, Some("é".repeat(characters)));
        }
    };
    assert!(believed(trapped(200)).is_ok());
    assert_eq!(doubt(trapped(201)), Rejection::Beyond);
}

#[test]
fn entries_are_those_that_the_gate_can_make() {
    // After the one step that there was.
    let entry = |operation, class, argument: &str| Entry {
        role: None,
        ordinal: 1,
        step: 1,
        operation: called(operation),
        argument: argument.to_owned(),
        digest: Digest::from_bytes([0; 32]),
        decision: Decision::Refused,
        class,
        rule: AFTER_END.into(),
        due: Due::After,
    };
    let ended = |told: &mut EpisodeReport| {
        told.body.entries = vec![entry("episode.step", Some(Class::ActAfterEnd), "0")];
        (told.body.violations, told.body.after_end) = (tally(&[(Class::ActAfterEnd, 1)]), 1);
    };
    assert!(believed(ended).is_ok());
    assert_eq!(doubt(|told| told.body.entries = vec![entry("no.such", None, "")]), Rejection::Unknown);
    assert_eq!(doubt(|told| told.body.entries = vec![entry("episode.step", None, "\u{1b}[2J")]), Rejection::Unknown);
    // One, those after the boundary, the first of each class, and as many of the latter two of `learn`.
    let many = |most: u64| {
        move |told: &mut EpisodeReport| {
            let numbered = |ordinal| Entry { ordinal: ordinal + 1, ..entry("episode.step", None, "") };
            (told.body.entries, told.body.calls.count) = ((0..most).map(numbered).collect(), most + 1);
            told.body.after_end = most;
        }
    };
    let most = u64::from(1 + 2 * (setting(CROSSING).policy.record.grace + u32::try_from(Class::ALL.len()).unwrap()));
    assert!(believed(many(most)).is_ok());
    assert_eq!(doubt(many(most + 1)), Rejection::Beyond);
    assert_eq!(
        doubt(|told| told.body.entries = vec![entry("episode.step", None, &"x".repeat(4100))]),
        Rejection::Beyond
    );
    assert_eq!(
        doubt(|told| told.body.entries = vec![entry("episode.step", None, &"x".repeat(5000))]),
        Rejection::Unknown
    );
    assert_eq!(doubt(|told| told.body.entries = vec![entry("episode.step", None, ""); 2]), Rejection::Beyond);
    assert_eq!(
        doubt(|told| told.body.entries = vec![Entry { step: 6, ..entry("episode.step", None, "") }]),
        Rejection::Beyond
    );
}

/// Validates the report of an episode under the further grants `grants`, after a change in it.
fn granting(grants: &str, change: impl FnOnce(&mut EpisodeReport)) -> Result<Finished, Rejection> {
    let setting = setting(&format!("{CROSSING}\n{grants}"));
    let mut told = told(&setting);
    told.body.fuel = ENOUGH;
    change(&mut told);
    heard(&told, &setting, &mut ticket())
}

/// Returns the entry of a granted call of `operation`, the first call of the agent.
fn granted(operation: &str, place: &str, digest: Digest) -> Entry {
    Entry {
        role: None,
        ordinal: 0,
        step: 0,
        operation: called(operation),
        argument: String::new(),
        digest,
        decision: Decision::Granted,
        class: None,
        rule: place.to_owned().into(),
        due: Due::Before,
    }
}

/// Returns the change that these messages were sent, each by a call of its own.
fn sent(messages: &[(&str, &[u8])]) -> impl Fn(&mut EpisodeReport) {
    let of = |(ordinal, (recipient, body)): (u64, &(&str, &[u8]))| {
        let digest = Argument(&[RecordedArgument::Text(recipient), RecordedArgument::Bytes(body)]).digest();
        Entry { ordinal, ..granted("outbox.send", "grants.outbox.mode", digest) }
    };
    let entries: Vec<Entry> = (0..).zip(messages).map(of).collect();
    let released: Vec<Message> = messages.iter().map(|(recipient, body)| message(recipient, body)).collect();
    move |told| {
        told.body.calls.count = told.body.calls.count.max(8);
        told.body.entries.clone_from(&entries);
        told.body.released.clone_from(&released);
    }
}

const OUTBOX: &str = "[grants.outbox]\nmode = \"grant\"\nmessages = 1\nbytes = \"8 B\"";

#[test]
fn fuel_is_within_that_of_the_episode_and_its_grace() {
    let setting = setting(CROSSING);
    let limits = &setting.policy.episode;
    let most = limits.fuel + limits.grace_fuel;
    assert!(believed(|told| told.body.fuel = most).is_ok());
    assert_eq!(doubt(|told| told.body.fuel = most + 1), Rejection::Beyond);
    let learned = |fuel| move |told: &mut EpisodeReport| told.body.learned.as_mut().unwrap().fuel = fuel;
    assert!(believed(learned(2_000_000)).is_ok());
    assert_eq!(doubt(learned(2_000_001)), Rejection::Beyond);
}

#[test]
fn what_contradicts_itself_is_not_believed() {
    let changes: [fn(&mut EpisodeReport); 8] = [
        |told| told.body.end = End::Cancelled,
        |told| told.body.end = End::Released,
        |told| told.body.end = End::Violation,
        |told| told.body.closing = Closing::Trapped,
        |told| told.body.closing = Closing::Outlived,
        |told| told.body.violations = tally(&[(Class::ActAfterEnd, 1)]),
        |told| told.body.violations = tally(&[(Class::TripWire, 1)]),
        |told| told.body.learned.as_mut().unwrap().bytes += 1,
    ];
    for change in changes {
        assert_eq!(doubt(change), Rejection::Contradiction);
    }
    // Each is of a call, and a call is one step, one entry or one after the end.
    for change in [
        |told: &mut EpisodeReport| told.body.calls.count = 0,
        |told: &mut EpisodeReport| told.body.after_end = told.body.calls.count,
        |told: &mut EpisodeReport| told.body.entries_cut = told.body.calls.count + 1,
        |told: &mut EpisodeReport| told.body.violations = tally(&[(Class::Ungranted, told.body.calls.count + 4)]),
    ] {
        assert_eq!(doubt(change), Rejection::Contradiction);
    }
    // A violation that is shown is counted.
    let shown = |count: u64| {
        move |told: &mut EpisodeReport| {
            let entry = Entry {
                role: None,
                decision: Decision::Refused,
                class: Some(Class::Ungranted),
                ordinal: 1,
                rule: LEARN.into(),
                due: Due::After,
                ..granted("random.next", "", Digest::of(b""))
            };
            (told.body.entries, told.body.violations) = (vec![entry], tally(&[(Class::Ungranted, count)]));
        }
    };
    assert!(believed(shown(1)).is_ok());
    assert_eq!(doubt(shown(0)), Rejection::Contradiction);
    // One that is counted is shown, or among those that were cut: else the record would not verify.
    assert_eq!(doubt(|told| told.body.violations = tally(&[(Class::Ungranted, 1)])), Rejection::Contradiction);
}

#[test]
fn a_lesson_that_comes_to_nothing_is_told_with_why() {
    let lesson = |outcome, bytes, count| {
        move |told: &mut EpisodeReport| {
            let learned = told.body.learned.as_mut().unwrap();
            (learned.outcome, learned.bytes) = (outcome, bytes);
            told.next = None;
            told.body.violations = tally(&[(Class::CarryUndeclared, count)]);
        }
    };
    assert!(believed(lesson(Lesson::Refused, 65, 1)).is_ok());
    assert!(believed(lesson(Lesson::Trapped, 0, 0)).is_ok());
    // Refused though it fits, or without a violation; of a trap there are no bytes, and nobody has cancelled.
    for (outcome, bytes, count) in
        [(Lesson::Refused, 64, 1), (Lesson::Refused, 65, 0), (Lesson::Trapped, 1, 0), (Lesson::Stopped, 0, 0)]
    {
        assert_eq!(doubt(lesson(outcome, bytes, count)), Rejection::Contradiction, "{outcome:?}");
    }
}

#[test]
fn no_line_is_longer_than_a_ledger_takes() {
    let setting = logging(CROSSING, "mode = \"grant\"\nbytes = \"2 MiB\"");
    let logged = |line: String| {
        let mut told = told(&setting);
        told.body.log = vec![line];
        heard(&told, &setting, &mut ticket())
    };
    let bytes = crate::ledger::LONGEST / 6;
    // Six bytes each in JSON: as many as a ledger takes, but for what stands around them.
    let long = logged("\u{1}".repeat(bytes - 1000)).unwrap();
    let line = serde_json::to_vec(&long.transcript).unwrap();
    assert!(line.len() > crate::ledger::LONGEST - 6000);
    assert!(crate::ledger::Sealed::new(line).is_ok());
    assert_eq!(logged("\u{1}".repeat(bytes)).unwrap_err(), Rejection::Long);
    assert!(logged("x".repeat(bytes)).is_ok());
}

#[test]
fn what_a_violation_leads_to_is_the_supervisors_to_say() {
    let lived = believed(|told| {
        let (decision, class, due) = (Decision::Refused, Some(Class::ActAfterEnd), Due::After);
        let late = granted("episode.step", AFTER_END, Digest::of(b""));
        told.body.entries = vec![Entry { ordinal: 1, step: 1, decision, class, due, ..late }];
        (told.body.violations, told.body.after_end) = (tally(&[(Class::ActAfterEnd, 1)]), 1);
    })
    .unwrap();
    assert!(lived.demands.quarantine);
    assert!(!believed(|_| ()).unwrap().demands.quarantine);
}

#[test]
fn every_operation_that_is_recorded_is_known_by_its_name() {
    for capability in capability::CAPABILITIES {
        for known in capability.operations {
            assert_eq!(capability::operation(&(*known).into()), Some(*known));
        }
    }
    for name in ["memory.grow", "table.grow"] {
        assert!(capability::operation(&called(name)).is_some());
    }
    assert_eq!(capability::operation(&called("memory.shrink")), None);
}
