//! The manual page kexec(8): the options of kexec-tools, from the table that the program uses.

use skexec::cli::{KexecTreatment, kexec_options, kexec_types};
use std::fmt::Write as _;

/// The page, in roff; `source` is the name and version of what it belongs to.
pub(crate) fn page(source: &str) -> String {
    let (mut done, mut accepted, mut refused) = (String::new(), String::new(), String::new());
    for option in kexec_options() {
        let typed = option.typed();
        match option.treatment {
            KexecTreatment::Done(_, what) => entry(&mut done, &typed, what, None),
            KexecTreatment::Accepted(why) => entry(&mut accepted, &typed, why, None),
            KexecTreatment::Refused(why, advice) => entry(&mut refused, &typed, why, Some(advice)),
        }
    }
    for kind in kexec_types() {
        if let Some((why, advice)) = kind.refused {
            entry(&mut refused, &format!("--type={}", kind.name), why, Some(advice));
        }
    }
    let head = include_str!("kexec.head.roff");
    let tail = include_str!("kexec.tail.roff");
    format!(
        ".TH KEXEC 8 \"\" \"{}\" \"System Administration\"\n{head}.SH OPTIONS\n{done}\
         .SS \"Accepted, but nothing needs to be done\"\n{accepted}.SS Refused\n{refused}{tail}",
        roff(source)
    )
}

/// A tagged paragraph.
fn entry(list: &mut String, typed: &str, what: &str, advice: Option<&str>) {
    let advice = advice.map(|advice| format!(" What to do: {}.", roff(advice))).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(list, ".TP\n.B {}\n{}.{advice}", roff(typed).replace('"', "\\(dq"), sentence(what));
}

/// The text, beginning with a capital letter unless it begins with a name.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().filter(|_| !text.starts_with("skexec"));
    let text = first.map_or_else(|| text.to_owned(), |first| first.to_uppercase().chain(letters).collect());
    // A full stop or an apostrophe at the beginning would be a request.
    format!("\\&{}", roff(&text))
}

fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
