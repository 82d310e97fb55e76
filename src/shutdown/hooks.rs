//! Programs that are run before a forced jump, for drivers whose devices do not survive a jump well.

use crate::sources::Root;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The administrator's folder is read last, so that its hooks replace the distribution's of the same name.
const FOLDERS: [&str; 2] = ["/usr/lib/skexec/pre-exec.d", "/etc/skexec/pre-exec.d"];
/// A hook that hangs must not stop the machine from jumping.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Runs the hooks in the order of their names.
pub(super) fn run(root: &Root, warn: &mut dyn FnMut(String)) {
    for hook in find(root, warn).values() {
        match Command::new(hook).spawn().and_then(wait) {
            Ok(Some(status)) if status.success() => {}
            Ok(Some(status)) => warn(format!("{}: {status}", hook.display())),
            Ok(None) => {
                warn(format!("{}: stopped, because it ran for more than {} s", hook.display(), PATIENCE.as_secs()))
            }
            Err(error) => warn(format!("{}: {error}", hook.display())),
        }
    }
}

fn find(root: &Root, warn: &mut dyn FnMut(String)) -> BTreeMap<std::ffi::OsString, PathBuf> {
    let mut hooks = BTreeMap::new();
    for folder in FOLDERS {
        let Ok(entries) = fs::read_dir(root.path(folder)) else { continue };
        for entry in entries.flatten() {
            // A link to /dev/null, which no one can execute, masks the distribution's hook of the same name.
            hooks.insert(entry.file_name(), entry.path());
        }
    }
    hooks.retain(|_, path| match runnable(root, path) {
        Ok(runnable) => runnable,
        Err(why) => {
            warn(format!("{}: {why}", path.display()));
            false
        }
    });
    hooks
}

/// A regular, executable file that nobody but root can have changed.
fn runnable(root: &Root, path: &Path) -> Result<bool, String> {
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() || metadata.mode() & 0o111 == 0 {
        return Ok(false);
    }
    if metadata.uid() != root.owner() || metadata.mode() & 0o022 != 0 {
        return Err("not run, because it must belong to root and be writable by root alone".into());
    }
    Ok(true)
}

/// Waits for a child, at most for [`PATIENCE`]; then kills it.
fn wait(mut child: Child) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn hook(tree: &Tree, path: &str, mode: u32, text: &str) {
        tree.write(path, text.as_bytes());
        fs::set_permissions(tree.root().path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn hooks_run_in_order_and_bad_ones_are_told() {
        let tree = Tree::new();
        let out = tree.root().path("/out");
        let note = |word: &str| format!("#!/bin/sh\necho {word} >>{}\n", out.display());
        hook(&tree, "/usr/lib/skexec/pre-exec.d/20-b", 0o755, &note("b"));
        hook(&tree, "/usr/lib/skexec/pre-exec.d/30-c", 0o755, &note("distribution"));
        hook(&tree, "/usr/lib/skexec/pre-exec.d/40-d", 0o755, &note("masked"));
        hook(&tree, "/etc/skexec/pre-exec.d/10-a", 0o755, &note("a"));
        hook(&tree, "/etc/skexec/pre-exec.d/30-c", 0o755, &note("administrator"));
        hook(&tree, "/etc/skexec/pre-exec.d/50-open", 0o777, &note("open"));
        hook(&tree, "/etc/skexec/pre-exec.d/60-fails", 0o755, "#!/bin/sh\nexit 3\n");
        hook(&tree, "/etc/skexec/pre-exec.d/README", 0o644, "not a program");
        symlink("/dev/null", tree.root().path("/etc/skexec/pre-exec.d/40-d")).unwrap();

        let mut warnings = Vec::new();
        run(tree.root(), &mut |warning| warnings.push(warning));
        assert_eq!(fs::read_to_string(out).unwrap(), "a\nb\nadministrator\n");
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("50-open") && warnings[1].contains("60-fails: exit status: 3"), "{warnings:?}");
    }
}
