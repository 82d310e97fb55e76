//! `cargo xtask real-files`: skexec's verdicts on files from Debian and others, as a table in docs/real-files.md.

mod facts;
mod viewers;

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::binaries::Binaries;
use crate::cache::Cache;
use crate::checks::Checks;
use crate::fetch::{Fetch, Origin, Package};
use crate::report::Report;

pub(crate) const PAGE: &str = "docs/real-files.md";
const DEBIAN_KEYS: &str = "keys/debian";

/// The anchors for a run of `skexec verify`.
#[derive(Debug, Clone, Copy)]
enum Keys {
    Debian,
    Microsoft2011,
    Microsoft2023,
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Debian => "Debian",
            Self::Microsoft2011 => "Microsoft 2011",
            Self::Microsoft2023 => "Microsoft 2023",
        })
    }
}

const CA_2011: &str = "MicrosoftCorporationUEFICA2011.pem";
const CA_2023: &str = "MicrosoftUEFICA2023.pem";

/// Microsoft's certificates, which are not in this repository.
const CERTIFICATES: Package = Package {
    id: "certificates",
    name: "python3-virt-firmware",
    meta: false,
    from: Origin::Trixie,
    files: &[CA_2011, CA_2023],
};

const fn kernel(id: &'static str, name: &'static str, from: Origin) -> Package {
    Package { id, name, meta: true, from, files: &["vmlinuz"] }
}

const fn package(name: &'static str, from: Origin, files: &'static [&'static str]) -> Package {
    Package { id: name, name, meta: false, from, files }
}

/// Debian's kernel for every machine; the guests boot the smaller one for clouds.
pub(crate) const LINUX_6_1: Package = kernel("linux-6.1", "linux-image-amd64", Origin::Bookworm);

const PACKAGES: &[Package] = &[
    LINUX_6_1,
    kernel("linux-6.1-rt", "linux-image-rt-amd64", Origin::Bookworm),
    kernel("linux-6.1-cloud", "linux-image-cloud-amd64", Origin::Bookworm),
    kernel("linux-6.12", "linux-image-amd64", Origin::Backports),
    kernel("linux-6.12-rt", "linux-image-rt-amd64", Origin::Backports),
    kernel("linux-6.12-cloud", "linux-image-cloud-amd64", Origin::Backports),
    package(
        "grub-efi-amd64-signed",
        Origin::Bookworm,
        &["grubx64.efi.signed", "grubnetx64.efi.signed", "grubnetx64-installer.efi.signed", "gcdx64.efi.signed"],
    ),
    package("systemd-boot-efi-amd64-signed", Origin::Trixie, &["systemd-bootx64.efi.signed"]),
    package("fwupd-amd64-signed", Origin::Bookworm, &["fwupdx64.efi.signed"]),
    package("shim-signed", Origin::Bookworm, &["shimx64.efi.signed"]),
    package("systemd-boot-efi", Origin::Bookworm, &["systemd-bootx64.efi", "linuxx64.efi.stub"]),
    package("memtest86+", Origin::Bookworm, &["memtest86+x64.efi", "memtest86+x64.bin", "memtest86+ia32.efi"]),
    package("ipxe", Origin::Bookworm, &["ipxe.efi", "snponly.efi", "ipxe.lkrn"]),
];

fn keys_for(package: &Package) -> &'static [Keys] {
    match package.name {
        "shim-signed" => &[Keys::Microsoft2011, Keys::Microsoft2023, Keys::Debian],
        _ => &[Keys::Debian],
    }
}

/// One line of the table.
#[derive(Debug, Clone)]
struct Row {
    /// The columns that must not change with the package's version.
    cells: Vec<String>,
    version: String,
}

impl Row {
    fn line(&self) -> String {
        let (first, rest) = self.cells.split_at(2);
        format!("| {} | {} | {} |", first.join(" | "), self.version, rest.join(" | "))
    }

    fn of_line(line: &str) -> Option<Self> {
        let mut cells: Vec<_> = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").map(str::to_owned).collect();
        *cells.first_mut()? = format!("`{}", cells.first()?);
        let version = (cells.len() > 2).then(|| cells.remove(2))?;
        Some(Self { cells, version })
    }
}

/// Fetches what is missing, judges all, and writes the table to `page`.
pub(crate) fn run(cache: &Cache, page: &Path) -> Result<()> {
    let rows = rows(cache)?;
    println!("\n{} facts of other viewers are in skexec inspect -v", views(cache)?);
    fs::write(page, self::page(&rows))?;
    println!("\n{} verdicts written to {}", rows.len(), page.display());
    Ok(())
}

/// Compares the page with the present packages and the present skexec. The packages are large, so nothing is fetched or checked
/// unless `cargo xtask real-files` was run before.
pub(crate) fn check(cache: &Cache, checks: &mut Checks) -> Result<()> {
    if !PACKAGES.iter().all(|package| package.is_in(cache)) {
        println!("the packages are not in the cache; `cargo xtask real-files` fetches them");
        return Ok(());
    }
    let written = fs::read_to_string(cache.workspace(PAGE)).context(PAGE)?;
    let wanted: Vec<_> = written.lines().filter_map(Row::of_line).map(|row| row.cells).collect();
    let found: Vec<_> = rows(cache)?.into_iter().map(|row| row.cells).collect();
    checks.equal("as many verdicts as in docs/real-files.md", &found.len(), &wanted.len());
    for (found, wanted) in found.iter().zip(&wanted) {
        checks.equal(&format!("{} {}", wanted[1], wanted[0]), found, wanted);
    }
    let compared = views(cache).map(|_| ()).map_err(|error| format!("{error:#}"));
    checks.equal("skexec inspect -v shows what other viewers show", &compared, &Ok(()));
    Ok(())
}

