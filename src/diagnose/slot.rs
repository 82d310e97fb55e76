//! One of the two images that the running kernel can hold.

use super::section::{Mark, Row};
use crate::machine::kexec::{Kexec, Limit};
use crate::reason::{Finding, Reason};
use crate::record::{self, Loader, Record, Standing};
use crate::sources::Root;
use crate::system::Slot;
use crate::trust::rfc3339;
use serde::Serialize;
use std::io::ErrorKind;

/// What the running kernel holds, and what skexec knows of it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SlotStatus {
    pub(super) loaded: Option<bool>,
    /// How many more loads the kernel takes; nothing where there is no limit.
    pub(super) loads_left: Option<u32>,
    /// What skexec loaded; nothing where that is contradicted.
    pub(super) record: Option<Record>,
    /// `proved`, `unproved` or `contradicted`: whether the record is still true; nothing where there is none.
    pub(super) standing: Option<&'static str>,
    /// Why there is no record.
    pub(super) problem: Option<String>,
    /// This process may not read the record.
    #[serde(skip)]
    pub(super) hidden: bool,
}

impl SlotStatus {
    pub(super) fn read(root: &Root, slot: Slot, kexec: &Kexec) -> Self {
        let panic = slot == Slot::Panic;
        // A kernel without kexec holds nothing.
        let loaded = if kexec.present == Some(false) { Some(false) } else { kexec.holds(slot == Slot::Panic) };
        let loads_left = kexec.limit(panic).and_then(Limit::remaining);
        let none = Self { loaded, loads_left, record: None, standing: None, problem: None, hidden: false };
        match record::known(root, kexec, slot) {
            // What was recorded before another program unloaded the image is no longer true.
            Ok(Some((record, standing))) if loaded != Some(false) => {
                let name = Some(standing.name());
                match standing {
                    Standing::Contradicted(why) => {
                        let problem = format!("not what skexec loaded ({}): {why}", record.kernel);
                        Self { standing: name, problem: Some(problem), ..none }
                    }
                    Standing::Proved | Standing::Unproved => Self { standing: name, record: Some(record), ..none },
                }
            }
            Ok(_) => none,
            Err(error) => Self {
                problem: Some(format!("a kernel, but skexec's record of it cannot be read: {error}")),
                hidden: error.kind() == ErrorKind::PermissionDenied,
                ..none
            },
        }
    }

    /// Whether `exec` boots what is loaded.
    ///
    /// # Errors
    /// `nothing-loaded`, `foreign-image`, `record-contradicted`.
    pub(super) fn known(&self) -> Result<(), Finding> {
        match (self.loaded, &self.record, &self.problem) {
            (Some(false), ..) => Err(Reason::NothingLoaded.into()),
            (_, Some(_), _) => Ok(()),
            (_, None, Some(_)) => Err(Reason::RecordContradicted.into()),
            (None, None, None) => Err(record::none_seen()),
            (Some(true), None, None) => Err(Reason::ForeignImage.into()),
        }
    }

    /// The kernel's file and release.
    pub(super) fn kernel(&self) -> Option<String> {
        let record = self.record.as_ref()?;
        let release = record.release.as_deref().unwrap_or("a kernel without a version");
        Some(format!("{} ({release})", record.kernel))
    }

    /// What is loaded.
    fn line(&self) -> String {
        match (self.loaded, self.kernel(), &self.problem) {
            (Some(false), ..) => "nothing".into(),
            (_, Some(kernel), _) => {
                let last = if self.standing == Some("proved") { "" } else { "last loaded by skexec: " };
                format!("{last}{kernel}")
            }
            (_, None, Some(problem)) => problem.clone(),
            (Some(true), None, None) => "an image that skexec has no record of".into(),
            (None, None, None) => "unknown".into(),
        }
    }

    /// What is loaded, by whom, and what of it was verified.
    pub(super) fn rows(&self, root: &Root) -> Vec<Row> {
        let mut rows = vec![self.first_row()];
        let Some(record) = &self.record else { return rows };
        if self.standing == Some("unproved") {
            let unseen = "nothing shows whether another program has loaded a kernel since (see load --count-loads)";
            if let Some(row) = rows.first_mut() {
                row.values.push(unseen.into());
            }
        }
        let of = |key, values: &[String]| (!values.is_empty()).then(|| Row::of(key, values.to_vec()));
        rows.push(Row::plain("by", by(record.by.as_ref(), root)));
        rows.extend(i64::try_from(record.time).ok().and_then(rfc3339).map(|time| Row::plain("when", time)));
        rows.push(match &record.signer {
            Some(signer) => Row::plain("signer", signer),
            None => Row::advise(
                Mark::Bad,
                "signer",
                "NOT VERIFIED (--insecure-unsigned)",
                "load a signed kernel before the reboot",
            ),
        });
        let covers = if record.covers.is_empty() { "nothing".into() } else { record.covers.join(", ") };
        rows.push(Row::plain("covers", covers));
        rows.extend(record.boot_entry.iter().map(|id| Row::plain("entry", id)));
        rows.push(Row::plain("method", &record.method));
        rows.extend(of("initrd", &record.initrds));
        rows.extend(of("injected", &record.injected));
        rows.push(Row::plain("cmdline", if record.cmdline.is_empty() { "(empty)" } else { &record.cmdline }));
        rows.push(Row::plain("sha256", &record.sha256));
        rows
    }

    fn first_row(&self) -> Row {
        match self.known() {
            Err(finding) if self.hidden => Row::advise(Mark::Notice, "loaded", self.line(), finding.reason.advice()),
            Err(finding) if self.loaded == Some(true) => {
                Row::advise(Mark::Bad, "loaded", self.line(), finding.reason.advice())
            }
            _ => Row::plain("loaded", self.line()),
        }
    }
}

/// Who loaded it, in words.
pub(super) fn by(loader: Option<&Loader>, root: &Root) -> String {
    let Some(Loader { uid, login_uid, program }) = loader else {
        return "skexec; the record does not name the user".into();
    };
    let who = uid.map_or_else(|| "an unknown user".to_owned(), |uid| user(uid, root));
    let login =
        login_uid.filter(|login| Some(*login) != *uid).map(|login| format!(", logged in as {}", user(login, root)));
    let program = program.as_deref().unwrap_or("skexec");
    format!("{who}{}, with {program}", login.unwrap_or_default())
}

/// A user's name in /etc/passwd, and the number.
fn user(uid: u32, root: &Root) -> String {
    let passwd = root.text("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.map_or_else(|| format!("uid {uid}"), |name| format!("{name} (uid {uid})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    #[test]
    fn a_user_who_became_root_is_named() {
        let tree = Tree::new();
        tree.write("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n");
        let loader = |uid, login_uid| Loader { uid, login_uid, program: Some("kexec".into()) };
        let rows = [
            (loader(Some(0), Some(1000)), "root (uid 0), logged in as ann (uid 1000), with kexec"),
            (loader(Some(0), Some(0)), "root (uid 0), with kexec"),
            (loader(Some(0), None), "root (uid 0), with kexec"),
            (loader(Some(7), Some(8)), "uid 7, logged in as uid 8, with kexec"),
            (loader(None, None), "an unknown user, with kexec"),
        ];
        for (loader, wanted) in rows {
            assert_eq!(by(Some(&loader), tree.root()), wanted);
        }
    }
}
