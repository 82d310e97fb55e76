//! The pages under docs/ that come from the code. `BLESS=1 cargo test --test docs` writes them anew.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use skexec::reason::{Caution, Reason};
use std::fmt::Write as _;
use std::path::Path;

fn compare(name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/{name} is out of date: BLESS=1 cargo test --test docs");
}

#[test]
fn reasons() {
    let mut page = String::from(
        "# Reasons\n\n\
         Every refusal has one of these slugs, in `--json` as `reason` and `reasons`, on the terminal in brackets at the\n\
         end of its line. The table is made from `src/reason/table.rs`.\n\n\
         Exit codes: 1 failed, 2 usage, 3 not trusted, 4 malformed, unsupported or does not fit, 5 not permitted.\n\n\
         The kernel's column is what `kexec_file_load` of the reference kernel answers under enforcement: `0` where\n\
         skexec is stricter by intent, `-` where the kernel is never asked.\n\n\
         | slug | exit | kernel | what it means | what to do |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for reason in Reason::ALL {
        let (slug, exit) = (reason.slug(), reason.exit().code());
        let cell = |text: &str| text.replace('|', "\\|");
        let (kernel, means, advice) = (reason.kernel(), cell(reason.means()), cell(reason.advice()));
        writeln!(page, "| `{slug}` | {exit} | {kernel} | {means} | {advice} |").unwrap();
    }
    compare("reasons.md", &page);
}

#[test]
fn warnings() {
    let mut page = String::from(
        "# Warnings\n\n\
         A warning refuses nothing. Each has one of these slugs, in `--json` in the list `warnings`, on the terminal in brackets\n\
         at the end of its line. The table is made from `src/reason/warning.rs`.\n\n\
         | slug | what it means | what to do |\n\
         | --- | --- | --- |\n",
    );
    for caution in Caution::ALL {
        let cell = |text: &str| text.replace('|', "\\|");
        writeln!(page, "| `{caution}` | {} | {} |", cell(caution.means()), cell(caution.advice())).unwrap();
    }
    compare("warnings.md", &page);
}
