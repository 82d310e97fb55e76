//! A seccomp filter (seccomp(2)): the system calls that this process may still make. To all others the kernel answers as one that
//! does not have them (ENOSYS), for which a C library is prepared: it takes `clone` where there is no `clone3`.

mod calls;

use calls::{Rule, rules};
use nix::errno::Errno;
use nix::libc;
use std::io;

/// The number of this processor in the kernel's audit records (include/uapi/linux/audit.h).
const PROCESSOR: Option<u32> = if cfg!(target_arch = "x86_64") {
    Some(0xc000_003e)
} else if cfg!(target_arch = "aarch64") {
    Some(0xc000_00b7)
} else {
    None
};

/// SECCOMP_SET_MODE_FILTER.
const SET_FILTER: u32 = 1;
/// SECCOMP_FILTER_FLAG_SPEC_ALLOW: the filter is no reason for a kernel before 5.16 to slow the processor down.
const SPEC_ALLOW: u32 = 1 << 2;

/// Offsets in `struct seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

const LOAD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_ANY_BIT: u16 = 0x45;
const RETURN: u16 = 0x06;

const ALLOW: u32 = 0x7fff_0000;
const KILL: u32 = 0x8000_0000;
const NO_SUCH_CALL: u32 = 0x0005_0000 | 38;

/// Permits the calls of [`rules`] alone.
pub(super) fn filter(writes: bool, loads: bool) -> io::Result<()> {
    let Some(processor) = PROCESSOR else {
        return Err(io::Error::other("skexec does not know the system calls of this processor"));
    };
    let mut program = compile(processor, &rules(writes, loads));
    let len = libc::c_ushort::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    // SAFETY: the length is that of the live array that the kernel reads.
    let answer = unsafe { libc::syscall(libc::SYS_seccomp, SET_FILTER, SPEC_ALLOW, &raw const program) };
    Ok(Errno::result(answer).map(drop)?)
}

const fn step(code: u16, k: u32, jt: u8, jf: u8) -> libc::sock_filter {
    libc::sock_filter { code, jt, jf, k }
}

const fn answer(value: u32) -> libc::sock_filter {
    step(RETURN, value, 0, 0)
}

/// Each rule is a block that ends with an answer; another call skips it.
fn compile(processor: u32, rules: &[Rule]) -> Vec<libc::sock_filter> {
    let mut program = vec![step(LOAD, ARCHITECTURE, 0, 0), step(JUMP_IF_EQUAL, processor, 1, 0), answer(KILL)];
    program.push(step(LOAD, NUMBER, 0, 0));
    for rule in rules {
        let Ok(number) = u32::try_from(rule.call) else { continue };
        let block = rule.only.map_or_else(|| vec![answer(ALLOW)], |test| block(rule.argument, test));
        let length = u8::try_from(block.len()).unwrap_or(u8::MAX);
        program.push(step(JUMP_IF_EQUAL, number, 0, length));
        program.extend(block);
    }
    program.push(answer(NO_SUCH_CALL));
    program
}

/// What an argument must be.
#[derive(Debug, Clone, Copy)]
enum Test<'a> {
    /// One of these numbers of 32 bits.
    Among(&'a [u32]),
    /// A null pointer.
    Null,
    /// Without any of these bits.
    Without(u32),
    /// With one of these bits.
    With(u32),
}

fn block(index: u32, test: Test<'_>) -> Vec<libc::sock_filter> {
    let low = step(LOAD, argument(index), 0, 0);
    let (deny, allow) = (answer(NO_SUCH_CALL), answer(ALLOW));
    match test {
        Test::Among(values) => {
            let each = values.iter().flat_map(|value| [step(JUMP_IF_EQUAL, *value, 0, 1), allow]);
            std::iter::once(low).chain(each).chain([deny]).collect()
        }
        Test::Null => {
            let high = step(LOAD, argument(index).saturating_add(4), 0, 0);
            vec![low, step(JUMP_IF_EQUAL, 0, 0, 2), high, step(JUMP_IF_EQUAL, 0, 1, 0), deny, allow]
        }
        Test::Without(bits) => vec![low, step(JUMP_IF_ANY_BIT, bits, 0, 1), deny, allow],
        Test::With(bits) => vec![low, step(JUMP_IF_ANY_BIT, bits, 1, 0), deny, allow],
    }
}

#[cfg(test)]
mod tests;
