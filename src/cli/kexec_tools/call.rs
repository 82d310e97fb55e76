//! From the words of kexec-tools' command line to what is to be done. Nothing here looks at the system.

use super::options::{KexecOption, TYPES, Treatment, Word};
use super::words::{Item, Words};
use crate::arch::Console;
use crate::cli::segments::address;
use crate::segments::Bounds;
use crate::system::{Method, Slot};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Help,
    Version,
    /// The bytes that `crashkernel=` reserved.
    CrashSize,
    /// Whether a kernel is loaded there.
    Status(Slot),
    Call(Box<Call>),
}

/// What is done, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) unload: bool,
    pub(super) load: Option<Load>,
    pub(super) then: Then,
    pub(super) panic: bool,
    pub(super) debug: bool,
    /// What the user must know about how the words were understood.
    pub(super) notes: Vec<String>,
}

/// What follows a load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Then {
    #[default]
    Nothing,
    /// The init system shuts the machine down, and the loaded kernel is booted.
    Shutdown,
    /// The loaded kernel is booted at once.
    Jump,
}

/// What is loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) kernel: PathBuf,
    pub(super) initrds: Vec<PathBuf>,
    /// The running kernel's initrd comes first.
    pub(super) reuse_initrd: bool,
    /// The pieces of the command line, in order.
    pub(super) cmdline: Vec<String>,
    /// The running kernel's command line comes first.
    pub(super) reuse_cmdline: bool,
    pub(super) method: Option<Method>,
    pub(super) bounds: Bounds,
    /// Where the purgatory reports damage.
    pub(super) console: Console,
    /// The purgatory checks nothing.
    pub(super) unchecked: bool,
}

/// Why nothing is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misuse {
    /// The words cannot be understood.
    Usage(String),
    /// There is no KERNEL to load.
    NoKernel,
    /// What was asked for is not supported: the words, why, and what to do.
    Refused(String, &'static str, &'static str),
}

/// Reads the words after the program's name. As in kexec-tools, each of `-l`, `-p`, `-u`, `-e` and `-f` says anew what is done, so
/// that the last one counts; `--help`, `--version` and `--print-ckr-size` count at once, whatever follows. But `-l -e KERNEL` loads
/// KERNEL and boots it: kexec-tools boots what was loaded before, which the words do not say.
pub(super) fn asked(words: &[OsString]) -> Result<Asked, Misuse> {
    let mut reader = Reader::default();
    for item in Words::new(words) {
        match item.map_err(Misuse::Usage)? {
            Item::Operand(word) => reader.operands.push(word),
            Item::Option(option, value) => {
                if let Some(answer) = reader.option(option, value.as_deref().unwrap_or_default())? {
                    return Ok(answer);
                }
            }
        }
    }
    reader.end()
}

/// What was read so far.
#[derive(Debug)]
struct Reader {
    loads: bool,
    then: Then,
    unloads: bool,
    panic: bool,
    status: bool,
    debug: bool,
    /// `-l` was given.
    load_named: bool,
    /// `-e` was given.
    exec_named: bool,
    load: Load,
    console: Option<Purgatory>,
    line: Console,
    operands: Vec<OsString>,
}

/// Which console an option names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purgatory {
    Screen,
    Line,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            loads: true,
            then: Then::Shutdown,
            unloads: false,
            panic: false,
            status: false,
            debug: false,
            load_named: false,
            exec_named: false,
            load: Load::default(),
            console: None,
            line: Console::parse("serial").unwrap_or_default(),
            operands: Vec::new(),
        }
    }
}

impl Reader {
    /// Takes an option. Some are answered at once.
    fn option(&mut self, option: &KexecOption, value: &OsStr) -> Result<Option<Asked>, Misuse> {
        let word = match option.treatment {
            Treatment::Done(word, _) => word,
            Treatment::Accepted(_) => return Ok(None),
            Treatment::Refused(why, advice) => {
                return Err(Misuse::Refused(format!("--{}", option.long), why, advice));
            }
        };
        let wrong = |what: String| Misuse::Usage(format!("--{} {}: {what}", option.long, value.display()));
        match word {
            Word::Help => return Ok(Some(Asked::Help)),
            Word::Version => return Ok(Some(Asked::Version)),
            Word::CrashSize => return Ok(Some(Asked::CrashSize)),
            Word::Load | Word::LoadPanic | Word::Unload | Word::Exec | Word::Force => self.action(word),
            Word::Status => self.status = true,
            Word::Debug => self.debug = true,
            Word::File => self.load.method = Some(Method::File),
            Word::Segments => self.load.method = Some(Method::Segments),
            Word::Auto => self.load.method = None,
            Word::Append => {
                let text = value.to_str().ok_or_else(|| wrong("it is not UTF-8".into()))?;
                self.load.cmdline.push(text.to_owned());
            }
            Word::ReuseCmdline => self.load.reuse_cmdline = true,
            Word::Initrd if value.is_empty() => return Err(wrong("name a file, or leave the option out".into())),
            Word::Initrd => self.load.initrds.push(value.into()),
            Word::ReuseInitrd => self.load.reuse_initrd = true,
            Word::Type => known_type(value)?,
            Word::NoChecks => self.load.unchecked = true,
            Word::MemMin => self.load.bounds.lowest = Some(address(&value.to_string_lossy()).map_err(wrong)?),
            Word::MemMax => self.load.bounds.highest = Some(address(&value.to_string_lossy()).map_err(wrong)?),
            Word::Serial => self.line = line(&value.to_string_lossy()).map_err(wrong)?,
            Word::ConsoleSerial => self.console = Some(Purgatory::Line),
            Word::ConsoleVga => self.console = Some(Purgatory::Screen),
        }
        Ok(None)
    }

