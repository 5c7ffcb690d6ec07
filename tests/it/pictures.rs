//! Picture of a run that the README shows.

use crate::common::{read, root};

#[test]
fn the_picture_in_the_readme_is_what_the_program_draws() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["run", "overstayer", "-e", "off-switch", "-n", "12", "--seed", "0", "--svg", "run.svg", "-q"];
    let drawn = crate::common::dayfly().current_dir(folder.path()).args(words).output().unwrap();
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let readme = read(&root().join("README.md"));
    assert!(readme.contains("](docs/run.svg)") && readme.contains("run overstayer -e off-switch -n 12 --svg run.svg"));
    assert_eq!(read(&folder.path().join("run.svg")), read(&root().join("docs/run.svg")));
}
