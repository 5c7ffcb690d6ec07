//! `dayfly completions` and `dayfly man`: completions and manual pages, made from the arguments.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::failure::Failure;
use super::{Exit, command, find, say};

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "bash: dayfly completions bash > ~/.local/share/bash-completion/completions/dayfly\n\
                  zsh:  dayfly completions zsh > a folder of $fpath/_dayfly\n\
                  fish: dayfly completions fish > ~/.config/fish/completions/dayfly.fish")]
pub(super) struct CompletionsArgs {
    /// Name of the shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn execute(&self) -> Exit {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut command(), "dayfly", &mut text);
        say!("{}", String::from_utf8_lossy(&text).trim_end());
        Exit::Held
    }
}

/// Print a manual page, or write all of them to a folder.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The command that the page is about, such as `run`; the program itself without one.
    command: Option<String>,
    /// Write the pages of the program and of each command to this folder, such as `~/.local/share/man/man1`.
    #[arg(long, short, value_name = "FOLDER", conflicts_with = "command")]
    out: Option<PathBuf>,
}

impl ManArgs {
    pub(super) fn execute(&self) -> Result<Exit, Failure> {
        let mut all = command().disable_help_subcommand(true);
        all.build();
        let shown = |command: &&clap::Command| !command.is_hide_set();
        if let Some(folder) = &self.out {
            std::fs::create_dir_all(folder).map_err(|error| find::unwritten("folder", folder, &error))?;
            for command in std::iter::once(&all).chain(all.get_subcommands().filter(shown)) {
                let name = if command.get_name() == "dayfly" {
                    "dayfly.1".to_owned()
                } else {
                    format!("dayfly-{}.1", command.get_name())
                };
                find::write_text("page", &folder.join(name), &page(command)?)?;
            }
            return Ok(Exit::Held);
        }
        let Some(name) = &self.command else {
            say!("{}", page(&all)?.trim_end());
            return Ok(Exit::Held);
        };
        let known = all.get_subcommands().filter(shown).map(clap::Command::get_name);
        let found = all.get_subcommands().filter(shown).find(|command| command.get_name() == name);
        let unknown = || {
            let help = crate::value::hint(name, "there are", known.collect::<Vec<_>>().into_iter());
            Failure::input(format!("there is no command `{name}`"), help)
        };
        say!("{}", page(found.ok_or_else(unknown)?)?.trim_end());
        Ok(Exit::Held)
    }
}

/// Returns the manual page of a command.
fn page(command: &clap::Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    let command = command.clone().display_name(command.get_bin_name().unwrap_or("dayfly").replace(' ', "-"));
    clap_mangen::Man::new(command).render(&mut text).map_err(|error| Failure::host(&error))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_completes_every_command() {
        let all = command();
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
            let mut text = Vec::new();
            clap_complete::generate(shell, &mut command(), "dayfly", &mut text);
            let text = String::from_utf8(text).unwrap();
            for command in all.get_subcommands().filter(|command| !command.is_hide_set()) {
                assert!(text.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }

    #[test]
    fn a_page_has_every_option_of_its_command() {
        let mut all = command();
        all.build();
        for command in all.get_subcommands() {
            let text = page(command).unwrap().replace("\\-", "-");
            for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(text.contains(&format!("--{option}")), "{}: --{option}", command.get_name());
            }
        }
    }
}
