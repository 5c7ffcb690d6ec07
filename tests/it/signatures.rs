//! Signed records from the outside: keys, runs that are signed, forgers, and a stranger who checks a proof without
//! Dayfly.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dayfly::ledger::{
    Head, Manifest, ProvedLeaf, Reason, Sealed, SealedManifest, SigningKey, Verification, VerifyingKey, Writer, prove,
    verify,
};

use crate::common::{read, root};
use crate::suites::dayfly;

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs the program. Fails with what it said if it exits with another code.
#[track_caller]
fn said(folder: &Path, words: &[&str], code: i32) -> String {
    let output = dayfly(folder, words);
    assert_eq!(output.status.code(), Some(code), "{words:?}: {}", text(&output));
    text(&output)
}

/// Returns a folder with two keys, and a signed run of so many episodes.
fn signed(episodes: &str, rest: &[&str]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    said(place.path(), &["key", "new", "release.key", "--name", "example.com/release"], 0);
    said(place.path(), &["key", "new", "other.key", "--name", "example.com/release"], 0);
    let run = ["run", "random", "-e", "button", "-n", episodes, "--out", "run", "--quiet", "--sign", "release.key"];
    said(place.path(), &[&run, rest].concat(), 0);
    place
}

/// Asks Python, which knows nothing of Dayfly, whether a proof is good. Returns `None` if there is no Python.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn is_proved(folder: &Path, key: &str, proof: &str, leaf: &str) -> Option<bool> {
    let script = root().join("tests/it/proof.py");
    let Ok(output) = Command::new("python3").arg(script).args([key, proof, leaf]).current_dir(folder).output() else {
        eprintln!("skipped: there is no python3 to check a proof with");
        return None;
    };
    let is_good = output.status.success();
    assert!(is_good || text(&output).contains("Error"), "{}", text(&output));
    Some(is_good)
}

#[test]
fn a_stranger_checks_an_episode_with_the_public_half_alone() {
    let place = signed("5", &[]);
    let folder = place.path();
    let proved = said(folder, &["prove", "run", "--episode", "3"], 0);
    assert!(proved.contains("dayfly verify --proof episode-3.tlog-proof --key KEY.pub episode-3.json"), "{proved}");
    let check = |key: &str, leaf: &str, code| {
        said(folder, &["verify", "--proof", "episode-3.tlog-proof", "--key", key, leaf], code)
    };
    let good = check("release.pub", "episode-3.json", 0);
    assert!(
        good.starts_with("proved    episode 3 of the run ") && good.ends_with("signed    by example.com/release\n")
    );
    let line = read(&folder.join("run/transcripts.jsonl")).lines().nth(3).unwrap().to_owned();
    assert_eq!(line, read(&folder.join("episode-3.json")));
    std::fs::write(folder.join("cut.json"), format!("{line}\n")).unwrap();
    check("release.pub", "cut.json", 0);
    assert!(check("other.pub", "episode-3.json", 1).starts_with("signed by someone else: "));
    std::fs::write(folder.join("edited.json"), line.replace("\"steps\":", "\"steps\":1")).unwrap();
    assert!(check("release.pub", "edited.json", 1).starts_with("edited: "));
    said(folder, &["prove", "run", "--close"], 0);
    let close = ["verify", "--proof", "close.tlog-proof", "--key", "release.pub", "close.json"];
    assert!(said(folder, &close, 0).starts_with("proved    the close of the run "));
    said(folder, &["prove", "run", "--episode", "5"], 2);
    said(folder, &["prove", "run", "--episode", "3"], 2);
    for (key, proof, leaf, is_good) in [
        ("release.pub", "episode-3.tlog-proof", "episode-3.json", true),
        ("release.pub", "close.tlog-proof", "close.json", true),
        ("release.pub", "episode-3.tlog-proof", "edited.json", false),
        ("release.pub", "close.tlog-proof", "episode-3.json", false),
        ("other.pub", "episode-3.tlog-proof", "episode-3.json", false),
    ] {
        assert_eq!(is_proved(folder, key, proof, leaf).unwrap_or(is_good), is_good, "{key} {proof} {leaf}");
    }
}

/// Edits an episode, and writes the whole record anew with the program, but without the key.
fn forge(from: &Path, to: &Path, key: Option<SigningKey>) {
    let manifest: Manifest = serde_json::from_str(&read(&from.join("manifest.json"))).unwrap();
    let sealed = SealedManifest::new(&manifest).unwrap();
    let mut writer = match key {
        Some(key) => Writer::create_signed(to, &sealed, key),
        None => Writer::create(to, &sealed),
    }
    .unwrap();
    for line in read(&from.join("transcripts.jsonl")).lines() {
        // Nothing else says how much fuel an episode used.
        let line = line.replacen("\"fuel\":", "\"fuel\":1", 1);
        writer.append(&Sealed::new(line.into_bytes()).unwrap()).unwrap();
    }
    writer.close(Reason::Completed).unwrap();
}

