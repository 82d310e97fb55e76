//! What the reference kernel's `kexec_file_load` would answer for the same bytes, trust and revocations.
