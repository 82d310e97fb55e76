//! Where the purgatory is to report damage.

use crate::purgatory;

/// The I/O ports of the first four serial lines of a PC.
const LINES: [u16; 4] = [0x3f8, 0x2f8, 0x3e8, 0x2e8];

/// What was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Console {
    /// Where the next kernel's own console is, as far as its command line and the screen's mode tell.
    #[default]
    Auto,
    /// Nowhere.
    None,
    /// The serial line at this I/O port, as it is set up.
    Serial(u16),
    /// The screen, if it is in text mode.
    Vga,
}

impl Console {
    /// Reads the word on the command line.
    ///
    /// # Errors
    /// What it may be.
    pub fn parse(word: &str) -> Result<Self, String> {
        let port = || {
            let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("serial=0x"))?;
            let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            hexadecimal.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
        };
        match word {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            "vga" => Ok(Self::Vga),
            "serial" => Ok(Self::Serial(LINES[0])),
            _ => line(word).or_else(port).map(Self::Serial).ok_or_else(|| {
                "it is auto, none, vga, serial, a line from ttyS0 to ttyS3, or the I/O port of one, such as 0x3f8"
                    .into()
            }),
        }
    }

    /// The purgatory's console for a command line, on a machine whose screen is in text mode or not.
    pub(super) fn resolve(self, cmdline: &str, text_mode: bool) -> purgatory::Console {
        match self {
            Self::None => purgatory::Console::None,
            Self::Serial(port) => purgatory::Console::Serial(port),
            Self::Vga => purgatory::Console::Vga,
            Self::Auto => match serial(cmdline) {
                Some(port) => purgatory::Console::Serial(port),
                None if text_mode => purgatory::Console::Vga,
                None => purgatory::Console::None,
            },
        }
    }
}

/// The last serial console of a command line.
fn serial(cmdline: &str) -> Option<u16> {
    let consoles = cmdline.split_ascii_whitespace().filter_map(|word| word.strip_prefix("console="));
    consoles.filter_map(|console| line(console.split(',').next()?)).next_back()
}

/// The port of a line, by its name.
fn line(name: &str) -> Option<u16> {
    let digit = name.strip_prefix("ttyS").filter(|number| number.len() == 1)?;
    LINES.get(digit.parse::<usize>().ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let rows = [
            ("auto", Some(Console::Auto)),
            ("none", Some(Console::None)),
            ("vga", Some(Console::Vga)),
            ("serial", Some(Console::Serial(0x3f8))),
            ("ttyS1", Some(Console::Serial(0x2f8))),
            ("0x3e8", Some(Console::Serial(0x3e8))),
            ("serial=0x2e8", Some(Console::Serial(0x2e8))),
            ("ttyS4", None),
            ("ttyS+1", None),
            ("0x+3f", None),
            ("0x10000", None),
            ("", None),
        ];
        for (word, wanted) in rows {
            assert_eq!(Console::parse(word).ok(), wanted, "{word}");
        }
    }

    #[test]
    fn the_last_serial_console_counts() {
        let rows = [
            ("quiet console=ttyS0,115200n8 console=tty0", Some(0x3f8)),
            ("console=ttyS0 console=ttyS1", Some(0x2f8)),
            ("console=ttyS9", None),
            ("xconsole=ttyS0", None),
            ("", None),
        ];
        for (cmdline, wanted) in rows {
            assert_eq!(serial(cmdline), wanted, "{cmdline}");
        }
    }
}
