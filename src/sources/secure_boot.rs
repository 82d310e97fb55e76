//! Whether UEFI Secure Boot is on, according to the firmware and according to the running kernel.

use super::Root;
use super::efi::{self, Efi, GLOBAL};

/// The firmware's state, from the variables `SecureBoot` and `SetupMode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// Not started by EFI.
    NotEfi,
    /// `SecureBoot` is 0 or absent.
    Off,
    /// Keys can be enrolled without a signature, so nothing is enforced.
    SetupMode,
    /// `SecureBoot` is 1 and `SetupMode` is not.
    On,
    /// EFI, but its variables cannot be read.
    Unknown,
}

/// Secure Boot, according to the firmware and to the running kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecureBoot {
    /// The firmware, by its variables.
    pub firmware: Firmware,
    /// The running kernel, by `boot_params.secure_boot`, which the EFI stub wrote: it is false on a machine with
    /// Secure Boot where shim's validation was turned off. `None` if the stub wrote nothing.
    pub kernel: Option<bool>,
}

/// `secure_boot` in struct boot_params (Documentation/arch/x86/zero-page.rst), and the values of
/// enum efi_secureboot_mode (include/linux/efi.h).
const SECURE_BOOT_OFFSET: usize = 0x1ec;
const DISABLED: u8 = 2;
const ENABLED: u8 = 3;

impl SecureBoot {
    /// Reads the state of this machine.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        Self { firmware: firmware(root), kernel: kernel(root) }
    }

    /// Whether the machine was started by EFI.
    #[must_use]
    pub const fn is_efi(self) -> bool {
        !matches!(self.firmware, Firmware::NotEfi)
    }

    /// Whether the system's anchors are restricted as under Secure Boot. They are if the firmware or the kernel says that it is on,
    /// or if that is unknown.
    #[must_use]
    pub const fn restricts_anchors(self) -> bool {
        matches!(
            self,
            Self { kernel: Some(true), .. }
                | Self { firmware: Firmware::On, .. }
                | Self { firmware: Firmware::Unknown, kernel: None }
        )
    }

    /// Whether Secure Boot is on according to the running kernel; IMA's arch policy and lockdown depend on this. `None` if unknown.
    /// The kernel asks the firmware only if the stub wrote nothing.
    #[must_use]
    pub const fn for_kernel(self) -> Option<bool> {
        match (self.kernel, self.firmware) {
            (Some(on), _) => Some(on),
            (None, Firmware::On) => Some(true),
            (None, Firmware::Unknown) => None,
            (None, Firmware::NotEfi | Firmware::Off | Firmware::SetupMode) => Some(false),
        }
    }
}

fn firmware(root: &Root) -> Firmware {
    match efi::state(root) {
        Efi::Absent => return Firmware::NotEfi,
        Efi::Hidden | Efi::NoVariables => return Firmware::Unknown,
        Efi::Present => {}
    }
    let flag = |name| efi::variable(root, name, GLOBAL).map(|variable| variable.map(|found| found.data));
    match (flag("SecureBoot"), flag("SetupMode")) {
        (Ok(secure_boot), Ok(setup_mode)) => judge(secure_boot.as_deref(), setup_mode.as_deref()),
        (Err(_), _) | (_, Err(_)) => Firmware::Unknown,
    }
}

fn judge(secure_boot: Option<&[u8]>, setup_mode: Option<&[u8]>) -> Firmware {
    match (secure_boot, setup_mode) {
        (None | Some([0]), _) => Firmware::Off,
        (Some([1]), Some([1])) => Firmware::SetupMode,
        (Some([1]), None | Some([0])) => Firmware::On,
        _ => Firmware::Unknown,
    }
}

fn kernel(root: &Root) -> Option<bool> {
    let boot_params = root.read("/sys/kernel/boot_params/data", 4096).ok()??;
    match *boot_params.get(SECURE_BOOT_OFFSET)? {
        ENABLED => Some(true),
        DISABLED => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Tree;
    use super::*;

    #[test]
    fn two_variables_decide() {
        type Data = Option<&'static [u8]>;
        let table: &[(Data, Data, Firmware)] = &[
            (None, None, Firmware::Off),
            (Some(&[0]), Some(&[1]), Firmware::Off),
            (Some(&[1]), Some(&[1]), Firmware::SetupMode),
            (Some(&[1]), Some(&[0]), Firmware::On),
            (Some(&[1]), None, Firmware::On),
            (Some(&[2]), None, Firmware::Unknown),
            (Some(&[]), Some(&[0]), Firmware::Unknown),
            (Some(&[1]), Some(&[]), Firmware::Unknown),
        ];
        for (secure_boot, setup_mode, wanted) in table {
            assert_eq!(judge(*secure_boot, *setup_mode), *wanted, "{secure_boot:?} {setup_mode:?}");
        }
    }

    #[test]
    fn the_kernel_has_the_last_word_about_itself() {
        let table = [
            (Firmware::On, None, true, Some(true)),
            (Firmware::On, Some(false), true, Some(false)),
            (Firmware::Off, Some(true), true, Some(true)),
            (Firmware::Off, None, false, Some(false)),
            (Firmware::NotEfi, None, false, Some(false)),
            (Firmware::SetupMode, None, false, Some(false)),
            (Firmware::Unknown, None, true, None),
            (Firmware::Unknown, Some(false), false, Some(false)),
        ];
        for (firmware, kernel, restricts, for_kernel) in table {
            let state = SecureBoot { firmware, kernel };
            assert_eq!((state.restricts_anchors(), state.for_kernel()), (restricts, for_kernel), "{state:?}");
        }
    }

    #[test]
    fn it_is_read_below_the_root() {
        let tree = Tree::new();
        assert_eq!(SecureBoot::read(tree.root()), SecureBoot { firmware: Firmware::NotEfi, kernel: None });
        let mut boot_params = vec![0; 4096];
        boot_params[SECURE_BOOT_OFFSET] = ENABLED;
        tree.write("/sys/kernel/boot_params/data", &boot_params);
        tree.write(&format!("/sys/firmware/efi/efivars/SecureBoot-{GLOBAL}"), [6, 0, 0, 0, 1]);
        assert_eq!(SecureBoot::read(tree.root()), SecureBoot { firmware: Firmware::On, kernel: Some(true) });
    }
}
