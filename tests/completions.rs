//! The completions: what bash offers, and that the other shells' scripts ask the program.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../dist/generate/completions.rs"]
mod completions;
mod support;

use clap_complete::Shell;
use std::process::Command;
use support::Lab;

fn script(wanted: Shell) -> String {
    let all = completions::all(skexec::cli::command()).unwrap();
    all.into_iter().find(|(shell, _)| *shell == wanted).unwrap().1
}

/// What bash offers for the last word of the line; `skexec complete` answers with its subject and two names.
fn offered(line: &str) -> String {
    let words: Vec<_> = line.split(' ').collect();
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let [.., previous, last] = words.as_slice() else { panic!("{line}") };
    let text = format!(
        "{}\nskexec() {{ shift; printf '%s\\n' \"$*\" one two; }}\nCOMP_WORDS=({}); COMP_CWORD={}\n\
         _skexec skexec '{last}' '{previous}'\nprintf '%s ' \"${{COMPREPLY[@]}}\"\n",
        script(Shell::Bash),
        quoted.join(" "),
        words.len() - 1
    );
    let run = Command::new("bash").args(["--norc", "-c", &text]).output().unwrap();
    assert!(run.stderr.is_empty(), "{}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8(run.stdout).unwrap().trim().to_owned()
}

#[test]
fn bash_asks_for_what_only_the_machine_knows() {
    let rows = [
        ("skexec load --entry ", "entries one two"),
        ("skexec load --entry t", "two"),
        ("skexec load --kernel-version ", "versions one two"),
        ("skexec load a.efi --profile ", "profiles -- skexec load a.efi --profile one two"),
        ("skexec inspect --profile o", "o one"),
        ("skexec reboot --entry ", "entries one two"),
        ("skexec reboot --kernel-version ", "versions one two"),
        ("skexec explain unknown-s", "unknown-signer"),
        ("skexec explain load-l", "load-limit"),
        ("skexec help warn", "warnings"),
        ("skexec load --no-ini", "--no-initrd"),
        ("skexec ent", "entries"),
    ];
    for (line, wanted) in rows {
        assert_eq!(offered(line), wanted, "{line}");
    }
}

#[test]
fn the_other_shells_ask_as_well() {
    for (shell, asks) in [
        (Shell::Zsh, ":ID:{compadd -- ${(f)\"$(skexec complete entries 2>/dev/null)\"}}'"),
        (Shell::Zsh, ":VERSION:{compadd -- ${(f)\"$(skexec complete versions 2>/dev/null)\"}}'"),
        (Shell::Zsh, ":{compadd -- ${(f)\"$(skexec complete profiles -- \"${(Q@)words}\" 2>/dev/null)\"}}'"),
        (Shell::Fish, " -l entry "),
        (Shell::Fish, " -r -f -a \"(skexec complete profiles -- (commandline -opc) 2>/dev/null)\""),
        (Shell::Fish, "\"__fish_skexec_using_subcommand explain\" -f -a \""),
        (Shell::Fish, " -r -f -a \"(skexec complete entries 2>/dev/null)\""),
        (Shell::Fish, " -r -f -a \"(skexec complete versions 2>/dev/null)\""),
    ] {
        assert!(script(shell).contains(asks), "{shell}: {asks}");
    }
}

#[test]
fn names_that_a_shell_would_part_are_left_out() {
    let lab = Lab::new();
    assert_eq!((lab.run("complete entries").out.as_str(), lab.run("complete entries").exit), ("", 0));
    lab.system_bytes("/boot/linux", &forge::signed_bzimage());
    for name in ["a+1", "b c", "d$(x)", "e"] {
        lab.system(&format!("/boot/loader/entries/{name}.conf"), "linux /linux\nversion 6.12\n");
    }
    for version in ["5.10", "6.1.0-9", "6.1.0-10"] {
        lab.system_bytes(&format!("/boot/vmlinuz-{version}"), b"kernel");
    }
    let run = lab.run("complete entries");
    assert_eq!(run.exit, 0);
    assert!(run.out.lines().all(|word| ["default", "a.conf", "a+1.conf", "e.conf"].contains(&word)), "{run:?}");
    assert!(run.out.contains("e.conf\n") && run.err.is_empty(), "{run:?}");
    let versions = lab.run("complete versions").out;
    let of_boot: Vec<_> = versions.lines().filter(|version| *version != "6.12").collect();
    assert_eq!(of_boot, ["6.1.0-10", "6.1.0-9", "5.10"]);
    assert_eq!(lab.run("complete nothing").exit, 2);
}
