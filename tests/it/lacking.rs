//! Systems that lack a part of the confinement. A filter simulates each of them, for the program
//! that runs in it.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use seccompiler::{SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};
use serde_json::Value;

use crate::common;

const LACK: &str = "DAYFLY_TEST_LACK";
const ARGUMENTS: &str = "DAYFLY_TEST_ARGUMENTS";

/// Parts that a system may lack: the call, its error, the part of the confinement, and the message.
const LACKS: &[(&str, i64, i32, &str, &str)] = &[
    (
        "no Landlock",
        libc::SYS_landlock_create_ruleset,
        libc::ENOSYS,
        "landlock",
        "the kernel has no Landlock: Linux 5.13",
    ),
    ("Landlock off", libc::SYS_landlock_create_ruleset, libc::EOPNOTSUPP, "landlock", "it is not enabled at boot"),
    ("no Seccomp", libc::SYS_seccomp, libc::EINVAL, "seccomp", "the kernel takes no filter of system calls"),
    ("no limits", libc::SYS_prlimit64, libc::EPERM, "limits", "core: EPERM"),
];

#[test]
#[ignore = "becomes another program: the tests beside it start it"]
fn without() {
    let (Ok(lack), Ok(arguments)) = (std::env::var(LACK), std::env::var(ARGUMENTS)) else { return };
    let (_, call, answer, ..) = *LACKS.iter().find(|(name, ..)| *name == lack).unwrap();
    // Asking for a limit stays allowed: the library does so for every thread.
    let argument = if call == libc::SYS_prlimit64 { 2 } else { 5 };
    let only = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0);
    let rules = if argument == 2 { vec![SeccompRule::new(vec![only.unwrap()]).unwrap()] } else { Vec::new() };
    let refused = SeccompAction::Errno(answer.try_into().unwrap());
    let target = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(BTreeMap::from([(call, rules)]), SeccompAction::Allow, refused, target);
    let filter: seccompiler::BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter(&filter).unwrap();
    panic!("{}", crate::common::dayfly().args(arguments.lines()).exec());
}

/// Runs `dayfly run` on a system that lacks this part.
fn run(lack: &str, policy: &Path, out: &Path) -> Output {
    let arguments = ["run", "random", "-q", "-e", "button", "--isolate", "process", "-p", policy.to_str().unwrap()];
    let arguments = [&arguments[..], &["-o", out.to_str().unwrap()]].concat().join("\n");
    let own = ["--exact", "lacking::without", "--ignored", "--nocapture"];
    let test = std::env::current_exe().unwrap();
    Command::new(test).args(own).env(LACK, lack).env(ARGUMENTS, arguments).output().unwrap()
}

#[test]
fn a_policy_that_demands_what_the_system_lacks_runs_nothing_and_is_told_what_is_missing() {
    let place = tempfile::tempdir().unwrap();
    let demanding = place.path().join("demanding.toml");
    for (lack, _, _, part, why) in LACKS {
        let isolation = format!("[isolation]\nprocess = \"required\"\nparts = [\"{part}\"]\n");
        std::fs::write(&demanding, format!("extends = \"strict\"\n{isolation}")).unwrap();
        let out = place.path().join(lack);
        let refused = run(lack, &demanding, &out);
        let error = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(2), "{lack}: {error}");
        let said = format!("the policy demands a confinement that is not to be had: `{part}`: ");
        assert!(error.contains(&said) && error.contains(why), "{lack}: {error}");
        assert!(error.contains("run it on a system that has it"), "{lack}: {error}");
        assert!(!out.exists());
    }
}

#[test]
fn what_the_system_lacks_and_no_policy_demands_is_said_and_recorded() {
    let place = tempfile::tempdir().unwrap();
    for (lack, _, _, part, why) in LACKS {
        let others: Vec<&str> = ["limits", "landlock", "seccomp"].into_iter().filter(|other| other != part).collect();
        let policy = place.path().join("policy.toml");
        std::fs::write(&policy, format!("extends = \"strict\"\n[isolation]\nparts = {others:?}\n")).unwrap();
        let out = place.path().join(lack);
        let ran = run(lack, &policy, &out);
        let error = String::from_utf8(ran.stderr).unwrap();
        if error.contains("not to be had") {
            // This system lacks more than that part.
            let is_had =
                |part: &&&str| crate::isolation::had().contains(*part) && error.contains(&format!("`{part}`: "));
            assert_eq!(others.iter().find(is_had), None, "this kernel has it: {error}");
            continue;
        }
        assert_eq!(ran.status.code(), Some(0), "{lack}: {error}");
        assert!(error.contains(&format!("not confined by `{part}`: ")) && error.contains(why), "{lack}: {error}");
        let host: Value = serde_json::from_str(&common::read(&out.join("host.json"))).unwrap();
        assert!(host["isolation"]["missing"][part].as_str().unwrap().contains(why), "{host}");
        for other in others {
            assert!(host["isolation"]["in_force"].get(other).is_some(), "{host}");
        }
    }
}
