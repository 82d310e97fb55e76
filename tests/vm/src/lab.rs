//! Everything that a scenario needs to boot a guest.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use vm_protocol::Boot;

use crate::authority::{self, Authority};
use crate::binaries::Binaries;
use crate::cache::Cache;
use crate::deb;
use crate::disk;
use crate::esp;
use crate::fetch::{Choice, Extras, Fetch, Group, Kernel, Maker, Package, Root, Series, Tools};
use crate::guest::Guest;
use crate::hardware::{Hardware, Platform};
use crate::initramfs::{self, Files};
use crate::machine::{self, Accel, Machine};
use crate::payload;
use crate::report::{Colour, Report};
use crate::rpm;
use crate::sign::Owner;
use crate::variants::{self, Variants};
use crate::varstore::{self, Enrolment, x509_list};

const LEAST_MEMORY_MIB: u64 = 1024;
const FACTORY_VARIABLES: &str = "usr/share/OVMF/OVMF_VARS_4M.ms.fd";
const BLANK_VARIABLES: &str = "usr/share/OVMF/OVMF_VARS_4M.fd";
pub(crate) const DEBIAN_CA: &str = "keys/debian/debian-secure-boot-ca.pem";

#[derive(Debug)]
pub(crate) struct Lab<'a> {
    pub(crate) report: Report,
    pub(crate) tools: Tools,
    cache: &'a Cache,
    binaries: Binaries,
    owner: Authority,
    stranger: Authority,
    accel: Accel,
}

/// The description of a guest.
#[derive(Debug)]
pub(crate) struct Setup<'a> {
    /// The name of its files in the cache.
    pub(crate) name: &'a str,
    pub(crate) kernel: &'a Kernel,
    pub(crate) firmware: Firmware,
    pub(crate) cmdline: &'a str,
    pub(crate) files: Files,
    pub(crate) hardware: Hardware,
    /// A kernel of another release that is booted by kexec, which needs its own modules.
    pub(crate) second: Option<&'a Kernel>,
}

