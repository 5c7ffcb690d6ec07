//! Episodes of several roles: one boundary for all of them, and grants, an allowance and a record
//! for each.

use dayfly::capability::CAPABILITIES;
use dayfly::episode::Cancel;
use dayfly::gate::AfterEnd;
use dayfly::run::{self, Ending, Plan, Threads, Workers};
use dayfly::transcript::{Body, Closing, End, Role, RoleBody, Transcript};
use dayfly::value::Seed;

use crate::common::{DAYFLY, granting, known, policy};
use crate::guest::{self, ACT, ANSWERED, REFUSED, operations};
use crate::mediation::ENDS;

const WORLD: &str = "matching-pennies";

/// Run of `even` and `odd`.
struct Pair<'p> {
    agents: [&'p str; 2],
    policy: &'p str,
    world: &'p str,
    episodes: u64,
    jobs: usize,
}

impl Pair<'_> {
    fn plan(&self) -> Plan {
        let [even, odd] = self.agents.map(known);
        let roles = vec![(Role::new("even").unwrap(), even.clone()), (Role::new("odd").unwrap(), odd)];
        let world: dayfly::environment::World = self.world.parse().unwrap();
        let plan = Plan { episodes: self.episodes, seed: Seed(3), ..Plan::new(even, policy(self.policy), world) };
        plan.with_roles(roles)
    }

    /// Runs the episodes in this process and in workers, which record the same.
    fn go(&self) -> (Vec<Transcript>, Ending) {
        let (here, ending) = self.here();
        let (there, other) = self.apart();
        assert_eq!(ending.reason(), other.reason());
        assert_eq!(here.len(), there.len());
        for (here, there) in here.iter().zip(&there) {
            let [one, other] = [here, there].map(|one| serde_json::to_string(one).unwrap());
            assert!(one == other || !here.body.reproducible, "here, and in a worker:\n{one}\n{other}");
        }
        (here, ending)
    }

    fn here(&self) -> (Vec<Transcript>, Ending) {
        Self::carried_out(
            run::Run::on_threads(self.plan(), &Threads::new(self.jobs).unwrap(), &Cancel::default()).unwrap(),
        )
    }

    fn apart(&self) -> (Vec<Transcript>, Ending) {
        let workers = Workers::new(DAYFLY, self.jobs);
        Self::carried_out(run::Run::on_workers(self.plan(), workers, &Cancel::default()).unwrap())
    }

    fn carried_out(run: run::Run) -> (Vec<Transcript>, Ending) {
        let mut transcripts = Vec::new();
        let outcome = run.carry_out(&mut |transcript: &Transcript| transcripts.push(transcript.clone())).unwrap();
        for transcript in &transcripts {
            assert_eq!(transcript.body.contradiction(), None, "{transcript:#?}");
            // The written record is read again as it was.
            let line = serde_json::to_string(transcript).unwrap();
            assert_eq!(&serde_json::from_str::<Transcript>(&line).unwrap(), transcript);
        }
        (transcripts, outcome.ending)
    }
}

/// Runs one episode in which the two roles run these bodies, here and in a worker.
fn together(even: &str, odd: &str, policy: &str, world: &str) -> Body {
    lived(even, odd, policy, world, true)
}

/// Runs one episode in which the two roles run these bodies, and in a worker too if `is_apart`.
fn lived(even: &str, odd: &str, policy: &str, world: &str, is_apart: bool) -> Body {
    let agents = [even, odd].map(guest::agent);
    let pair = Pair { agents: [&agents[0], &agents[1]], policy, world, episodes: 1, jobs: 1 };
    let (transcripts, _) = if is_apart { pair.go() } else { pair.here() };
    let [transcript] = transcripts.as_slice() else { panic!("{} episodes", transcripts.len()) };
    transcript.body.clone()
}

fn role<'b>(body: &'b Body, name: &str) -> &'b RoleBody {
    body.roles.iter().find(|role| role.role.as_str() == name).unwrap()
}

