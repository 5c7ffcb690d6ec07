//! Paths of a workspace, made of names that are valid on every system.

/// Path within the workspace: names joined by `/`; empty for the workspace itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkspacePath(String);

/// Maximum number of bytes of a name.
const NAME: usize = 128;

/// Maximum number of bytes of a path. Every system has room for it below a temporary directory.
pub const PATH: usize = 1024;

/// Characters with a meaning on some system.
const FORBIDDEN: &[char] = &['\\', ':', '*', '?', '"', '<', '>', '|'];

impl WorkspacePath {
    /// Parses a path.
    ///
    /// # Errors
    ///
    /// Returns the rule that `text` breaks.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > PATH {
            return Err("a path has more than 1024 bytes");
        }
        if !text.is_empty() {
            text.split('/').try_for_each(name)?;
        }
        // INVARIANT 1: nothing else makes a path.
        Ok(Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number of names.
    pub(super) fn depth(&self) -> u64 {
        if self.0.is_empty() {
            return 0;
        }
        u64::try_from(self.0.split('/').count()).unwrap_or(u64::MAX)
    }

    /// Returns the folders above the path, outermost first, without the workspace itself.
    pub(super) fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').filter_map(|(end, _)| self.0.get(..end))
    }
}

fn name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("a name is empty: a path neither begins nor ends with `/`, and has none doubled");
    }
    if name.len() > NAME {
        return Err("a name has more than 128 bytes");
    }
    if name.starts_with(['.', ' ']) || name.ends_with(['.', ' ']) {
        return Err("a name begins or ends with a dot or a space");
    }
    if name.contains(|character: char| character.is_control() || FORBIDDEN.contains(&character)) {
        return Err("a name has a character that is not allowed");
    }
    if is_device(name) {
        return Err("a name is that of a device");
    }
    Ok(())
}

/// Returns `true` if Windows takes the name for a device, with or without an extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" => true,
        _ => {
            let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
            port.is_some_and(|number| {
                matches!(number, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_on_every_system() {
        for good in ["", "a", "a/b/c", "notes.txt", "ünïcode", "a b", "com", "com10", "console", "a..b"] {
            assert!(WorkspacePath::parse(good).is_ok(), "{good:?}");
        }
        let long = "x".repeat(129);
        let deep = ["x".repeat(127).as_str(); 9].join("/");
        for bad in [
            "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", ".hidden", "a.", "a ", " a", "a\0", "a\nb", "a\\b",
            "c:", "c:/x", "a*", "nul", "NUL.txt", "a/Con", "COM1", "lpt9.log", "com¹", "aux .txt", &deep, &long,
        ] {
            assert!(WorkspacePath::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_folders_above_are_known() {
        let path = WorkspacePath::parse("a/b/c").unwrap();
        assert_eq!(path.parents().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(path.depth(), 3);
        assert_eq!(WorkspacePath::default().depth(), 0);
    }
}
