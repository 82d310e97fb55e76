//! Where the purgatory reports damage.

use crate::image::cmdline::Cmdline;
use skexec_purgatory::{Console as Number, Params};

/// The I/O ports of the first four serial lines of a PC.
const LINES: [u16; 4] = [0x3f8, 0x2f8, 0x3e8, 0x2e8];

/// Where the user wants the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Console {
    /// On the next kernel's own console: the last serial line that its command line names, else the screen in text mode.
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
    /// A sentence that names the words.
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

    /// Parameters of the purgatory that report there, for a command line and a screen that is in text mode or not; all others
    /// are empty.
    pub(super) fn params(self, cmdline: &Cmdline, text_mode: bool) -> Params {
        let serial_line = |port: u16| (Number::SERIAL, port.into());
        let (console, port) = match self {
            Self::None => (Number::NONE, 0),
            Self::Serial(port) => serial_line(port),
            Self::Vga => (Number::VGA, 0),
            Self::Auto => match serial(cmdline.as_str()) {
                Some(port) => serial_line(port),
                None if text_mode => (Number::VGA, 0),
                None => (Number::NONE, 0),
            },
        };
        Params { console, port, ..Params::EMPTY }
    }
}

/// The last serial console of a command line.
fn serial(cmdline: &str) -> Option<u16> {
    let consoles = cmdline.split_ascii_whitespace().filter_map(|word| word.strip_prefix("console="));
    consoles.filter_map(|console| line(console.split(',').next()?)).next_back()
}

/// The I/O port of a serial line, by its name.
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

    #[test]
    fn the_screen_is_taken_in_text_mode_only() {
        let rows = [
            (Console::Auto, "console=ttyS1", true, (Number::SERIAL, 0x2f8)),
            (Console::Auto, "quiet", true, (Number::VGA, 0)),
            (Console::Auto, "quiet", false, (Number::NONE, 0)),
            (Console::Vga, "console=ttyS0", false, (Number::VGA, 0)),
            (Console::Serial(0x3e8), "console=ttyS0", true, (Number::SERIAL, 0x3e8)),
            (Console::None, "console=ttyS0", true, (Number::NONE, 0)),
        ];
        for (console, cmdline, text_mode, wanted) in rows {
            let params = console.params(&Cmdline::new(cmdline), text_mode);
            assert_eq!((params.console, params.port), wanted, "{console:?} {cmdline}");
        }
    }
}
