//! The outcome in words.

use super::expected::{Expected, Image};
use super::judge::{Arrival, Outcome};
use super::now::Now;
use crate::machine::Loader;
use crate::trust::rfc3339;

/// The outcome as a sentence.
pub(super) fn message(outcome: Outcome, expected: &Expected, after_ms: Option<u64>, running: &str) -> String {
    let from = &expected.from;
    let after = after_ms.map(|span| format!(", {} after exec", duration(span))).unwrap_or_default();
    let wanted = expected.image.as_ref().map_or_else(|| "the loaded kernel".into(), named);
    match outcome {
        Outcome::Expected if expected.exec.is_none() => {
            format!(
                "booted from {from} with the kernel that skexec loaded; another program made the jump, or its time is lost"
            )
        }
        Outcome::Expected => format!("booted by skexec from {from}{after}"),
        Outcome::OtherKernel => format!("booted by kexec, but not with what skexec loaded from {from}: {wanted}"),
        Outcome::NeverCameUp => {
            format!(
                "the expected kernel never came up: {wanted}, executed from {from}; the firmware started {running}{after}"
            )
        }
        Outcome::NotExecuted => {
            let why = match &expected.exec {
                None => "skexec was not asked to boot it".into(),
                Some(exec) => format!("not executed: the jump was scheduled for {}", time(exec.time_ms)),
            };
            format!("started by the firmware; {wanted} was loaded before, from {from}, and {why}")
        }
    }
}

fn named(image: &Image) -> String {
    let release = image.short_release().unwrap_or("a kernel without a version");
    format!("{} ({release})", image.kernel)
}

/// Why the expected kernel did not come up, as far as that is known.
pub(super) fn why(expected: &Expected, now: &Now) -> Vec<String> {
    let mut why = now.signs.sentences();
    let exec = expected.exec.as_ref();
    if let (Some(seconds), None) = (exec.and_then(|exec| exec.watchdog), &now.signs.watchdog) {
        why.push(format!("a watchdog of {seconds} s was armed; its driver does not say whether it reset the machine"));
    }
    let same = expected.image.as_ref().and_then(Image::short_release) == Some(&now.release);
    if same && now.by_kexec == Some(false) {
        why.push("this is the same release, but the boot loader's number shows that kexec did not start it".into());
    }
    if let Some(exec) = exec.filter(|exec| exec.scheduled) {
        why.push(format!(
            "the shutdown was scheduled for {}; if another program cancelled it (shutdown -c), and skexec was not called afterwards, \
             nothing shows that",
            time(exec.time_ms)
        ));
    }
    if now.signs.sentences().is_empty() {
        why.push("nothing on this machine shows what ended it: a reset, a panic or the power".into());
    }
    why
}

/// A time for people.
fn time(milliseconds: u64) -> String {
    let time = i64::try_from(milliseconds / 1000).ok().and_then(rfc3339);
    time.unwrap_or_else(|| "an unknown time".into())
}

/// A span of time for people.
fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        86_400..172_800 => "1 day".into(),
        _ => format!("{} days", seconds / 86_400),
    }
}

impl Arrival {
    /// Names and values for the system's log.
    pub(crate) fn fields(&self) -> Vec<(&'static str, String)> {
        let Self { outcome, proof, after_exec_ms, expected, .. } = self;
        let (image, exec) = (expected.image.as_ref(), expected.exec.as_ref());
        let uid = |loader: Option<&Loader>| loader.and_then(|loader| loader.uid).map(|uid| uid.to_string());
        let fields = [
            ("BOOT", Some(outcome.name().to_owned())),
            ("PROOF", proof.map(|proof| proof.name().to_owned())),
            ("FROM", Some(expected.from.clone())),
            ("FROM_BOOT_ID", Some(expected.boot_id.clone())),
            ("AFTER_EXEC_MS", after_exec_ms.map(|span| span.to_string())),
            ("EXEC_TIME_MS", exec.map(|exec| exec.time_ms.to_string())),
            ("EXEC_UID", uid(exec.map(|exec| &exec.by))),
            ("LOAD_TIME", image.map(|image| image.time.to_string())),
            ("LOAD_UID", uid(image.and_then(|image| image.by.as_ref()))),
            ("KERNEL", image.map(|image| image.kernel.clone())),
            ("KERNEL_SHA256", image.map(|image| image.kernel_sha256.clone())),
            ("INITRD_SHA256", image.and_then(|image| image.initrd_sha256.clone())),
            ("CMDLINE_SHA256", image.map(|image| image.cmdline_sha256.clone())),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        let rows = [
            (0, "0.0 s"),
            (4_249, "4.2 s"),
            (59_999, "59.9 s"),
            (60_000, "1 min 0 s"),
            (3_725_000, "1 h 2 min"),
            (86_400_000, "1 day"),
            (172_799_999, "1 day"),
            (172_800_000, "2 days"),
            (u64::MAX, "213503982334 days"),
        ];
        for (milliseconds, wanted) in rows {
            assert_eq!(duration(milliseconds), wanted);
        }
    }
}
