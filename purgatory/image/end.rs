//! The end: a reset by every way there is, or a processor that sleeps.

use crate::io;
use core::arch::asm;
use skexec_purgatory::{OnMismatch, Params};

/// Reset Control Register of Intel's south bridges, and what others copied from it: the kind of reset, then the edge.
const RESET_CONTROL: u16 = 0xcf9;
const KEYBOARD_COMMAND: u16 = 0x64;
/// The keyboard controller's input buffer is full.
const INPUT_FULL: u8 = 1 << 1;
/// It pulls the processor's reset line.
const PULSE_RESET: u8 = 0xfe;

pub(crate) fn end(params: &Params) -> ! {
    if params.on_mismatch == OnMismatch::HALT {
        halt();
    }
    reset()
}

fn reset() -> ! {
    for value in [0x02, 0x06, 0x0e] {
        io::write(RESET_CONTROL, value);
        io::wait(1000);
    }
    // A byte that never gets free must not keep us.
    for _ in 0..10_000 {
        if io::read(KEYBOARD_COMMAND) & INPUT_FULL == 0 {
            break;
        }
    }
    io::write(KEYBOARD_COMMAND, PULSE_RESET);
    io::wait(10_000);
    // SAFETY: `entry.s` has it; it does not come back.
    unsafe { asm!("jmp give_up", options(noreturn)) }
}

fn halt() -> ! {
    loop {
        // SAFETY: touches nothing. What is not masked (an NMI) wakes it up for one turn.
        unsafe { asm!("cli", "hlt", options(nomem, nostack)) };
    }
}