/// Returns the bodies of two roles. Once both have begun, one role does `own` at its turn; the
/// other does `others` when it is told of the end.
fn at_its_turn(reacher: &str, own: &str, others: &str) -> [String; 2] {
    if reacher == "even" {
        [format!("{ACT} {own}"), format!("{ACT} {others}")]
    } else {
        [format!("{ACT} {others}"), own.to_owned()]
    }
}

#[test]
fn every_operation_is_refused_to_every_role_and_recorded_as_its_own_after_every_end() {
    let operations = operations();
    for (end, reach, episode, rest, _, told) in ENDS {
        // Each end is reached by one role after the other. The last step reaches the boundary of
        // the world, and the third step that of the policy.
        let world = if *end == "terminated" { "matching-pennies:rounds=1" } else { WORLD };
        for reacher in ["even", "odd"] {
            if *end == "terminated" && reacher == "even" {
                // The last step of a round is that of `odd`.
                continue;
            }
            let steps = if reacher == "even" { "steps = 3" } else { "steps = 2" };
            let episode = if *end == "steps" { steps } else { episode };
            // Workers record the same, whatever is asked for after the end.
            let all: Vec<_> = operations.iter().map(|operation| format!("{} {REFUSED} ", operation.call())).collect();
            let all = all.concat();
            let [even, odd] = at_its_turn(reacher, &format!("{reach} {all}"), &all);
            let record = "[record]\nsteps = \"full\"\n";
            let body = together(&even, &odd, &granting(episode, &format!("{rest}\n{record}")), world);
            assert_eq!(body.end.name(), *end, "{end} in a worker, by {reacher}");
            for operation in &operations {
                let name = operation.full_name();
                let late = format!("{} {REFUSED}", operation.call());
                let [even, odd] = at_its_turn(reacher, &format!("{reach} {late}"), &late);
                let body = lived(&even, &odd, &granting(episode, rest), world, false);
                let what = format!("{name} after {end}, which {reacher} reached: {body:#?}");
                assert_eq!(body.end.name(), *end, "{what}");
                for one in &body.roles {
                    assert_eq!(one.closing, Closing::Returned, "{what}: it was not refused");
                    let told = if one.role.as_str() == reacher { *told } else { 0 };
                    assert_eq!(one.after_end, told + 1, "{what}");
                    let mut own = body.entries.iter().filter(|entry| entry.role.as_ref() == Some(&one.role));
                    let entry = own.next_back().unwrap();
                    assert_eq!((entry.operation.to_string(), &*entry.rule), (name.clone(), "boundary"), "{what}");
                    let is_notice = CAPABILITIES
                        .iter()
                        .any(|one| one.name == operation.capability && one.after_end == AfterEnd::Notice);
                    assert_eq!(entry.class.is_none(), is_notice, "{what}");
                }
            }
        }
    }
}

/// Faults of a role: what it does, how it leaves, and why the episode ends.
const FAULTS: &[(&str, Closing, End)] = &[
    ("unreachable", Closing::Trapped, End::Trapped),
    ("", Closing::Returned, End::Returned),
    ("(loop $again (br $again))", Closing::Outlived, End::Fuel),
    // Whoever is ahead would stop like this, if it cost nothing.
    ("(call $outbox.send \"you\" \"enough\" (global.get $answer))", Closing::Returned, End::Released),
];

#[test]
fn a_role_that_leaves_traps_or_never_returns_ends_the_episode_for_all_and_the_others_are_told() {
    let policy = granting("ends-on = [\"release\"]\ngrace = { fuel = 10_000, records = 8 }", "");
    for (own, closing, end) in FAULTS {
        for reacher in ["even", "odd"] {
            let late = format!("(call $clock.now (global.get $answer)) {REFUSED}");
            let [even, odd] = at_its_turn(reacher, own, &late);
            let body = together(&even, &odd, &policy, WORLD);
            let other = if reacher == "even" { "odd" } else { "even" };
            let what = format!("{reacher} {closing:?}: {body:#?}");
            assert_eq!((body.end, body.fault.as_ref().map(Role::as_str)), (*end, Some(reacher)), "{what}");
            assert_eq!(role(&body, reacher).closing, *closing, "{what}");
            assert_eq!(role(&body, other).closing, Closing::Returned, "{what}");
            assert_eq!(role(&body, other).after_end, 1, "{what}");
            // The role at fault loses the rounds that are left: two, after one that `even` won, or
            // all three.
            let even = if reacher == "even" { -1.0 } else { 3.0_f64 };
            let paid = ["even", "odd"].map(|name| role(&body, name).total.to_bits());
            assert_eq!(paid, [even, -even].map(f64::to_bits), "{what}");
        }
    }
}

