//! `.pcrsig` of a UKI: signatures of the TPM measurements that a boot of it makes, as JSON.

use super::tree::Node;
use serde::Serialize;
use serde_json::Value;

/// The largest section that is read, and the most signatures.
const MOST_BYTES: usize = 1 << 20;
const MOST: usize = 256;

/// One signed policy.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Measured {
    /// The TPM's bank, such as `sha256`.
    bank: String,
    pcrs: Vec<u64>,
    /// The SHA-256 of the public key.
    key: Option<String>,
    /// The digest of the policy.
    policy: Option<String>,
}

pub(super) fn of(content: &[u8]) -> Vec<Measured> {
    let end = content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
    let content = content.get(..end.min(MOST_BYTES)).unwrap_or_default();
    let Ok(Value::Object(banks)) = serde_json::from_slice(content) else { return Vec::new() };
    let signed = |(bank, list): (String, Value)| {
        let list = if let Value::Array(list) = list { list } else { Vec::new() };
        list.into_iter().map(move |one| Measured::read(&bank, &one))
    };
    banks.into_iter().flat_map(signed).take(MOST).collect()
}

impl Measured {
    fn read(bank: &str, one: &Value) -> Self {
        let text = |key: &str| one.get(key).and_then(Value::as_str).map(str::to_owned);
        let pcrs = one.get("pcrs").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_u64);
        Self { bank: bank.to_owned(), pcrs: pcrs.take(32).collect(), key: text("pkfp"), policy: text("pol") }
    }

    pub(super) fn node(&self) -> Node {
        let pcrs = self.pcrs.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let below = [Node::of("key", self.key.as_ref()), Node::of("policy", self.policy.as_ref())];
        Node::new("pcrsig", format!("{}, PCR {pcrs}", self.bank)).with(below.into_iter().flatten().map(Node::detail))
    }
}
