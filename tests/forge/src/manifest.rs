//! The text of a manifest: what it binds, with every line to change (docs/manifest.md).

use crate::hash::Hash;

#[derive(Debug, Clone)]
pub struct Manifest {
    pub name: &'static str,
    pub version: u64,
    pub cmdline: &'static str,
    pub kernel: Vec<u8>,
    pub initrds: Vec<Vec<u8>>,
    /// Lines of the table `[vary]`.
    pub vary: &'static str,
    /// The names of the kernel and of the initrds, as hints where they lie.
    pub files: Option<(&'static str, Vec<&'static str>)>,
}

impl Manifest {
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!(
            "manifest = 1\nname = \"{}\"\nversion = {}\ncmdline = \"{}\"\n",
            self.name, self.version, self.cmdline
        );
        let (kernel, initrds) = self.files.clone().unwrap_or_default();
        text += &bound("[kernel]", &self.kernel, kernel);
        for (place, initrd) in self.initrds.iter().enumerate() {
            text += &bound("[[initrd]]", initrd, initrds.get(place).copied().unwrap_or_default());
        }
        if !self.vary.is_empty() {
            text += &format!("[vary]\n{}", self.vary);
        }
        text
    }
}

fn bound(table: &str, bytes: &[u8], file: &str) -> String {
    let sha256: String = Hash::Sha256.of(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let file = if file.is_empty() { String::new() } else { format!("file = \"{file}\"\n") };
    format!("{table}\nsha256 = \"{sha256}\"\nsize = {}\n{file}", bytes.len())
}