    fn action(&mut self, word: Word) {
        match word {
            Word::Unload => (self.loads, self.then, self.unloads) = (false, Then::Nothing, true),
            Word::Exec => (self.loads, self.then, self.exec_named) = (self.load_named && !self.panic, Then::Jump, true),
            Word::Force => (self.loads, self.then) = (true, Then::Jump),
            Word::LoadPanic => (self.loads, self.then, self.panic) = (true, Then::Nothing, true),
            _ => (self.loads, self.then, self.load_named) = (true, Then::Nothing, true),
        }
    }

    fn end(mut self) -> Result<Asked, Misuse> {
        if self.status {
            // As in kexec-tools: the crash kernel, unless the other one is named.
            return Ok(Asked::Status(Slot::of(self.panic || !self.load_named)));
        }
        // `-u -p` and `-e -f` without a kernel: there is something else to do.
        let nothing_to_load = self.operands.is_empty() && (self.unloads || self.exec_named && self.then == Then::Jump);
        let load = if self.loads && !nothing_to_load { Some(self.load()?) } else { None };
        let notes = load.as_ref().map(Load::notes).unwrap_or_default();
        let Self { unloads: unload, then, panic, debug, .. } = self;
        Ok(Asked::Call(Box::new(Call { unload, load, then, panic, debug, notes })))
    }

    fn load(&mut self) -> Result<Load, Misuse> {
        let kernel = match self.operands.as_slice() {
            [kernel] => PathBuf::from(kernel),
            [] => return Err(Misuse::NoKernel),
            [first, second, ..] => {
                return Err(Misuse::Usage(format!(
                    "two files are named as KERNEL, {} and {}: quote a command line that has blanks",
                    first.display(),
                    second.display()
                )));
            }
        };
        let load = std::mem::take(&mut self.load);
        if let (Some(lowest), Some(highest)) = (load.bounds.lowest, load.bounds.highest)
            && lowest >= highest
        {
            return Err(Misuse::Usage(format!("--mem-min {lowest} is not below --mem-max {highest}")));
        }
        let console = match self.console {
            None => Console::default(),
            Some(Purgatory::Line) => self.line,
            Some(Purgatory::Screen) => Console::parse("vga").unwrap_or_default(),
        };
        Ok(Load { kernel, console, ..load })
    }
}

impl Load {
    /// kexec-tools silently takes the last one.
    fn notes(&self) -> Vec<String> {
        let joined = |name: &str, count: usize| {
            (count > 1).then(|| format!("{name} was given {count} times: all are used, joined in this order"))
        };
        joined("--append", self.cmdline.len()).into_iter().chain(joined("--initrd", self.initrds.len())).collect()
    }
}

fn known_type(name: &OsStr) -> Result<(), Misuse> {
    let given = format!("--type {}", name.display());
    match TYPES.iter().find(|known| name == known.name).map(|known| known.refused) {
        Some(None) => Ok(()),
        Some(Some((why, advice))) => Err(Misuse::Refused(given, why, advice)),
        None => Err(Misuse::Refused(
            given,
            "there is no such type for this processor",
            "leave out the option: skexec recognises the type by itself",
        )),
    }
}

/// A serial line: ttyS1, /dev/ttyS1 or an I/O port.
fn line(name: &str) -> Result<Console, String> {
    let name = name.strip_prefix("/dev/").unwrap_or(name);
    let wrong = || "give ttyS0 to ttyS3, or an I/O port such as 0x3f8".to_owned();
    if !name.starts_with("ttyS") && !name.starts_with("0x") {
        return Err(wrong());
    }
    Console::parse(name).map_err(|_| wrong())
}

#[cfg(test)]
mod tests;