#[test]
fn a_forger_who_recomputes_every_file_is_caught_by_the_key_and_by_nothing_else() {
    let place = signed("5", &[]);
    let folder = place.path();
    let verify = |run: &str, rest: &[&str], code| said(folder, &[&["verify", run], rest].concat(), code);
    let with = ["--key", "release.pub"];
    let whole = verify("run", &with, 0);
    assert!(
        whole.starts_with("whole   5 episodes, completed\n") && whole.ends_with("signed  by example.com/release\n")
    );
    let unchecked = verify("run", &[], 0);
    assert!(unchecked.ends_with("signed  by example.com/release (not checked: no `--key`)\n"), "{unchecked}");
    // All files that are not signed are computed anew.
    forge(&folder.join("run"), &folder.join("forged"), None);
    let forged = verify("forged", &[], 0);
    assert!(forged.starts_with("whole     5 episodes") && forged.contains("\nunsigned  "), "{forged}");
    assert!(verify("forged", &with, 1).starts_with("unsigned: `checkpoint.note` is not there"));
    // With the signature that was there.
    std::fs::copy(folder.join("run/checkpoint.note"), folder.join("forged/checkpoint.note")).unwrap();
    for rest in [&with[..], &[]] {
        assert!(verify("forged", rest, 1).starts_with("edited: `checkpoint.note`: the root that was signed is "));
    }
    // Signed by another key of the same name.
    let other: SigningKey = read(&folder.join("other.key")).trim_end().parse().unwrap();
    forge(&folder.join("run"), &folder.join("signed"), Some(other));
    assert!(verify("signed", &with, 1).starts_with("signed by someone else: `checkpoint.note`: "));
    assert!(verify("signed", &[], 0).contains("not checked"));
    let json = verify("signed", &["--json", "--key", "release.pub"], 1);
    assert!(json.contains("\"signature\": \"bad\"") && json.contains("\"kind\": \"signed by someone else\""), "{json}");
    let json = verify("run", &["--json", "--key", "release.pub"], 0);
    assert!(json.contains("\"signed\": true,\n  \"signature\": \"good\""), "{json}");
}

#[test]
fn a_root_or_a_checkpoint_that_was_kept_is_compared() {
    let place = signed("5", &[]);
    let folder = place.path();
    std::fs::copy(folder.join("run/checkpoint.note"), folder.join("kept.note")).unwrap();
    let verify = |rest: &[&str], code| said(folder, &[&["verify", "run"], rest].concat(), code);
    verify(&["--root", "kept.note", "--key", "release.pub"], 0);
    assert!(verify(&["--root", "release.pub"], 2).contains("or the file of a checkpoint"));
    let first = read(&folder.join("run/checkpoints.jsonl")).lines().nth(1).unwrap()[18..82].to_owned();
    assert!(verify(&["--root", &first], 1).starts_with("newer than the root: "));
    assert!(verify(&["--root", &"0".repeat(64)], 1).starts_with("edited: the root is "));
}

#[test]
fn the_same_inputs_and_the_same_key_are_the_same_bytes() {
    let place = signed("300", &["--jobs", "1"]);
    let folder = place.path();
    let run = ["run", "random", "-e", "button", "-n", "300", "--quiet"];
    said(folder, &[&run[..], &["--out", "plain"]].concat(), 0);
    said(folder, &[&run[..], &["--out", "jobs", "--jobs", "3", "--sign", "release.key"]].concat(), 0);
    if cfg!(target_os = "linux") {
        said(folder, &[&run[..], &["--out", "apart", "--isolate", "process", "--sign", "release.key"]].concat(), 0);
    }
    let bytes = |run: &str, name: &str| std::fs::read(folder.join(run).join(name)).unwrap();
    let others = if cfg!(target_os = "linux") { &["jobs", "apart"][..] } else { &["jobs"] };
    for other in others {
        assert_eq!(bytes("run", "checkpoint.note"), bytes(other, "checkpoint.note"));
        said(folder, &["verify", other, "--key", "release.pub"], 0);
    }
    for name in ["manifest.json", "transcripts.jsonl", "leaves.bin", "checkpoints.jsonl"] {
        assert_eq!(bytes("run", name), bytes("plain", name), "{name}");
    }
    assert!(!folder.join("plain/checkpoint.note").exists() && !folder.join("plain/host.note").exists());
}