#[test]
fn a_role_that_goes_on_past_its_grace_is_stopped_and_the_other_has_its_own() {
    let policy = granting("grace = { fuel = 10_000, records = 8 }", "");
    let [even, odd] = at_its_turn("odd", &format!("{ACT} (loop $again (br $again))"), "");
    let body = together(&even, &odd, &policy, "matching-pennies:rounds=1");
    assert_eq!((body.end, &body.fault), (End::Terminated, &None));
    assert_eq!([role(&body, "even").closing, role(&body, "odd").closing], [Closing::Returned, Closing::Outlived]);
    assert_eq!((body.closing, body.violations.iter().count()), (Closing::Outlived, 1));
}

#[test]
fn a_role_that_never_has_a_turn_never_runs() {
    let body = together("", "unreachable", &granting("", ""), WORLD);
    assert_eq!((body.end, role(&body, "odd").closing, role(&body, "odd").calls), (End::Returned, Closing::Absent, 0));
    assert_eq!(role(&body, "odd").fuel, 0);
}

#[test]
fn each_role_has_the_grants_and_the_fuel_of_its_own_table() {
    let table = "[roles.odd]\nfuel = 20_000\n[roles.odd.grants.episode]\nmode = \"grant\"\n[roles.odd.grants.clock]\nmode = \"deny\"\n";
    let log = "(call $clock.now (global.get $answer))";
    // A role that only calls the clock may import the whole contract. What the policy does not
    // mention is not linked.
    let policy = granting("fuel = 1_000_000", table);
    let granted = CAPABILITIES.iter().filter(|one| !matches!(one.name, "episode" | "clock"));
    let denied: Vec<_> = granted.map(|one| format!("[roles.odd.grants.{}]\nmode = \"deny\"\n", one.name)).collect();
    let denied = denied.concat();
    let policy = format!("{policy}{denied}");
    let (even, odd) = (format!("{log} {ANSWERED} {ACT}"), format!("{log} {REFUSED} {ACT}"));
    let body = together(&even, &odd, &policy, "matching-pennies:rounds=1");
    assert_eq!(body.end, End::Terminated, "{body:#?}");
    let entry = &body.entries[0];
    assert_eq!((entry.role.as_ref().unwrap().as_str(), &*entry.rule), ("odd", "roles.odd.grants.clock.mode"));
    // Each role has its own fuel.
    let spins = "(call $spin (i32.const 20000))";
    let body = together(&format!("{spins} {ACT}"), ACT, &policy, "matching-pennies:rounds=1");
    assert_eq!(body.end, End::Terminated, "{body:#?}");
    let body = together(ACT, &format!("{spins} {ACT}"), &policy, "matching-pennies:rounds=1");
    assert_eq!((body.end, body.fault.as_ref().map(Role::as_str)), (End::Fuel, Some("odd")), "{body:#?}");
}

#[test]
fn a_role_with_a_table_has_nothing_of_what_a_policy_that_is_extended_gives_every_role() {
    for tie in ["extends", "based-on"] {
        let table = "[roles.odd]\n[roles.odd.grants.episode]\nmode = \"grant\"\n";
        let policy = policy(&format!("name = \"mine\"\n{tie} = \"strict\"\n{table}"));
        assert_eq!(policy.share("odd").grants.keys().collect::<Vec<_>>(), [&"episode"], "{tie}");
        assert!(policy.share("even").grants.len() > 5, "{tie}");
        // The effective policy says the same.
        assert_eq!(crate::common::policy(&policy.effective()), policy, "{tie}");
    }
    // The shares of a policy may be no looser than those of the policy that it extends.
    let looser = "name = \"mine\"\nextends = \"strict\"\n[roles.odd.grants.outbox]\nmode = \"grant\"\n";
    let source = dayfly::policy::SourceFile::user("mine.toml", looser);
    let refused = dayfly::policy::Policy::load(&source, &|_, _| Ok(None)).unwrap_err();
    assert!(refused.to_string().contains("roles.odd.grants.outbox"), "{refused}");
}

