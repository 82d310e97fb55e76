//! The machine for the judgements: the forge's db, dbx and SBAT level.

use skexec::trust::cert::Certificate;
use skexec::trust::revocation::Revocations;
use skexec::trust::sbat::Level;
use skexec::trust::{Anchor, Trust};
use std::sync::LazyLock;

pub(crate) static MACHINE: LazyLock<Trust> = LazyLock::new(|| Trust {
    anchors: forge::db().iter().map(|known| anchor(&known.der)).collect(),
    revocations: Revocations::from_lists(&forge::dbx_esl(), "dbx").unwrap(),
    sbat_level: Some(Level::parse(forge::sbat::LEVEL.as_bytes()).unwrap()),
    ..Trust::default()
});

fn anchor(der: &[u8]) -> Anchor {
    Anchor { certificate: Certificate::parse(der).unwrap(), source: "db".to_owned() }
}