/// Simulates a full disk by a limit on the size of files.
#[test]
fn a_signed_run_whose_disk_is_full_is_signed_as_far_as_it_was_recorded() {
    let place = signed("1", &[]);
    let limited = format!(
        "trap '' XFSZ; ulimit -f 64; exec '{}' run random -e button -n 5000 --quiet --out full --sign release.key",
        env!("CARGO_BIN_EXE_dayfly")
    );
    let output = crate::common::command("sh").args(["-c", &limited]).current_dir(&place).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    let whole = said(place.path(), &["verify", "full", "--key", "release.pub"], 0);
    assert!(whole.contains(", aborted\n") && whole.ends_with("signed  by example.com/release\n"), "{whole}");
}

#[test]
fn a_key_is_for_its_user_alone_lies_outside_of_runs_and_is_never_overwritten() {
    let place = signed("1", &[]);
    let folder = place.path();
    let (secret, public) = (read(&folder.join("release.key")), read(&folder.join("release.pub")));
    assert_eq!(folder.join("release.key").metadata().unwrap().mode() & 0o777, 0o600);
    assert_eq!(secret.trim_end().parse::<SigningKey>().unwrap().verifying().to_string(), public.trim_end());
    public.trim_end().parse::<VerifyingKey>().unwrap();
    assert!(said(folder, &["key", "new", "release.key"], 2).contains("`release.key` exists"));
    assert!(said(folder, &["key", "new", "x.pub"], 2).contains("ends in `.pub`"));
    assert!(said(folder, &["key", "new", "x.key", "--name", "a b"], 2).contains("no space"));
    std::fs::create_dir(folder.join("run/below")).unwrap();
    for within in ["run/my.key", "run/below/my.key"] {
        assert!(said(folder, &["key", "new", within], 2).contains("lies in the folder of a run"), "{within}");
        assert!(!folder.join(within).exists());
        std::fs::copy(folder.join("release.key"), folder.join(within)).unwrap();
        let run = ["run", "random", "-e", "button", "--out", "never", "--sign", within];
        assert!(said(folder, &run, 2).contains("lies in the folder of a run"), "{within}");
        assert!(!folder.join("never").exists());
    }
    std::fs::set_permissions(folder.join("release.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let run = ["run", "random", "-e", "button", "--quiet", "--out", "seen", "--sign", "release.key"];
    assert!(said(folder, &run, 0).contains("note: others can read or write `release.key`"));
}

#[test]
fn what_is_no_key_is_told_why_and_nothing_of_it_is_shown() {
    let place = signed("1", &[]);
    let folder = place.path();
    let (secret, public) = (read(&folder.join("release.key")), read(&folder.join("release.pub")));
    let seed = secret.trim_end().splitn(5, '+').last().unwrap().to_owned();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).unwrap();
    write("cut.key", &secret.as_bytes()[..secret.len() - 6]);
    write("renamed.key", secret.replace("release", "relaese").as_bytes());
    write("twice.key", secret.repeat(2).as_bytes());
    write("bytes.key", &[0xff; 64]);
    write("long.key", secret.repeat(100).as_bytes());
    std::fs::create_dir(folder.join("folder.key")).unwrap();
    for (key, why) in [
        ("cut.key", "it is not a key"),
        ("renamed.key", "its name and its key do not belong together"),
        ("twice.key", "it is not a key"),
        ("bytes.key", "it is not a key"),
        ("long.key", "it is too long to be one"),
        ("folder.key", "it is not a regular file"),
        ("nothing.key", "No such file"),
        ("release.pub", "it is the public half of a key"),
    ] {
        let message = said(folder, &["run", "random", "-e", "button", "--out", "never", "--sign", key], 2);
        assert!(message.contains(why) && message.contains(key), "{message}");
        assert!(!message.contains(&seed[..12]), "{message}");
    }
    assert!(!folder.join("never").exists());
    let message = said(folder, &["verify", "run", "--key", "release.key"], 2);
    assert!(message.contains("it is a signing key") && !message.contains(&seed[..12]), "{message}");
    for file in std::fs::read_dir(folder.join("run")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(12).any(|window| window == &seed.as_bytes()[..12]));
    }
    assert!(public.starts_with("example.com/release+"));
}

