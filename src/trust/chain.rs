//! From the signer's certificate to an anchor.
