//! Places of the files that the user asks for, and failures to write there.

use std::path::Path;
use std::process::Output;

fn dayfly(folder: &Path, words: &[&str]) -> Output {
    let mut command = crate::common::dayfly();
    command.current_dir(folder).env_remove("GITHUB_ACTIONS").args(words).output().unwrap()
}

#[test]
fn wherever_a_place_is_named_that_cannot_be_written_the_exit_code_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for words in [
        &["run", "random", "-e", "button", "--out", "file/run"][..],
        &["run", "random", "-e", "button", "--out", "file"],
        &["init", "file"],
        &["test", "-a", "random", "-P", "P01", "--junit", "file/x.xml"],
        &["measure", "horizon", "planner", "--svg", "file/x.svg"],
    ] {
        let output = dayfly(folder.path(), words);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty(), "{words:?}");
    }
}

#[test]
#[cfg(unix)]
fn no_pipe_and_no_device_is_written_to_and_none_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
    assert!(made.success());
    for place in ["pipe", "/dev/zero"] {
        for words in [
            &["run", "random", "-e", "button", "--svg", place][..],
            &["test", "-a", "random", "-P", "P01", "--junit", place],
            &["measure", "horizon", "planner", "--svg", place],
        ] {
            let mut child = crate::common::dayfly();
            child.current_dir(folder.path()).env_remove("GITHUB_ACTIONS").args(words);
            let mut child =
                child.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
            let begun = std::time::Instant::now();
            while child.try_wait().unwrap().is_none() {
                if begun.elapsed() > std::time::Duration::from_mins(1) {
                    child.kill().unwrap();
                    panic!("{words:?} waits");
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
            assert!(said.contains(place) && said.contains("it is not a regular file"), "{words:?}: {said}");
        }
    }
}

#[test]
#[cfg(unix)]
fn init_leaves_no_file_behind_that_is_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    // A limit on the size of files stands in for the disk: writing fails in the same way. The
    // second limit has room for the policy, and not for the suite.
    for blocks in [0, 2] {
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{}' init", env!("CARGO_BIN_EXE_dayfly"));
        let output = crate::common::command("sh").args(["-c", &limited]).current_dir(&folder).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        let files: Vec<_> = walk(folder.path());
        assert!(files.is_empty(), "{blocks}: {files:?}");
    }
    assert_eq!(dayfly(folder.path(), &["init"]).status.code(), Some(0), "nothing is in its way");
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    let mode = |file: &Path| std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    for file in walk(folder.path()) {
        assert_eq!(mode(&file), mode(&plain), "{}", file.display());
    }
}

/// Returns every file in a folder, and in the folders in it.
#[cfg(unix)]
fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