/// Looks for the key in the memory, the arguments and the environment of the supervisor and of its workers.
#[test]
#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn no_worker_has_the_key_of_its_run() {
    let place = signed("1", &[]);
    let secret = read(&place.path().join("release.key"));
    let bytes = data_encoding::BASE64.decode(secret.trim_end().splitn(5, '+').last().unwrap().as_bytes()).unwrap();
    let run = ["run", "random", "-e", "button", "-n", "100000000", "--quiet", "--out", "long"];
    let rest = ["--isolate", "process", "--jobs", "1", "--sign", "release.key"];
    let mut child = crate::common::dayfly().current_dir(&place).args(run).args(rest).spawn().unwrap();
    let begun = std::time::Instant::now();
    let note = place.path().join("long/checkpoint.note");
    while std::fs::read_to_string(&note).map_or(0, |note| note.lines().nth(1).unwrap_or("0").parse().unwrap()) < 64 {
        assert!(begun.elapsed().as_secs() < 120 && child.try_wait().unwrap().is_none(), "nothing is signed");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let workers = crate::isolation::children(child.id());
    let found = [&[child.id()], &workers[..]].concat().into_iter().map(|process| has(process, &bytes[1..]));
    let found: Vec<Option<bool>> = found.collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(found.len() > 1);
    if found[0].is_none() {
        eprintln!("skipped: the memory of a process cannot be read here");
        return;
    }
    assert_eq!(found[0], Some(true), "the supervisor has the key");
    assert!(found[1..].iter().all(|found| *found != Some(true)), "{found:?}");
    assert!(found[1..].contains(&Some(false)) || found[1..] == [None], "{found:?}");
    // What was signed until then is vouched for.
    let told = said(place.path(), &["verify", "long", "--key", "release.pub"], 1);
    assert!(told.starts_with("not closed: ") && told.contains("\nsigned    by example.com/release: "), "{told}");
}

/// Looks for bytes in what a process has written to, in pieces of memory up to 64 MiB. Returns `None` if it cannot be
/// read.
#[cfg(target_os = "linux")]
fn has(process: u32, bytes: &[u8]) -> Option<bool> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let mut memory = std::fs::File::open(format!("/proc/{process}/mem")).ok()?;
    let mut seen = 0;
    for line in std::fs::read_to_string(format!("/proc/{process}/maps")).ok()?.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).unwrap());
        if !rest.starts_with("rw") || end - start > 64 << 20 {
            continue;
        }
        let mut piece = vec![0; usize::try_from(end - start).unwrap()];
        if memory.seek(SeekFrom::Start(start)).is_err() || memory.read_exact(&mut piece).is_err() {
            continue;
        }
        seen += piece.len();
        if piece.windows(bytes.len()).any(|window| window == bytes) {
            return Some(true);
        }
    }
    (seen > 0).then_some(false)
}

/// Returns the `text` blocks of the page about signatures.
fn vectors() -> Vec<String> {
    let page = read(&root().join("docs/ledger.md"));
    let blocks = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

/// Makes what the page shows anew, from the key that it shows and a record of this repository.
#[test]
fn what_the_page_shows_byte_by_byte_is_so() {
    let vectors = vectors();
    let [secret, public, note, proof, leaf] = &vectors[vectors.len() - 5..] else { panic!("{vectors:#?}") };
    let place = tempfile::tempdir().unwrap();
    let run = place.path().join("run");
    std::fs::create_dir(&run).unwrap();
    for file in std::fs::read_dir(root().join("tests/cases/ledgers/version-1")).unwrap() {
        let file: PathBuf = file.unwrap().path();
        std::fs::copy(&file, run.join(file.file_name().unwrap())).unwrap();
    }
    let key = SigningKey::from_seed("example.com/release", std::array::from_fn(|index| u8::try_from(index).unwrap()))
        .unwrap();
    let Verification::Whole { head, .. } = verify(&run, None).unwrap() else { panic!("it is not whole") };
    let manifest = dayfly::value::Digest::of(&std::fs::read(run.join("manifest.json")).unwrap());
    std::fs::write(run.join("checkpoint.note"), key.checkpoint(manifest, head)).unwrap();
    let (made, line) = prove(&run, ProvedLeaf::Episode(3)).unwrap();
    let of = |text: String| format!("{}\n", text.trim_end());
    assert_eq!(*secret, of(key.secret()));
    assert_eq!(*public, of(key.verifying().to_string()));
    assert_eq!(*note, key.checkpoint(manifest, head));
    assert_eq!(*proof, made.to_string());
    assert_eq!(*leaf, of(String::from_utf8(line).unwrap()));
    for (name, text) in [("k.pub", public), ("p", proof), ("leaf", &leaf.trim_end().to_owned())] {
        std::fs::write(place.path().join(name), text).unwrap();
    }
    assert!(is_proved(place.path(), "k.pub", "p", "leaf").unwrap_or(true));
    let Head { episodes, .. } = head;
    assert_eq!(episodes, 6);
}
