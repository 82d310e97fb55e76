//! `kexec --help`, and the rows of the pages that describe the options.

use super::options::{KexecOption, KexecType, OPTIONS, TYPES, Treatment};

/// The column in which the descriptions begin.
const COLUMN: usize = 29;

const HEAD: &str = "\
Usage: kexec [OPTION]... [KERNEL]
       kexec -l KERNEL [--initrd=FILE] [--append=STRING | --reuse-cmdline]
       kexec -e | -u | -S

skexec, with the command line of kexec-tools: KERNEL is loaded only if its signature leads to a trusted
certificate, or if the policy (/etc/skexec/policy.toml) allows unsigned kernels. Without -l, -p, -u, -e or -f,
KERNEL is loaded, and the machine is shut down to boot it.
";

const TAIL: &str = "\
Exit codes:
  0    done; with -S: nothing is loaded
  1    the command line is wrong, or there is nothing to boot; with -S: a kernel is loaded
  253  the running kernel has no kexec_file_load, or it takes no image of this format
  254  no memory is reserved for a crash kernel
  255  refused or failed; with -S: it is not known

Each refusal says on standard error what is wrong and what to do. kexec(8) and docs/kexec.md describe all
of this; skexec load --help describes what kexec-tools has no words for.
";

/// The options of kexec-tools, in the order of the manual.
#[must_use]
pub const fn kexec_options() -> &'static [KexecOption] {
    OPTIONS
}

/// The kernel types of `--type`.
#[must_use]
pub const fn kexec_types() -> &'static [KexecType] {
    TYPES
}

/// The text of `kexec --help`.
pub(in crate::cli) fn help() -> String {
    let (mut done, mut accepted, mut refused) = (String::new(), String::new(), String::new());
    for option in OPTIONS {
        let gap = if option.short.is_some() { "" } else { "    " };
        let typed = format!("  {gap}{}", option.typed());
        let (list, what) = match option.treatment {
            Treatment::Done(_, what) => (&mut done, what),
            Treatment::Accepted(why) => (&mut accepted, why),
            Treatment::Refused(why, _) => (&mut refused, why),
        };
        list.push_str(&format!("{typed:<COLUMN$} {what}\n"));
    }
    let types = |refused: bool| {
        let names = TYPES.iter().filter(|kind| kind.refused.is_some() == refused).map(|kind| kind.name);
        names.collect::<Vec<_>>().join(", ")
    };
    format!(
        "{HEAD}\nOptions:\n{done}\nAccepted, but nothing needs to be done:\n{accepted}\nRefused:\n{refused}\n\
         Types: {}\nRefused types: {}\n\n{TAIL}",
        types(false),
        types(true)
    )
}
