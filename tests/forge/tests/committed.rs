//! The certificates committed in `keys/test` are those that this crate builds; `cargo run -p forge --example write-certs` writes them.

use std::fs;
use std::path::Path;

fn committed(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../keys/test").join(name)).expect(name)
}

#[test]
fn certificates_are_those_that_forge_builds() {
    assert_eq!(committed("root.pem"), forge::root_pem());
    assert_eq!(committed("signer.pem"), forge::signer_pem());
}

#[test]
fn pem_survives_the_round_trip() {
    for len in 0..100 {
        let bytes = forge::bzimage::noise(1, len);
        assert_eq!(forge::pem::decode(&forge::pem::encode("X", &bytes)), bytes);
    }
}