#[test]
fn any_role_may_have_what_only_its_own_table_grants() {
    let episode = |role: &str| format!("[roles.{role}.grants.episode]\nmode = \"grant\"\n");
    for writes in ["even", "odd"] {
        let own = format!("[roles.{writes}]\n{}[roles.{writes}.grants.workspace]\nmode = \"grant\"\n", episode(writes));
        let policy = format!("[episode]\nsteps = 100\nfuel = 1_000_000\n[grants.episode]\nmode = \"grant\"\n{own}");
        let keep = guest::ask("workspace.write", &[guest::Part::Text("kept"), guest::Part::Zeros(5)]);
        let [even, odd] = ["even", "odd"].map(|role| {
            let own = if role == writes { format!("{keep} {ANSWERED} {ACT}") } else { ACT.to_owned() };
            guest::agent(&own)
        });
        let pair =
            Pair { agents: [&even, &odd], policy: &policy, world: "matching-pennies:rounds=1", episodes: 1, jobs: 1 };
        let (transcripts, _) = pair.go();
        assert_eq!(role(&transcripts[0].body, writes).residue.len(), 1, "{:#?}", transcripts[0].body);
    }
}

#[test]
fn what_a_role_sees_and_is_left_does_not_depend_on_what_it_is_not_shown() {
    // The fuel of `odd` follows from all that it is answered, and it asks for everything.
    let all: String = operations().iter().filter(|one| one.name != "step").map(guest::Operation::call).collect();
    let odd = format!("{all} {ACT} {all} {ACT} {all} {ACT} {all}");
    let noisy = {
        let flood = format!(
            "(local $i i32) (loop $again {} (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $again (i32.lt_u (local.get $i) (i32.const 300))))",
            guest::ask("log.write", &[guest::Part::Text("secret")])
        );
        let send = guest::ask("outbox.send", &[guest::Part::Text("bob"), guest::Part::Zeros(5)]);
        let keep = guest::ask("workspace.write", &[guest::Part::Text("kept"), guest::Part::Zeros(50)]);
        format!("{flood} {send} {keep} {all} {ACT} {send} {ACT} {keep} {ACT}")
    };
    let quiet = format!("{ACT} {ACT} {ACT}");
    let policy = granting("fuel = 10_000_000", "[record]\nentries = 40\nsteps = \"full\"");
    let seen = |even: &str| {
        let body = together(even, &odd, &policy, "matching-pennies:shown=0");
        let own = body.entries.iter().filter(|entry| entry.role.as_ref().is_some_and(|role| role.as_str() == "odd"));
        // The ordinal of a call is counted in the episode, and its step is that of all roles.
        let own: Vec<_> = own.map(|entry| dayfly::transcript::Entry { ordinal: 0, ..entry.clone() }).collect();
        assert_eq!(body.steps, 6, "{body:#?}");
        (role(&body, "odd").clone(), own)
    };
    let (silent, loud) = (seen(&quiet), seen(&noisy));
    assert!(silent.1.len() >= 40, "{} entries", silent.1.len());
    assert_eq!(silent, loud);
}

#[test]
fn what_a_role_is_shown_and_no_more_reaches_it() {
    // `odd` shows what it is told of `even`: it traps if that is not what it should be.
    let shown = |even: u32, expected: u32| {
        let named = |number: u32| {
            format!("(call $episode.step (i32.const 0) (i64.const {number}) (i32.const 0) (global.get $answer))")
        };
        let tells = format!(
            "(if (i64.ne (i64.load offset=16 (global.get $answer)) (i64.const {expected})) (then unreachable))"
        );
        let body = together(
            &format!("{} {}", named(even), named(even)),
            &format!("{} {tells} {}", named(0), named(0)),
            &granting("", ""),
            "matching-pennies:rounds=2",
        );
        role(&body, "odd").closing
    };
    for number in [0, 1] {
        assert_eq!(shown(number, number + 1), Closing::Returned);
        assert_eq!(shown(number, 2 - number), Closing::Trapped);
    }
}

