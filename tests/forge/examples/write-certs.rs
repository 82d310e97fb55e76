//! Writes the certificates that the documentation names into `keys/test`, from the keys there.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../keys/test");
    fs::write(keys.join("root.pem"), forge::root_pem())?;
    fs::write(keys.join("signer.pem"), forge::signer_pem())
}
