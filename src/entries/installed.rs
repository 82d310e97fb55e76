//! Installed kernels that no boot entry names: where distributions and kernel-install(8) put them.

use super::place::{Place, places};
use super::text::assignments;
use crate::sources::Root;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The maximum number of installed versions that are read of one folder.
const MAX_NAMES: usize = 1000;

/// Ends of names in /boot that are not a part of a version: signatures, manifests, and copies that package managers and people make.
const NO_VERSION: [&str; 9] =
    [".p7s", ".manifest", ".sig", ".asc", ".old", ".bak", ".dpkg-new", ".dpkg-tmp", ".dpkg-bak"];

/// The files of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    pub(super) kernel: PathBuf,
    pub(super) initrds: Vec<PathBuf>,
}

/// Folders of kernels on this system.
pub(super) struct Folders {
    boot: PathBuf,
    modules: PathBuf,
    /// kernel-install's: `PLACE/TOKEN`.
    tokens: Vec<PathBuf>,
}

impl Folders {
    pub(super) fn of(root: &Root) -> Self {
        let places = places(root);
        let below = |token: String| places.iter().map(move |place: &Place| place.path.join(&token)).collect::<Vec<_>>();
        let tokens = tokens(root).into_iter().flat_map(below).collect();
        Self { boot: root.path("/boot"), modules: root.path("/usr/lib/modules"), tokens }
    }

    /// All versions of which there is a kernel.
    pub(super) fn versions(&self) -> BTreeSet<String> {
        let of_boot = names(&self.boot).filter_map(|name| Some(name.strip_prefix("vmlinuz-")?.to_owned()));
        let of_boot = of_boot.filter(|version| !NO_VERSION.iter().any(|end| version.ends_with(end)));
        let folders = self.tokens.iter().chain([&self.modules]);
        let versions = of_boot.chain(folders.flat_map(|folder| names(folder)));
        versions.filter(|version| is_name(version) && self.find(version).is_some()).collect()
    }

    /// The kernel of a version, and its initrds.
    pub(super) fn find(&self, version: &str) -> Option<Installed> {
        if !is_name(version) {
            return None;
        }
        self.by_kernel_install(version).or_else(|| self.by_distribution(version))
    }

    /// `TOKEN/VERSION/linux`, with the initrds beside it (90-loaderentry.install): the microcode comes first.
    fn by_kernel_install(&self, version: &str) -> Option<Installed> {
        let folder =
            self.tokens.iter().map(|token| token.join(version)).find(|folder| folder.join("linux").is_file())?;
        let mut found: Vec<_> = names(&folder).collect();
        found.sort();
        let of_kind = |kind: &'static str| found.iter().filter(move |name| name.starts_with(kind));
        let initrds = of_kind("microcode").chain(of_kind("initrd")).map(|name| folder.join(name)).collect();
        Some(Installed { kernel: folder.join("linux"), initrds })
    }

    /// Debian's names, Fedora's, and the kernel beside its modules.
    fn by_distribution(&self, version: &str) -> Option<Installed> {
        let kernels = [self.modules.join(version).join("vmlinuz"), self.boot.join(format!("vmlinuz-{version}"))];
        let initrds = [format!("initrd.img-{version}"), format!("initramfs-{version}.img")];
        let initrd = initrds.map(|name| self.boot.join(name)).into_iter().find(|path| path.is_file());
        let kernel = kernels.into_iter().find(|path| path.is_file())?;
        Some(Installed { kernel, initrds: initrd.into_iter().collect() })
    }
}

/// The command line that kernel-install gives to new kernels: `None` if neither file exists.
pub(super) fn configured_cmdline(root: &Root) -> Option<String> {
    let text = root.text("/etc/kernel/cmdline").or_else(|| root.text("/usr/lib/kernel/cmdline"))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Some(lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" "))
}

