//! I/O ports.

use core::arch::asm;

pub(crate) fn read(port: u16) -> u8 {
    let value;
    // SAFETY: no memory is touched; the ports read here are a UART's status and the keyboard controller's.
    unsafe { asm!("in al, dx", out("al") value, in("dx") port, options(nomem, nostack, preserves_flags)) };
    value
}

pub(crate) fn write(port: u16, value: u8) {
    // SAFETY: no memory is touched; the old kernel is gone, and the new one sets its devices up itself.
    unsafe { asm!("out dx, al", in("al") value, in("dx") port, options(nomem, nostack, preserves_flags)) };
}

/// Waits about so many microseconds: a write to the POST code port takes as long, wherever it goes.
pub(crate) fn wait(micros: u32) {
    for _ in 0..micros {
        write(0x80, 0);
    }
}
