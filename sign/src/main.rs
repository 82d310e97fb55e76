//! The program; all of it is in the library, so that the manual page and the completions can be made from its command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    skexec_sign::main()
}