fn rows(cache: &Cache) -> Result<Vec<Row>> {
    let report = Report::new();
    let fetch = Fetch::new(cache, report);
    let certificates = fetch.package(&CERTIFICATES)?.directory;
    let anchors = |keys| match keys {
        Keys::Debian => cache.workspace(DEBIAN_KEYS),
        Keys::Microsoft2011 => certificates.join(CA_2011),
        Keys::Microsoft2023 => certificates.join(CA_2023),
    };
    let unpacked: Vec<_> = PACKAGES.iter().map(|package| fetch.package(package)).collect::<Result<_>>()?;
    let skexec = Binaries::build(cache, report)?.skexec;
    let mut rows = Vec::new();
    for (package, unpacked) in PACKAGES.iter().zip(unpacked) {
        for file in package.files {
            for keys in keys_for(package) {
                let said = verify(&skexec, &anchors(*keys), &unpacked.directory.join(file))?;
                let mut cells = vec![format!("`{file}`"), package.id.to_owned(), keys.to_string()];
                cells.extend(verdict(&said));
                rows.push(Row { cells, version: unpacked.version.clone() });
            }
        }
    }
    Ok(rows)
}

/// Compares `inspect` with other viewers; the number of facts.
fn views(cache: &Cache) -> Result<usize> {
    let report = Report::new();
    let fetch = Fetch::new(cache, report);
    let named = |name: &str| PACKAGES.iter().find(|package| package.id == name).context("a package of the table");
    let mut files = Vec::new();
    for (id, file) in [
        ("linux-6.1", "vmlinuz"),
        ("shim-signed", "shimx64.efi.signed"),
        ("grub-efi-amd64-signed", "grubx64.efi.signed"),
    ] {
        files.push(fetch.package(named(id)?)?.directory.join(file));
    }
    viewers::compare(cache, &fetch, &Binaries::build(cache, report)?.skexec, &files)
}

fn verify(skexec: &Path, keys: &Path, file: &PathBuf) -> Result<Value> {
    let mut command = Command::new(skexec);
    command.args(["verify", "--json", "--no-system-trust", "--keys"]).arg(keys).arg(file);
    // The exit code only repeats the verdict.
    let output = command.output().with_context(|| skexec.display().to_string())?;
    let said: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{}: {}", file.display(), String::from_utf8_lossy(&output.stderr)))?;
    Ok(said[0].clone())
}

/// Format, verdict, reasons and warnings, signer, and the kernel's answer.
fn verdict(said: &Value) -> [String; 5] {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let list = |key: &str| said[key].as_array().into_iter().flatten().map(|one| format!("`{}`", text(one)));
    let reasons: Vec<_> = list("reasons").chain(list("warnings").map(|slug| format!("({slug})"))).collect();
    let reasons = if reasons.is_empty() { "-".to_owned() } else { reasons.join(", ") };
    let signer = text(&said["signer"]["subject"]);
    let signer = signer.rsplit("CN=").next().unwrap_or_default().to_owned();
    [text(&said["format"]), text(&said["verdict"]), reasons, signer, text(&said["kernel"]["name"])]
}

fn page(rows: &[Row]) -> String {
    let mut page = String::from(
        "# Real files\n\n\
         The verdicts of `skexec verify --no-system-trust --keys KEYS FILE` on files that others signed. `cargo xtask real-files`\n\
         downloads the packages from Debian and writes this page; `cargo xtask test` then compares everything but the versions.\n\n\
         - The verdict is about loading: a boot loader is not a kernel, whoever signed it. Where `not-a-kernel` is the only reason,\n  \
           the signature verifies and the signer is trusted; other reasons are faults of the file itself.\n\
         - KEYS is `keys/debian`, or one of Microsoft's certificates for third parties (UEFI CA 2011, UEFI CA 2023).\n\
         - shim has two signatures. As in the kernel, the first one decides. It chains to the CA of 2011, so trusting only the CA of\n  \
           2023 does not help.\n\
         - The certificate of shim's signer has expired, as Microsoft's certificates do before the images that they sign. Kernels do\n  \
           not check the clock; neither does skexec, but it warns (in brackets).\n\
         - The last column predicts the answer of `kexec_file_load` in Debian's 6.12 under enforcement with that key alone.\n\n\
         | file | package | version | keys | format | verdict | reasons | signer | kernel |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let _ = writeln!(page, "{}", row.line());
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back() {
        let row = Row { cells: ["`f`", "p", "Debian", "pe"].map(str::to_owned).into(), version: "1".to_owned() };
        assert_eq!(row.line(), "| `f` | p | 1 | Debian | pe |");
        let read = Row::of_line(&row.line()).expect("a row");
        assert_eq!((read.cells, read.version), (row.cells, row.version));
        assert!(Row::of_line("| file | package |").is_none() && Row::of_line("text").is_none());
    }

    #[test]
    fn packages_have_directories_of_their_own() {
        let mut ids: Vec<_> = PACKAGES.iter().map(|package| package.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), PACKAGES.len());
    }
}