/// Names of the folders that kernel-install(8) uses, the most likely first.
fn tokens(root: &Root) -> Vec<String> {
    let files = ["/etc/kernel/entry-token", "/etc/machine-id"].map(|path| root.text(path));
    let release = root.text("/etc/os-release").or_else(|| root.text("/usr/lib/os-release")).unwrap_or_default();
    let named = |key: &str| assignments(&release).find(|(found, _)| *found == key).map(|(_, value)| value.to_owned());
    let all = files.into_iter().chain([named("IMAGE_ID"), named("ID"), Some("Default".to_owned())]).flatten();
    all.filter(|token| is_name(token)).collect()
}

/// Names of the files of a folder; none if it cannot be read.
fn names(folder: &Path) -> impl Iterator<Item = String> + use<> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| file.file_name().into_string().ok()).take(MAX_NAMES)
}

/// Whether a version or token is the name of a file in a folder.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\0'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::testing::Tree;

    /// The kernel and the initrds of a version, without the root.
    fn found(tree: &Tree, version: &str) -> Option<(String, Vec<String>)> {
        let short = |path: &PathBuf| path.strip_prefix(&tree.root().0).unwrap().to_str().unwrap().to_owned();
        let Installed { kernel, initrds } = Folders::of(tree.root()).find(version)?;
        Some((short(&kernel), initrds.iter().map(short).collect()))
    }

    #[test]
    fn the_names_of_distributions() {
        let tree = Tree::new();
        for file in [
            "/boot/vmlinuz-1",
            "/boot/initrd.img-1",
            "/boot/vmlinuz-1.manifest",
            "/boot/vmlinuz-1.manifest.p7s",
            "/boot/vmlinuz-1.old",
            "/boot/vmlinuz-2",
            "/boot/initramfs-2.img",
            "/usr/lib/modules/2/vmlinuz",
            "/usr/lib/modules/3/vmlinuz",
            "/boot/abc/4/linux",
            "/boot/abc/4/initrd-b",
            "/boot/abc/4/initrd-a",
            "/boot/abc/4/microcode.img",
            "/boot/debian/5/linux",
            "/usr/lib/modules/6/modules.dep",
            "/boot/initrd.img-7",
        ] {
            tree.write(file, "x");
        }
        tree.write("/etc/machine-id", "abc\n");
        tree.write("/etc/os-release", "ID=debian\nIMAGE_ID=../etc\n");
        type Row<'a> = (&'a str, Option<(&'a str, &'a [&'a str])>);
        let rows: [Row<'_>; 9] = [
            ("1", Some(("boot/vmlinuz-1", &["boot/initrd.img-1"]))),
            ("2", Some(("usr/lib/modules/2/vmlinuz", &["boot/initramfs-2.img"]))),
            ("3", Some(("usr/lib/modules/3/vmlinuz", &[]))),
            (
                "4",
                Some(("boot/abc/4/linux", &["boot/abc/4/microcode.img", "boot/abc/4/initrd-a", "boot/abc/4/initrd-b"])),
            ),
            ("5", Some(("boot/debian/5/linux", &[]))),
            ("6", None),
            ("7", None),
            ("", None),
            ("../boot/abc/4", None),
        ];
        for (version, wanted) in rows {
            let owned = |list: &[&str]| list.iter().map(|path| (*path).to_owned()).collect();
            let wanted = wanted.map(|(kernel, initrds)| (kernel.to_owned(), owned(initrds)));
            assert_eq!(found(&tree, version), wanted, "{version}");
        }
        let versions: Vec<_> = Folders::of(tree.root()).versions().into_iter().collect();
        assert_eq!(versions, ["1", "2", "3", "4", "5"]);
    }

    #[test]
    fn the_command_line_of_new_kernels() {
        let tree = Tree::new();
        assert_eq!(configured_cmdline(tree.root()), None);
        tree.write("/usr/lib/kernel/cmdline", "quiet\n");
        assert_eq!(configured_cmdline(tree.root()).as_deref(), Some("quiet"));
        tree.write("/etc/kernel/cmdline", "# comment\nroot=/dev/vda1\n  ro\n");
        assert_eq!(configured_cmdline(tree.root()).as_deref(), Some("root=/dev/vda1 ro"));
    }
}
