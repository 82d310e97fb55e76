//! Seeds from the forge's boots that are signed as a whole.

use super::Seed;
use forge::bundles::{Bundle, bundles};

/// The UKIs and add-ons as whole files, each manifest with the command line that is given beside it, and the policies.
pub(super) fn seeds() -> Vec<Seed> {
    bundles().iter().flat_map(of).collect()
}

fn of(bundle: &Bundle) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, bytes) in &bundle.files {
        if name.ends_with(".efi") {
            seeds.extend([("uki", bytes.clone()), ("judge", bytes.clone())]);
        }
        if name.ends_with(".manifest") {
            seeds.push(("manifest", [bytes.as_slice(), b"\0", cmdline(bundle).as_bytes()].concat()));
        }
    }
    if !bundle.policy.is_empty() {
        seeds.push(("policy", bundle.policy.as_bytes().to_vec()));
    }
    seeds
}

fn cmdline(bundle: &Bundle) -> &str {
    let mut options = bundle.options.iter().skip_while(|option| **option != "--cmdline");
    options.nth(1).copied().unwrap_or("root=/dev/vda2 ro quiet")
}
