//! The `skexec` command.

use skexec::cli::Terminal;
use skexec::sources::Root;
use skexec::sys::{Allocator, Live};
use skexec::system::System;
use std::io;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Allocator = skexec::cli::allocator();

fn main() -> ExitCode {
    skexec::sys::ignore_file_size_signal();
    Terminal::of(&io::stdout()).is_standard_output();
    let system = System { root: &Root::default(), kexec: &Live };
    let code = skexec::cli::start(system, std::env::args_os(), &mut io::stdout().lock(), &mut io::stderr().lock());
    ExitCode::from(code)
}
