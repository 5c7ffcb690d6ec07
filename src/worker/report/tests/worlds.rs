//! Worlds: what was done in one is told, and what that led to is played.

use super::*;
use crate::environment::{Environment, Failed, Status, Transition, as_within};
use crate::transcript::Detail;

const DEFECT: Value = Value::Discrete(0);
const COOPERATE: Value = Value::Discrete(1);
const ON: Value = Value::Discrete(1);

/// Validates these actions, and that end, in a world.
fn done(world: &str, of: &[Value], end: End) -> Result<(Finished, Vec<u8>), (Rejection, Vec<u8>)> {
    done_under(&setting(CROSSING), world, of, end)
}

fn done_under(
    setting: &Setting,
    world: &str,
    of: &[Value],
    end: End,
) -> Result<(Finished, Vec<u8>), (Rejection, Vec<u8>)> {
    let mut ticket = Ticket { environment: world.parse::<World>().unwrap().made(), ..ticket() };
    let mut told = told(setting);
    (told.actions, told.body.end, told.body.calls.count, told.body.fuel) = (actions(of), end, 1000, ENOUGH);
    if let Some(learned) = told.body.learned.as_mut().filter(|_| end == End::Wall) {
        // Of such an episode nothing is learned.
        (learned.outcome, learned.bytes, learned.fuel) = (Lesson::Withheld, 0, 0);
        told.next = None;
    }
    let lived = heard(&told, setting, &mut ticket);
    let left = ticket.environment.state();
    lived
        .map(|lived| (lived.environment.state(), lived))
        .map(|(state, lived)| (lived, state))
        .map_err(|doubt| (doubt, left))
}

/// Plays the same actions without a worker.
fn played(world: &str, of: &[Value]) -> (f64, f64, Vec<u8>, Status) {
    let mut world = world.parse::<World>().unwrap().made();
    world.open(episode::world_seed(ticket().seed)).unwrap();
    let (mut total, mut status) = (0.0, Status::Running);
    for action in of {
        let transition = world.step(action).unwrap();
        total += transition.reward;
        status = transition.status;
    }
    (total, world.performance(), world.state(), status)
}

#[test]
fn what_was_done_leads_to_what_it_leads_to_here() {
    for (world, of, end) in [
        ("past-self", &[DEFECT][..], End::Terminated),
        ("past-self", &[COOPERATE], End::Terminated),
        ("past-self", &[], End::Returned),
        ("corridor:steps=20", &[ON, ON, ON], End::Returned),
    ] {
        let (total, performance, state, _) = played(world, of);
        let (lived, left) = done(world, of, end).unwrap();
        let transcript = &lived.transcript;
        assert_eq!(
            (transcript.body.total, transcript.body.performance, left),
            (total, performance, state),
            "{world} {of:?}"
        );
        assert_eq!(transcript.body.steps, u32::try_from(of.len()).unwrap());
    }
}

#[test]
fn no_action_is_believed_that_the_world_does_not_have_or_that_comes_too_late() {
    let before = "past-self".parse::<World>().unwrap().made().state();
    let refused = |of: &[Value], end| done("past-self", of, end).unwrap_err();
    assert_eq!(refused(&[Value::Discrete(2)], End::Steps), (Rejection::Beyond, before.clone()));
    assert_eq!(refused(&[Value::Real(0.0)], End::Steps), (Rejection::Beyond, before.clone()));
    assert_eq!(refused(&[Value::Text("0".repeat(30))], End::Steps).0, Rejection::Unknown);
    // The task has one step.
    assert_eq!(refused(&[DEFECT, DEFECT], End::Steps), (Rejection::Beyond, before.clone()));
    // The step is taken, and yet it is not believed: the world is as it was.
    assert_eq!(refused(&[DEFECT], End::Returned), (Rejection::Contradiction, before));
    let mut cut = told(&setting(CROSSING));
    cut.actions = Bytes(vec![0]);
    assert_eq!(heard(&cut, &setting(CROSSING), &mut ticket()).unwrap_err(), Rejection::Unknown);
}

#[test]
fn an_episode_ends_where_its_world_and_its_steps_do() {
    // The policy has five steps.
    let setting = setting(CROSSING);
    let ends = |steps: usize, end| done_under(&setting, "corridor:steps=20", &vec![ON; steps], end).map(|_| ());
    assert_eq!(played("corridor:steps=20", &[ON, ON, ON, ON, ON]).3, Status::Running);
    for (steps, end) in [(5, End::Steps), (4, End::Returned), (4, End::Wall), (0, End::Fuel)] {
        assert_eq!(ends(steps, end), Ok(()), "{steps} {end}");
    }
    for (steps, end) in [
        (4, End::Steps),
        (0, End::Steps),
        (5, End::Returned),
        (5, End::Terminated),
        (3, End::Terminated),
        (5, End::Fuel),
    ] {
        assert_eq!(ends(steps, end).unwrap_err().0, Rejection::Contradiction, "{steps} {end}");
    }
    // A button is pressed once.
    let terminal = (0..2)
        .map(Value::Discrete)
        .find(|action| played("button", std::slice::from_ref(action)).3 == Status::Terminated);
    let terminal = terminal.unwrap();
    let one = std::slice::from_ref(&terminal);
    assert!(done("button", one, End::Terminated).is_ok());
    assert_eq!(done("button", one, End::Returned).unwrap_err().0, Rejection::Contradiction);
    assert!(matches!(
        done("button", &[terminal.clone(), terminal.clone()], End::Terminated).unwrap_err().0,
        Rejection::Contradiction | Rejection::Beyond
    ));
}

