//! What the policy demands of a verified signature: its signer, by the kind of thing that is signed, and the size of the keys.

use crate::reason::{Finding, Reason};
use crate::sources::policy::{Choice, Kind, Limits, Setting, SignerId};
use crate::trust::Signer;
use crate::trust::signature::PublicKey;

/// The limits that a chain breaks, from the signer's certificate to the anchor's. Without a chain nothing is proved, and there is
/// nothing to restrict.
pub(super) fn broken(limits: &Limits, kind: Kind, chain: &[Signer]) -> Vec<Finding> {
    let Some(signer) = chain.first() else { return Vec::new() };
    let stranger = limits.signers.get(&kind).filter(|allowed| !chain.iter().any(|one| is_named(one, &allowed.value)));
    let stranger = stranger.map(|allowed| {
        let seen = format!("{}, whom signers.{} in {} does not name", signer.subject, kind.name(), allowed.origin);
        Finding::new(Reason::SignerNotAllowed, seen)
    });
    stranger.into_iter().chain(chain.iter().find_map(|one| too_small(limits, one))).collect()
}

fn is_named(signer: &Signer, allowed: &[SignerId]) -> bool {
    allowed.iter().any(|id| match id {
        SignerId::Certificate(sha256) => *sha256 == signer.sha256,
        SignerId::Key(sha256) => *sha256 == signer.key.sha256,
    })
}

fn too_small(limits: &Limits, signer: &Signer) -> Option<Finding> {
    let (key, least) = match signer.key.public {
        PublicKey::Rsa { .. } => ("rsa-bits", &limits.rsa_bits),
        PublicKey::Ec { .. } => ("ec-bits", &limits.ec_bits),
    };
    let Setting { value, origin } = least.as_ref()?;
    let enough = u32::try_from(signer.key.public.bits()).is_ok_and(|bits| bits >= *value);
    let seen = || format!("{} has {}; {origin} sets {key} to {value}", signer.subject, signer.key.public.name());
    (!enough).then(|| Finding::new(Reason::KeyTooSmall, seen()))
}
