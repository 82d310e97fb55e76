//! EFI signature lists: `db`, `dbx`, shim's lists, and files of them.

use super::certificate::Certificate;
use super::names;
use super::tree::{Node, count};
use crate::hex;
use crate::trust::esl::{self, Guid};
use serde::Serialize;

/// The most entries that are kept of all lists; dbx has about 500.
const MOST: usize = 4096;
/// The owners that many machines have.
const OWNERS: [(&str, &str); 4] = [
    ("77fa9abd-0359-4d32-bd60-28f4e78f784b", "Microsoft"),
    ("605dab50-e046-4300-abb6-3dd810dd8b23", "shim"),
    ("f5a96b31-dba0-4faa-a42a-7a0c9832768e", "HPE"),
    ("6dc40ae4-2ee8-9c4c-a314-0fc7b2008710", "Canonical"),
];
/// Kinds that skexec does not use.
const OTHERS: [(&str, &str); 3] = [
    ("826ca512-cf10-4ac9-b187-be01496631bd", "SHA1"),
    ("ff3e5307-9fd0-48c9-85f1-8ad56c701e01", "SHA384"),
    ("093e0fae-a6c4-4f50-9f1b-d41e2b89c19a", "SHA512"),
];

/// One list.
#[derive(Debug, Clone, Serialize)]
pub(super) struct List {
    kind: String,
    count: usize,
    /// The first ones, where there are very many.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Serialize)]
struct Entry {
    owner: String,
    certificate: Option<Certificate>,
    /// What is not a certificate, in hexadecimal.
    value: Option<String>,
}

/// The lists of a file, which may be an EFI variable with its four bytes of attributes; `None` for another file.
pub(super) fn of(bytes: &[u8]) -> Option<Result<Vec<List>, String>> {
    let variable = bytes.get(4..).filter(|rest| esl::claimed_by(rest));
    let lists = if esl::claimed_by(bytes) { bytes } else { variable? };
    let lists = match esl::lists(lists) {
        Ok(lists) => lists,
        Err(malformed) => return Some(Err(malformed.to_string())),
    };
    let mut left = MOST;
    let describe = |list: &esl::List<'_>| {
        let elements = list.elements();
        let all = elements.len();
        let entries: Vec<_> = elements.take(left).map(|(owner, data)| Entry::new(list.kind, owner, data)).collect();
        left = left.saturating_sub(entries.len());
        List { kind: kind(list.kind), count: all, entries }
    };
    Some(Ok(lists.iter().map(describe).collect()))
}

fn kind(kind: Guid) -> String {
    let name = match kind {
        esl::X509 => "X509",
        esl::SHA256 => "SHA256",
        esl::X509_SHA256 => "X509_SHA256",
        esl::X509_SHA384 => "X509_SHA384",
        esl::X509_SHA512 => "X509_SHA512",
        other => return known(&names::guid(&other), &OTHERS),
    };
    name.to_owned()
}

fn known(guid: &str, table: &[(&str, &str)]) -> String {
    table.iter().find(|(own, _)| *own == guid).map_or_else(|| guid.to_owned(), |(_, name)| (*name).to_owned())
}

impl Entry {
    fn new(kind: Guid, owner: Guid, data: &[u8]) -> Self {
        let certificate = (kind == esl::X509).then(|| Certificate::of(data));
        let value = certificate.is_none().then(|| hex::encode(data.get(..80).unwrap_or(data)));
        Self { owner: names::guid(&owner), certificate, value }
    }

    fn node(&self) -> Node {
        let name = known(&self.owner, &OWNERS);
        let name = if name == self.owner { name } else { format!("{} ({name})", self.owner) };
        let owner = Node::new("owner", name).detail();
        match &self.certificate {
            Some(certificate) => certificate.node("certificate").with([owner]),
            None => Node::new("hash", self.value.clone().unwrap_or_default()).with([owner]),
        }
    }
}

impl List {
    pub(super) fn node(&self) -> Node {
        let entries = u64::try_from(self.count).unwrap_or(u64::MAX);
        let mut below: Vec<_> = self.entries.iter().map(Entry::node).collect();
        if self.count > self.entries.len() {
            let hidden = self.count.saturating_sub(self.entries.len());
            below.push(Node::new("", format!("and {hidden} more")));
        }
        Node::new("list", format!("{}, {}", self.kind, count(entries, "entry", "entries"))).with(below)
    }
}