#[test]
fn steps_are_kept_as_they_were_played_where_the_policy_keeps_them() {
    let mut setting = setting(CROSSING);
    let kept = |setting: &Setting| {
        done_under(setting, "past-self", &[COOPERATE], End::Terminated).unwrap().0.transcript.body.trace
    };
    assert!(kept(&setting).is_empty());
    Arc::make_mut(&mut setting.policy).record.steps = Detail::Full;
    let steps = kept(&setting);
    assert_eq!(steps.len(), 1);
    let (total, ..) = played("past-self", &[COOPERATE]);
    assert_eq!((&steps[0].action, steps[0].reward), (&COOPERATE, total));
}

#[test]
fn no_step_is_believed_that_the_policy_does_not_grant() {
    let under = |rule: &str, steps: usize, end| {
        let text = format!("{CROSSING}\n[[rules]]\ncapability = \"episode\"\n{rule}decision = \"deny\"");
        done_under(&setting(&text), "corridor:steps=20", &vec![ON; steps], end).map(|_| ()).map_err(|(why, _)| why)
    };
    assert_eq!(under("after-step = 2\n", 3, End::Returned), Ok(()));
    assert_eq!(under("after-step = 2\n", 4, End::Returned), Err(Rejection::Beyond));
    assert_eq!(under("", 1, End::Returned), Err(Rejection::Beyond));
    assert_eq!(under("", 0, End::Returned), Ok(()));
    let denied = setting(CROSSING).policy.effective().replacen("mode = \"grant\"", "mode = \"deny\"", 1);
    assert!(denied.contains("[grants.episode]\nmode = \"deny\""), "{denied}");
    let mut setting = setting(CROSSING);
    setting.policy = Arc::new(Policy::parse("test.toml", denied).unwrap());
    assert_eq!(done_under(&setting, "past-self", &[DEFECT], End::Steps).unwrap_err().0, Rejection::Beyond);
    assert!(done_under(&setting, "past-self", &[], End::Returned).is_ok());
}

/// Corridor that fails at this step, or at its opening if that is 0.
struct Fragile {
    world: Box<dyn Environment>,
    left: u32,
}

impl Environment for Fragile {
    as_within!(world);

    fn step(&mut self, action: &Value) -> Result<Transition, Failed> {
        self.left -= 1;
        if self.left == 0 { Err(Failed::new("a wall fell")) } else { self.world.step(action) }
    }
}

fn fragile(at: u32) -> Ticket {
    let world = "corridor:steps=20".parse::<World>().unwrap().made();
    let environment =
        if at == 0 { Failed::new("a wall fell").stand_in() } else { Box::new(Fragile { world, left: at }) };
    Ticket { environment, ..ticket() }
}

#[test]
fn an_episode_whose_world_failed_is_believed_as_if_it_had_been_lived_here() {
    for boundary in ["", CROSSING] {
        let setting = setting(boundary);
        for at in [0, 1, 3] {
            let here = setting.live(fragile(at)).err().unwrap();
            let told = EpisodeReport::live(&setting, fragile(at)).unwrap();
            let heard = heard_of(&told, &setting, &mut fragile(at)).unwrap().err().unwrap();
            for aborted in [&here, &heard] {
                assert_eq!(aborted.error.to_string(), "the world failed: a wall fell", "{at}");
                assert_eq!(aborted.transcript.body.end, End::Aborted);
                assert_eq!(aborted.transcript.body.contradiction(), None);
                assert_eq!(aborted.transcript.body.steps, at.saturating_sub(1));
            }
            let line = |aborted: &Aborted| serde_json::to_string(&aborted.transcript).unwrap();
            assert_eq!(line(&heard), line(&here), "{at}");
        }
    }
}

#[test]
fn no_world_failed_where_the_supervisors_own_goes_on() {
    let setting = setting(CROSSING);
    let told = EpisodeReport::live(&setting, fragile(3)).unwrap();
    assert_eq!(heard_of(&told, &setting, &mut fragile(5)).err(), Some(Rejection::Unknown));
}

#[test]
fn a_world_that_fails_for_the_supervisor_alone_aborts_an_episode_of_which_nothing_is_believed() {
    let setting = setting(CROSSING);
    for (there, here) in [(6, 2), (3, 2), (5, 0)] {
        let told = EpisodeReport::live(&setting, fragile(there)).unwrap();
        let heard = heard_of(&told, &setting, &mut fragile(here)).unwrap().err().unwrap();
        assert_eq!(heard.error.to_string(), "the world failed: a wall fell");
        let body = serde_json::to_string(&heard.transcript.body).unwrap();
        assert_eq!(body, serde_json::to_string(&Body::default()).unwrap(), "{there} {here}");
    }
}