impl<'a> Setup<'a> {
    pub(crate) fn new(name: &'a str, kernel: &'a Kernel, firmware: Firmware, cmdline: &'a str, files: Files) -> Self {
        Self { name, kernel, firmware, cmdline, files, hardware: Hardware::default(), second: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Firmware {
    /// QEMU gives the kernel to a BIOS.
    Bios,
    /// The BIOS boots from a disk, by GRUB.
    Disk,
    /// UEFI without Secure Boot.
    Uefi,
    /// UEFI that could enforce Secure Boot, without keys.
    SetupMode,
    /// UEFI with Secure Boot: a throw-away key owns it, and `db` has that key and Debian's.
    SecureBoot,
    /// The same, but with the `db` and `dbx` of the forged cases. `db` also has Debian's key, because the first kernel would not
    /// start without it.
    Forged,
    /// A machine with Microsoft's keys, and shim and GRUB on a disk. One more image is revoked, by its Authenticode SHA-256.
    Factory { revoked: [u8; 32] },
}

#[derive(Debug)]
pub(crate) struct Vmlinux {
    pub(crate) elf: PathBuf,
    pub(crate) signature: PathBuf,
}

impl<'a> Lab<'a> {
    pub(crate) fn open(cache: &'a Cache, accel: Accel) -> Result<Self> {
        let report = Report::new();
        let tools = Fetch::new(cache, report).tools()?;
        let owner = Authority::named("the owner", cache, &tools)?;
        let stranger = Authority::named("a stranger", cache, &tools)?;
        let binaries = Binaries::build(cache, report)?;
        fs::create_dir_all(cache.path("run"))?;
        Ok(Self { report, tools, cache, binaries, owner, stranger, accel })
    }

    pub(crate) fn kernel(&self, choice: &Choice) -> Result<Kernel> {
        Fetch::new(self.cache, self.report).kernel(choice)
    }

    pub(crate) fn boot(&self, setup: Setup<'_>) -> Result<(Guest, Boot)> {
        let name = setup.name;
        self.start(name, &self.machine(setup)?)
    }

    /// Starts a machine, and waits until its kernel is up.
    pub(crate) fn start(&self, name: &str, machine: &Machine) -> Result<(Guest, Boot)> {
        Guest::boot(machine, &self.tools, &self.run_file(name, "console.log"))
    }

    /// Boots a guest by firmware with these variables, from a disk with these files: where each is, and its path on the disk.
    pub(crate) fn boot_from_disk(
        &self,
        name: &str,
        variables: PathBuf,
        files: &[(PathBuf, String)],
    ) -> Result<(Guest, Boot)> {
        self.start(name, &self.machine_with_disk(name, variables, files)?)
    }

    /// The machine for that.
    pub(crate) fn machine_with_disk(
        &self,
        name: &str,
        variables: PathBuf,
        files: &[(PathBuf, String)],
    ) -> Result<Machine> {
        let disk = self.run_file(name, "disk");
        esp::fill(&disk, files, &self.extras(Group::SignedBoot)?)?;
        let memory_mib = memory_for(fs::metadata(&disk)?.len());
        let (kernel, initrd, cmdline) = (PathBuf::new(), PathBuf::new(), String::new());
        let (platform, hardware) = (Platform::SignedBoot { variables, disk }, Hardware::default());
        Ok(Machine { kernel, initrd, cmdline, platform, hardware, memory_mib, accel: self.accel })
    }

    /// Writes the files that the guest starts from.
    pub(crate) fn machine(&self, setup: Setup<'_>) -> Result<Machine> {
        let Setup { name, kernel, firmware, cmdline, mut files, hardware, second } = setup;
        let base = initramfs::base(&self.binaries, &self.tools, &[Some(kernel), second])?;
        files.add(initramfs::BASE, &base);
        let initrd = self.run_file(name, "initrd");
        let bytes = [base, files.finish()].concat();
        let memory_mib = hardware.memory.unwrap_or(memory_for(u64::try_from(bytes.len())?));
        let platform = match firmware {
            Firmware::Bios => Platform::Bios,
            Firmware::Disk => Platform::Disk(self.disk(name, kernel, &bytes, cmdline)?),
            Firmware::Uefi => Platform::Uefi(self.blank_variables(name)?),
            Firmware::SetupMode => Platform::SecureBoot(self.blank_variables(name)?),
            Firmware::SecureBoot | Firmware::Forged => {
                self.note_without_efivarfs(kernel);
                Platform::SecureBoot(self.variables(name, firmware)?)
            }
            Firmware::Factory { revoked } => {
                let (variables, disk) = (self.factory_variables(name, &revoked)?, self.run_file(name, "disk"));
                fs::write(&initrd, &bytes)?;
                let chain = self.extras(Group::SignedBoot)?;
                esp::write(&disk, &kernel.image, &initrd, &machine::cmdline(cmdline), &chain)?;
                Platform::SignedBoot { variables, disk }
            }
        };
        fs::write(&initrd, bytes)?;
        let (kernel, cmdline) = (kernel.image.clone(), cmdline.to_owned());
        Ok(Machine { kernel, initrd, cmdline, platform, hardware, memory_mib, accel: self.accel })
    }

    /// The initrd of a guest without a scenario's files, with the modules of these kernels.
    pub(crate) fn base(&self, kernels: &[&Kernel]) -> Result<Vec<u8>> {
        let kernels: Vec<_> = kernels.iter().copied().map(Some).collect();
        initramfs::base(&self.binaries, &self.tools, &kernels)
    }

    pub(crate) fn extras(&self, group: Group) -> Result<Extras> {
        Fetch::new(self.cache, self.report).extras(group)
    }

    /// The directory of a kernel's modules for file systems, which are to be loaded in the order of their names.
    pub(crate) fn storage_modules(&self, series: Series) -> Result<PathBuf> {
        Fetch::new(self.cache, self.report).storage_modules(series)
    }

    /// The kernel's own tests of kexec.
    pub(crate) fn selftests(&self) -> Result<PathBuf> {
        Fetch::new(self.cache, self.report).selftests()
    }

    /// The requested files of a package.
    pub(crate) fn package_files(&self, package: &Package) -> Result<PathBuf> {
        Ok(Fetch::new(self.cache, self.report).package(package)?.directory)
    }

    fn disk(&self, name: &str, kernel: &Kernel, initrd: &[u8], own: &str) -> Result<PathBuf> {
        let disk = self.run_file(name, "disk");
        let grub = self.extras(Group::Grub)?;
        disk::write(&disk, &fs::read(&kernel.image)?, initrd, &machine::cmdline(own), &grub)?;
        Ok(disk)
    }

    pub(crate) fn blank_variables(&self, name: &str) -> Result<PathBuf> {
        let file = self.run_file(name, "variables.fd");
        fs::write(&file, fs::read(self.tools.path(BLANK_VARIABLES))?)?;
        Ok(file)
    }

    fn factory_variables(&self, name: &str, revoked: &[u8; 32]) -> Result<PathBuf> {
        let factory = fs::read(self.tools.path(FACTORY_VARIABLES))?;
        let file = self.run_file(name, "variables.fd");
        fs::write(&file, varstore::revoke(&factory, &forge::esl::sha256(&[revoked.to_vec()]))?)?;
        Ok(file)
    }

    fn note_without_efivarfs(&self, kernel: &Kernel) {
        if kernel.efivarfs.is_none() {
            let release = &kernel.release;
            let note =
                format!("note: /lib/modules/{release} has no efivarfs; unless it is built in, skexec must refuse all");
            self.report.detail(Colour::Yellow, &note);
        }
    }

    /// The signed kernel, its invalid copies, and the certificates, at the paths that every scenario uses.
    pub(crate) fn exhibits(&self, target: &Kernel) -> Result<Files> {
        let directory = self.cache.path("run");
        let variants = Variants::of(&target.image, &directory, &self.owner, &self.stranger, &self.tools)?;
        let mut files = Files::default();
        files.copy("/boot/vmlinuz", &target.image)?;
        files.copy("/boot/vmlinuz.flipped", &variants.flipped)?;
        files.copy("/boot/vmlinuz.unsigned", &variants.unsigned)?;
        files.copy("/boot/vmlinuz.stranger", &variants.stranger)?;
        files.copy("/boot/vmlinuz.truncated", &variants.truncated)?;
        files.copy("/boot/vmlinuz.owner", &variants.owner)?;
        self.add_keys(&mut files)?;
        Ok(files)
    }

    /// The options by which `skexec load` joins an initrd of the user's to the one that every second kernel needs.
    pub(crate) fn initrd_options(files: &mut Files, users: Option<&Path>) -> Result<String> {
        let Some(users) = users else { return Ok(format!("--initrd {}", initramfs::BASE)) };
        files.copy("/boot/initrd.user", users)?;
        Ok(format!("--initrd /boot/initrd.user --initrd {}", initramfs::BASE))
    }

    /// A copy of a kernel without its signature.
    pub(crate) fn unsigned(&self, kernel: &Kernel) -> Result<PathBuf> {
        let copy = self.cache.path("run/another.unsigned");
        variants::write_unsigned(&kernel.image, &copy)?;
        Ok(copy)
    }

    /// The Authenticode SHA-256 of an image, which firmware, shim and kernel use; computed by other code than skexec's.
    pub(crate) fn authenticode(&self, kernel: &Kernel) -> Result<[u8; 32]> {
        let unsigned = fs::read(self.unsigned(kernel)?)?;
        let digest = forge::authenticode::digest(&unsigned, forge::hash::Hash::Sha256);
        digest.try_into().ok().context("a SHA-256 has 32 bytes")
    }

    /// The kernel as an ELF file, and the owner's signature of it.
    pub(crate) fn vmlinux(&self, kernel: &Kernel) -> Result<Vmlinux> {
        let name = format!("vmlinux-{}", kernel.release);
        let directory = self.cache.directory(&name, |unfinished| {
            let (elf, signature) = (unfinished.join("vmlinux"), unfinished.join("vmlinux.p7s"));
            let scratch = self.cache.path("run/payload");
            fs::write(&elf, payload::vmlinux(&fs::read(&kernel.image)?, &scratch, &self.extras(Group::Compression)?)?)?;
            self.owner.sign_detached(&elf, &signature, &self.tools)
        })?;
        Ok(Vmlinux { elf: directory.join("vmlinux"), signature: directory.join("vmlinux.p7s") })
    }

    /// The kernel with a broken table of relocations, signed by the owner.
    pub(crate) fn without_relocations(&self, kernel: &Kernel) -> Result<PathBuf> {
        let [broken, signed] = ["broken", "broken.signed"].map(|name| self.run_file(&kernel.release, name));
        let (scratch, extras) = (self.cache.path("run/payload"), self.extras(Group::Compression)?);
        fs::write(&broken, payload::with_broken_relocations(&fs::read(self.unsigned(kernel)?)?, &scratch, &extras)?)?;
        self.owner.sign(&broken, &signed, &self.tools)?;
        Ok(signed)
    }

    /// The vmlinux with debug symbols of a kernel that is in the release of this root.
    pub(crate) fn symbols(&self, release: &str, maker: Maker) -> Result<PathBuf> {
        Fetch::new(self.cache, self.report).symbols(release, maker)
    }

    pub(crate) fn root(&self, maker: Maker) -> Result<Root> {
        Fetch::new(self.cache, self.report).root(maker)
    }

    /// The files of packages that are to be installed in such a root, and of what they need.
    pub(crate) fn packages_for(&self, maker: Maker, packages: &[&str]) -> Result<PathBuf> {
        Fetch::new(self.cache, self.report).packages_for(maker, packages)
    }

    /// The throw-away authority that the tests trust.
    pub(crate) fn owner(&self) -> &Authority {
        &self.owner
    }

    /// Keys that `skexec-sign` makes for a scenario.
    pub(crate) fn owner_with_new_keys(&self, name: &str) -> Result<Owner> {
        Owner::with_new_keys(&self.run_file(name, "keys"), self.cache, self.report)
    }

    /// The Debian package that makes skexec the system's kexec.
    pub(crate) fn kexec_package(&self) -> Result<PathBuf> {
        deb::build_kexec(self.cache, self.report)
    }

    /// The packages for other distributions: skexec, and dracut's module.
    pub(crate) fn rpms(&self) -> Result<Vec<PathBuf>> {
        rpm::build(self.cache, self.report)
    }

    /// The Debian package that adds skexec to every initramfs.
    pub(crate) fn initramfs_package(&self) -> Result<PathBuf> {
        deb::build_initramfs(self.cache, self.report)
    }

    /// The Debian package.
    pub(crate) fn package(&self) -> Result<PathBuf> {
        deb::build(self.cache, self.report)
    }

    /// A path of the repository.
    pub(crate) fn workspace(&self, name: &str) -> PathBuf {
        self.cache.workspace(name)
    }

    pub(crate) fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    pub(crate) fn accel(&self) -> Accel {
        self.accel
    }

    /// A temporary file of the run.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.cache.path("run").join(name)
    }

    pub(crate) fn add_keys(&self, files: &mut Files) -> Result<()> {
        files.copy("/keys/debian/ca.pem", &self.cache.workspace(DEBIAN_CA))?;
        files.copy("/keys/owner/ca.pem", &self.owner.certificate())
    }

    /// Debian's key, where skexec looks for the keys of an administrator.
    pub(crate) fn trust_debian(&self, files: &mut Files) -> Result<()> {
        files.copy("/etc/skexec/trust.d/debian.pem", &self.cache.workspace(DEBIAN_CA))
    }

    pub(crate) fn variables(&self, name: &str, firmware: Firmware) -> Result<PathBuf> {
        let scratch = self.cache.path("run/certificate.der");
        let der = |certificate: &Path| authority::der(certificate, &self.tools, &scratch);
        let owner = der(&self.owner.certificate())?;
        let debian = der(&self.cache.workspace(DEBIAN_CA))?;
        let blank = self.tools.path(BLANK_VARIABLES);
        let blank = fs::read(&blank).with_context(|| blank.display().to_string())?;
        let debian = x509_list(&debian);
        let (db, dbx) = match firmware {
            Firmware::Forged => ([forge::db_esl(), debian].concat(), forge::dbx_esl()),
            _ => ([x509_list(&owner), debian].concat(), vec![]),
        };
        let store = Enrolment { platform: &owner, db, dbx }.write(&blank)?;
        let file = self.run_file(name, "variables.fd");
        fs::write(&file, store)?;
        Ok(file)
    }

    fn run_file(&self, name: &str, what: &str) -> PathBuf {
        self.cache.path("run").join(format!("{name}.{what}"))
    }
}

/// An archive is in memory twice, packed and unpacked; a load copies it once more.
fn memory_for(bytes: u64) -> u64 {
    LEAST_MEMORY_MIB + 3 * (bytes >> 20)
}