#[test]
fn the_record_is_the_same_for_any_number_of_jobs() {
    let run =
        |jobs| Pair { agents: ["random", "overstayer"], policy: "strict", world: WORLD, episodes: 200, jobs }.go().0;
    let (one, two) = (run(1), run(2));
    assert_eq!(one.len(), 200);
    assert_eq!(one, two);
    let totals: std::collections::BTreeSet<_> = one.iter().map(|one| one.body.roles[0].total.to_bits()).collect();
    assert!(totals.len() > 1, "every episode is alike");
}

#[test]
fn a_violation_of_any_role_has_the_consequence_that_the_policy_gives_it() {
    for (consequence, episodes) in [("end", 3), ("quarantine", 1)] {
        let policy = granting("", &format!("[violations]\nextend-episode = \"{consequence}\""));
        for reacher in ["even", "odd"] {
            let bodies = at_its_turn(reacher, guest::EXTEND, ACT).map(|body| guest::agent(&body));
            let pair = Pair { agents: [&bodies[0], &bodies[1]], policy: &policy, world: WORLD, episodes: 3, jobs: 1 };
            let (transcripts, ending) = pair.go();
            assert_eq!(transcripts.len(), episodes, "{consequence}: {ending:?}");
            for Transcript { body, .. } in &transcripts {
                assert_eq!((body.end, body.fault.as_ref().map(Role::as_str)), (End::Violation, Some(reacher)));
            }
        }
    }
}

#[test]
fn roles_that_do_not_fit_the_world_are_refused_before_anything_runs() {
    let pair = |world| Pair { agents: ["random", "random"], policy: "strict", world, episodes: 1, jobs: 1 }.plan();
    let attempt = |plan| run::Run::on_threads(plan, &Threads::new(1).unwrap(), &Cancel::default()).map(drop);
    assert!(matches!(attempt(pair("off-switch")), Err(run::Error::Roles { roles, .. }) if roles.is_empty()));
    let mut lacking = pair(WORLD);
    lacking.roles.pop();
    assert!(
        matches!(attempt(lacking), Err(error @ run::Error::Roles { .. }) if error.to_string().contains("nobody plays the role `odd`"))
    );
    let mut none = pair(WORLD);
    none.roles.clear();
    assert!(matches!(attempt(none), Err(run::Error::Roles { .. })));
    let mut misspelt = pair(WORLD);
    misspelt.policy = std::sync::Arc::new(policy(&granting("", "[roles.od]\nfuel = 5\n")));
    assert!(matches!(attempt(misspelt), Err(run::Error::NoSuchRole { role, .. }) if role == "od"));
    let mut twice = pair(WORLD);
    twice.roles[1].0 = Role::new("even").unwrap();
    assert!(attempt(twice).unwrap_err().to_string().contains("played twice"));
    // In any order the roles are those of the world.
    let mut turned = pair(WORLD);
    turned.roles.reverse();
    turned.roles[0].1 = known("planner");
    let run = run::Run::on_threads(turned, &Threads::new(1).unwrap(), &Cancel::default()).unwrap();
    let manifest = run.manifest();
    assert_eq!(manifest.roles.iter().map(|one| one.role.as_str()).collect::<Vec<_>>(), ["even", "odd"]);
    assert_eq!((&manifest.agent, &manifest.imports), (&manifest.roles[0].agent, &manifest.roles[0].imports));
    assert_ne!(manifest.roles[0].agent, manifest.roles[1].agent);
    // The record of the run verifies.
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    run.record_in(&folder).unwrap().carry_out(&mut dayfly::run::Unwatched).unwrap();
    let verified = dayfly::ledger::verify(&folder, None).unwrap();
    assert!(matches!(verified, dayfly::ledger::Verification::Whole { .. }), "{verified:?}");
}
