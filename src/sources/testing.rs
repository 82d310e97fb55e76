//! A root directory for a test, in the system's directory for temporary files.

use super::Root;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A directory that is removed when the test ends.
pub(crate) struct Tree(Root);

impl Tree {
    pub(crate) fn new() -> Self {
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("skexec-test-{}-{number}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        // Each running kernel has it.
        fs::create_dir_all(path.join("sys/firmware")).unwrap();
        Self(Root(path))
    }

    pub(crate) fn root(&self) -> &Root {
        &self.0
    }

    /// Writes a file with mode 0644 in directories with mode 0755, independent of the umask.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let place = self.0.path(path);
        self.directory(std::path::Path::new(path).parent().unwrap().to_str().unwrap());
        fs::write(&place, bytes).unwrap();
        self.mode(path, 0o644);
        place
    }

    pub(crate) fn directory(&self, path: &str) -> PathBuf {
        fs::create_dir_all(self.0.path(path)).unwrap();
        let mut place = self.0.0.clone();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            place.push(part);
            fs::set_permissions(&place, Permissions::from_mode(0o755)).unwrap();
        }
        place
    }

    pub(crate) fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.0.path(path), Permissions::from_mode(mode)).unwrap();
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0.0);
    }
}

/// Writes an EFI variable as efivarfs shows it.
pub(crate) fn set_variable(tree: &Tree, name: &str, vendor: &str, attributes: u32, data: &[u8]) {
    let bytes = [&attributes.to_le_bytes(), data].concat();
    tree.write(&format!("/sys/firmware/efi/efivars/{name}-{vendor}"), bytes);
}
