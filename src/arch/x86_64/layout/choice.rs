//! The choice of the layout.

use super::context::Context;
use super::vmlinux::Unpacked;
use crate::arch::{Fits, Layout};
use crate::image::Kernel;
use crate::image::bzimage::SetupHeader;
use crate::reason::{Finding, Reason};

/// How a kernel lies in memory, and why it is this layout.
#[derive(Debug)]
pub struct LaidOut {
    chosen: Chosen,
    why: String,
}

/// The layout, with what was made for it.
#[derive(Debug)]
pub(super) enum Chosen {
    /// A vmlinux lies where it was linked to lie.
    Linked,
    /// [`Layout::Vmlinux`].
    Vmlinux(Box<Unpacked>),
    /// [`Layout::Elided`].
    Elided,
    /// [`Layout::Classic`].
    Classic,
}

impl LaidOut {
    /// The layout's name; `linked` for an ELF vmlinux, which has none to choose from.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.chosen {
            Chosen::Linked => "linked",
            Chosen::Vmlinux(_) => Layout::Vmlinux.name(),
            Chosen::Elided => Layout::Elided.name(),
            Chosen::Classic => Layout::Classic.name(),
        }
    }

    /// Why it is this one: for each that comes before it, why it does not apply.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    pub(super) const fn chosen(&self) -> &Chosen {
        &self.chosen
    }
}

/// The layout that is asked for, or else the first that applies and fits.
///
/// # Errors
/// `layout`: the one that is asked for does not apply.
pub(in super::super) fn choose(
    context: &Context<'_>,
    asked: Option<Layout>,
    fits: &Fits<'_>,
) -> Result<LaidOut, Finding> {
    let header = match (context.boot.kernel, asked) {
        (Kernel::BzImage(header), _) => header,
        (Kernel::Elf(_), None) => {
            return Ok(LaidOut { chosen: Chosen::Linked, why: "a vmlinux lies where it was linked to lie".into() });
        }
        (Kernel::Elf(_), Some(asked)) => {
            return Err(refused(asked, "an ELF vmlinux lies where it was linked to lie"));
        }
    };
    if asked.is_none() && context.boot.crash.is_some() {
        let why = "it is loaded before the crash: nothing is won by loading less";
        return Ok(LaidOut { chosen: Chosen::Classic, why: why.into() });
    }
    if let Some(asked) = asked {
        let chosen = attempt(context, header, asked).map_err(|why| refused(asked, &why))?;
        return Ok(LaidOut { chosen, why: "as asked for".into() });
    }
    first(context, header, fits)
}

fn first(context: &Context<'_>, header: &SetupHeader, fits: &Fits<'_>) -> Result<LaidOut, Finding> {
    let mut passed = Vec::new();
    for layout in [Layout::Vmlinux, Layout::Elided] {
        match attempt(context, header, layout) {
            Err(why) => passed.push(format!("not {}: {why}", layout.name())),
            Ok(chosen) => {
                let laid_out = LaidOut { chosen, why: why(&passed) };
                match fits(&laid_out) {
                    Err(hole) if hole.reason == Reason::NoMemoryHole => {
                        passed.push(format!("not {}: {}", layout.name(), hole.detail));
                    }
                    // Another fault is none of the layout's; it shows when the segments are made.
                    Ok(()) | Err(_) => return Ok(laid_out),
                }
            }
        }
    }
    // The classic layout always applies.
    Ok(LaidOut { chosen: Chosen::Classic, why: why(&passed) })
}

fn why(passed: &[String]) -> String {
    if passed.is_empty() { "the fastest to boot".into() } else { passed.join("; ") }
}

fn refused(asked: Layout, why: &str) -> Finding {
    Finding::new(Reason::Layout, format!("{}: {why}", asked.name()))
}

/// Makes a layout; or says why it does not apply.
fn attempt(context: &Context<'_>, header: &SetupHeader, layout: Layout) -> Result<Chosen, String> {
    match layout {
        Layout::Classic => return Ok(Chosen::Classic),
        _ if context.cpu.la57.is_none() => {
            return Err("/proc/cpuinfo does not say how many levels the page tables have".into());
        }
        Layout::Elided => return Ok(Chosen::Elided),
        Layout::Vmlinux => {}
    }
    Unpacked::new(context, header).map(|unpacked| Chosen::Vmlinux(Box::new(unpacked)))
}

#[cfg(test)]
mod tests;
