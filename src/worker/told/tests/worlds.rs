//! Worlds: what was done in one is told, and what that led to is played.

use super::*;
use crate::environment::Status;
use crate::transcript::Detail;

const DEFECT: Value = Value::Discrete(0);
const COOPERATE: Value = Value::Discrete(1);
const ON: Value = Value::Discrete(1);

/// What is believed of these actions, and that end, in a world.
fn done(world: &str, of: &[Value], end: End) -> Result<(Lived, Vec<u8>), (Doubt, Vec<u8>)> {
    done_under(&setting(CROSSING), world, of, end)
}

fn done_under(setting: &Setting, world: &str, of: &[Value], end: End) -> Result<(Lived, Vec<u8>), (Doubt, Vec<u8>)> {
    let mut ticket = Ticket { environment: world.parse::<Selection>().unwrap().make(), ..ticket() };
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

/// The same, played here.
fn played(world: &str, of: &[Value]) -> (f64, f64, Vec<u8>, Status) {
    let mut world = world.parse::<Selection>().unwrap().make();
    world.open(episode::world_seed(ticket().seed));
    let (mut total, mut status) = (0.0, Status::Running);
    for action in of {
        let transition = world.step(action);
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
    let before = "past-self".parse::<Selection>().unwrap().make().state();
    let refused = |of: &[Value], end| done("past-self", of, end).unwrap_err();
    assert_eq!(refused(&[Value::Discrete(2)], End::Steps), (Doubt::Beyond, before.clone()));
    assert_eq!(refused(&[Value::Real(0.0)], End::Steps), (Doubt::Beyond, before.clone()));
    assert_eq!(refused(&[Value::Text("0".repeat(30))], End::Steps).0, Doubt::Unknown);
    // The task has one step.
    assert_eq!(refused(&[DEFECT, DEFECT], End::Steps), (Doubt::Beyond, before.clone()));
    // The step is taken, and yet it is not believed: the world is as it was.
    assert_eq!(refused(&[DEFECT], End::Returned), (Doubt::Contradiction, before));
    let mut cut = told(&setting(CROSSING));
    cut.actions = Bytes(vec![0]);
    assert_eq!(heard(&cut, &setting(CROSSING), &mut ticket()).unwrap_err(), Doubt::Unknown);
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
        assert_eq!(ends(steps, end).unwrap_err().0, Doubt::Contradiction, "{steps} {end}");
    }
    // A button is pressed once.
    let terminal = (0..2)
        .map(Value::Discrete)
        .find(|action| played("button", std::slice::from_ref(action)).3 == Status::Terminated);
    let terminal = terminal.unwrap();
    let one = std::slice::from_ref(&terminal);
    assert!(done("button", one, End::Terminated).is_ok());
    assert_eq!(done("button", one, End::Returned).unwrap_err().0, Doubt::Contradiction);
    assert!(matches!(
        done("button", &[terminal.clone(), terminal.clone()], End::Terminated).unwrap_err().0,
        Doubt::Contradiction | Doubt::Beyond
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
    assert_eq!(under("after-step = 2\n", 4, End::Returned), Err(Doubt::Beyond));
    assert_eq!(under("", 1, End::Returned), Err(Doubt::Beyond));
    assert_eq!(under("", 0, End::Returned), Ok(()));
    let denied = setting(CROSSING).policy.effective().replacen("mode = \"grant\"", "mode = \"deny\"", 1);
    assert!(denied.contains("[grants.episode]\nmode = \"deny\""), "{denied}");
    let mut setting = setting(CROSSING);
    setting.policy = Arc::new(Policy::parse("test.toml", denied).unwrap());
    assert_eq!(done_under(&setting, "past-self", &[DEFECT], End::Steps).unwrap_err().0, Doubt::Beyond);
    assert!(done_under(&setting, "past-self", &[], End::Returned).is_ok());
}
