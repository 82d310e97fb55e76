//! The completions of three shells: as clap makes them, and with values that the program is asked for when they are needed.

use anyhow::{Result, ensure};
use clap::Command;
use clap_complete::Shell;

/// An option, and what `skexec complete` is asked for; the number of commands with the option. Profiles are those of a file on the line.
const ASKED: [(&str, &str, usize); 3] =
    [("entry", "entries", 2), ("kernel-version", "versions", 2), ("profile", "profiles", 4)];

/// The script of each shell.
pub(crate) fn all(mut program: Command) -> Result<Vec<(Shell, String)>> {
    let mut scripts = Vec::new();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut program, "skexec", &mut script);
        let mut script = String::from_utf8(script)?;
        for (option, subject, commands) in ASKED {
            script = asking(shell, &script, option, subject, commands)?;
        }
        if shell == Shell::Fish {
            script += &arguments(&program);
        }
        scripts.push((shell, script));
    }
    Ok(scripts)
}

/// The values of arguments without an option: clap's script for fish leaves them out.
fn arguments(program: &Command) -> String {
    let mut lines = String::new();
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        let values = command.get_positionals().flat_map(clap::Arg::get_possible_values);
        let words: Vec<_> = values.map(|value| value.get_name().to_owned()).collect();
        if !words.is_empty() {
            let asked = format!("__fish_skexec_using_subcommand {}", command.get_name());
            lines += &format!("complete -c skexec -n \"{asked}\" -f -a \"{}\"\n", words.join(" "));
        }
    }
    lines
}

/// The script with the values of this option asked for. It is an error if clap writes its scripts in another way than it did.
fn asking(shell: Shell, script: &str, option: &str, subject: &str, commands: usize) -> Result<String> {
    let line = match (subject, shell) {
        ("profiles", Shell::Bash) => " -- \"${COMP_WORDS[@]}\"",
        ("profiles", Shell::Zsh) => " -- \"${(Q@)words}\"",
        ("profiles", _) => " -- (commandline -opc)",
        _ => "",
    };
    let ask = format!("skexec complete {subject}{line} 2>/dev/null");
    let mut found = 0;
    let mut lines: Vec<String> = script.lines().map(str::to_owned).collect();
    let mut in_option = false;
    for line in &mut lines {
        match shell {
            Shell::Bash => {
                if in_option && line.trim() == r#"COMPREPLY=($(compgen -f "${cur}"))"# {
                    *line = line.replace(r#"-f "${cur}""#, &format!(r#"-W "$({ask})" -- "${{cur}}""#));
                    found += 1;
                }
                in_option = line.trim() == format!("--{option})");
            }
            Shell::Zsh if line.contains(&format!("--{option}=[")) && line.ends_with(":_default' \\") => {
                *line = line.replace(":_default' \\", &format!(":{{compadd -- ${{(f)\"$({ask})\"}}}}' \\"));
                found += 1;
            }
            Shell::Fish if line.contains(&format!(" -l {option} ")) && line.ends_with(" -r") => {
                line.push_str(&format!(" -f -a \"({ask})\""));
                found += 1;
            }
            _ => {}
        }
    }
    ensure!(found == commands, "{shell}: {found} places complete --{option}, and {commands} were expected");
    Ok(lines.join("\n") + "\n")
}
