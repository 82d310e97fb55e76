//! Where the report goes: a UART as the old kernel left it, the VGA text buffer, or nowhere.

use crate::io;
use skexec_purgatory::{Console, Params};

/// Polls of a UART that does not get ready, of about a microsecond each: a character at 300 baud.
const POLLS: u32 = 40_000;
const LINE_STATUS: u16 = 5;
const HOLDING_EMPTY: u8 = 1 << 5;
const TRANSMITTER_EMPTY: u8 = 1 << 6;

const TEXT: *mut u16 = core::ptr::without_provenance_mut(0xb8000);
const COLUMNS: usize = 80;
const CELLS: usize = COLUMNS * 25;
/// White on black.
const ATTRIBUTE: u16 = 0x0f00;
const BLANK: u16 = ATTRIBUTE | 0x20;

pub(crate) enum Output {
    None,
    Serial { port: u16, ready: bool },
    Vga { cell: usize },
}

impl Output {
    pub(crate) fn open(params: &Params) -> Self {
        match params.console {
            Console::SERIAL => u16::try_from(params.port).map_or(Self::None, |port| Self::Serial { port, ready: true }),
            Console::VGA => Self::vga(),
            _ => Self::None,
        }
    }

    /// An empty screen, from the start of the buffer on: the old kernel scrolled by moving the display's start.
    fn vga() -> Self {
        for register in [0x0c, 0x0d] {
            io::write(0x3d4, register);
            io::write(0x3d5, 0);
        }
        for cell in 0..CELLS {
            put(cell, BLANK);
        }
        Self::Vga { cell: 0 }
    }

    #[inline(never)]
    pub(crate) fn text(&mut self, text: &[u8]) {
        for byte in text {
            self.byte(*byte);
        }
    }

    /// `0x` and sixteen digits.
    pub(crate) fn address(&mut self, number: u64) {
        self.text(b"0x");
        self.hex(&number.to_be_bytes());
    }

    #[inline(never)]
    pub(crate) fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                self.byte(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
            }
        }
    }

    fn byte(&mut self, byte: u8) {
        match self {
            Self::None => {}
            Self::Serial { port, ready } => {
                if byte == b'\n' {
                    send(*port, ready, b'\r');
                }
                send(*port, ready, byte);
            }
            Self::Vga { cell } if byte == b'\n' => *cell += COLUMNS - *cell % COLUMNS,
            Self::Vga { cell } => {
                put(*cell, ATTRIBUTE | u16::from(byte));
                *cell += 1;
            }
        }
    }

    /// Waits until the last character is on the line.
    pub(crate) fn flush(&self) {
        if let Self::Serial { port, ready } = self {
            await_status(*port, *ready, TRANSMITTER_EMPTY);
        }
    }
}

/// A UART that was not ready once is not asked again: it is not there, or will never be.
fn send(port: u16, ready: &mut bool, byte: u8) {
    *ready = await_status(port, *ready, HOLDING_EMPTY);
    if *ready {
        io::write(port, byte);
    }
}

fn await_status(port: u16, ready: bool, wanted: u8) -> bool {
    ready && (0..POLLS).any(|_| io::read(port.wrapping_add(LINE_STATUS)) & wanted != 0)
}

fn put(cell: usize, value: u16) {
    if cell < CELLS {
        // SAFETY: within the text buffer, which kexec's page tables map with the first megabyte.
        unsafe { TEXT.wrapping_add(cell).write_volatile(value) };
    }
}
