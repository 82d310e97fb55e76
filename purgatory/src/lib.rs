//! What the loader and the purgatory share.
//!
//! Empty until `kexec_load` is supported: then the parameter block and the SHA-256 that both sides use stand here.
#![no_std]
