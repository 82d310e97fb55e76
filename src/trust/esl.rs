//! EFI signature lists (UEFI 32.4.1).
