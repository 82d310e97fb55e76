//! Seeds for the targets that read the files of a machine, and for those that compare with others.

use super::Seed;
use crate::tree::input;
use crate::{boots, commands, handed, records, system, trusted};
use forge::pe::{Pe, Section};

const IOMEM: &str = "00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n00100000-1ffdffff : System RAM\n  \
                     01000000-01ffffff : Kernel code\n  10000000-13ffffff : Crash kernel\n1ffe0000-1fffffff : Reserved\n";
const KEYS: &str = "02be1a3a I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 1\n\
                    0f5fbd10 I------     1 perm 1f030000     0     0 asymmetri Debian: 1a2b: X509.rsa 1a2b []\n\
                    135de38c I------     1 perm 0f0b0000     0     0 keyring   .blacklist: 3\n\
                    2c33f0d1 I------     1 perm 0d010000     0     0 blacklist bin:80b4d96931bf0d02fd91a61e19d14f1da452e66db2408ca8604d411f92659f0a\n";
const CRYPTO: &str = "name         : sha256\ndriver       : sha256-generic\nmodule       : kernel\npriority     : 100\n\n\
                      name         : pkcs1pad(rsa,sha256)\ndriver       : pkcs1pad(rsa-generic,sha256)\nmodule       : kernel\n";
const MOUNTS: &str = "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n23 22 254:15 / /efi rw - vfat /dev/vda15 rw\n\
                      24 22 254:2 / /boot rw - ext4 /dev/vda2 rw\n";
const BLOCKING: &str = r#"{"type":"a(ssssuu)","data":[[["shutdown","apt","upgrading","block",0,77],["sleep:shutdown:idle","backup",
    "copies","block-weak",1000,4],["shutdown","Manager","syncs","delay",0,3],["handle-power-key","desktop","its own","block",1000,5]]]}"#;
const SCHEDULED: &str = "USEC=1772359200000000\nWARN_WALL=1\nMODE=kexec\nWALL_MESSAGE=MODE\\=reboot\n";
const STATUS: &str = "Name:\tskexec\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n";
const RECORD: &str = r#"{"schema":1,"time":1700000000,"method":"segments","kernel":"/boot/vmlinuz-6.12.0-1","release":"6.12.0-1",
    "sha256":"0a","basis":"embedded","signer":"CN=test","covers":["kernel"],"initrds":["/boot/initrd"],"injected":[],"cmdline":"quiet",
    "boot_entry":"a.conf","boot_id":"one","loads_left":7,"locked":false,"by":{"uid":0,"login_uid":1000,"program":"skexec"},
    "asked":{"words":["load","--latest"],"folder":"","release":null,"options":"ro","files":[{"path":"/boot/vmlinuz","size":1,
    "device":2,"inode":3,"changed":4}]},"initrd_sha256":"0b","marked":true,"hardware":null,"replaces":false}"#;
const NEXT: &str = r#"{"schema":1,"boot_id":"one","from":"6.1.0-1","image":{"time":1700000000,"by":null,"skexec":"0.1.0","method":"segments",
    "kernel":"/k","release":"6.12.0-test","kernel_sha256":"0a","initrd_sha256":null,"cmdline_sha256":"0c","marked":true},
    "exec":{"time_ms":1700000000000,"by":{"uid":0,"login_uid":null,"program":"skexec"},"clean":true,"watchdog":30,"scheduled":false}}"#;
const VERSIONS: &str = r#"{"schema":1,"highest":{"acme-boot":7},"expected":{"name":"acme-boot","version":8,"boot_id":"one",
    "release":null,"cmdline":"quiet"}}"#;
const MEASURED: &str = r#"{"schema":1,"boot_id":"two","registers":[8,9],"complete":true,"events":"0a"}"#;

pub(super) fn seeds() -> Vec<Seed> {
    [
        of_system(),
        of_trust(),
        of_records(),
        of_boots(),
        of_commands(),
        of_handover(),
        of_words(),
        of_shutdown(),
        small(),
    ]
    .concat()
}

/// A core file of two parts, as /proc/kcore begins.
fn kcore() -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(0x20, 0);
    bytes.extend([64, 0].map(u64::to_le_bytes).as_flattened());
    bytes.extend([0, 64, 56, 2, 0, 0, 0, 0].map(u16::to_le_bytes).as_flattened());
    bytes.resize(64, 0);
    for (at, physical, size) in
        [(0xffff_ffff_8100_0000_u64, 0x100_0000_u64, 0x100_0000_u64), (0xffff_8880_0000_1000, 0x1000, 0x9_e000)]
    {
        bytes.extend([1_u32, 7].map(u32::to_le_bytes).as_flattened());
        bytes.extend([0, at, physical, size, size, 0].map(u64::to_le_bytes).as_flattened());
    }
    bytes
}

/// boot_params of a machine that EFI started.
fn boot_params() -> Vec<u8> {
    let mut own = vec![0; 4096];
    own[0x0f] = 1;
    own[0x70..0x78].copy_from_slice(&0xf_5b20_u64.to_le_bytes());
    own[0x1c0..0x1c4].copy_from_slice(b"EL64");
    own[0x1c4..0x1c8].copy_from_slice(&0x7e8e_d018_u32.to_le_bytes());
    own[0x1e9..0x1ed].copy_from_slice(&[1, 1, 0, 2]);
    own[0xd00] = 0x80;
    own
}

const CONFIG: &[u8] =
    b"CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_SIG=y\nCONFIG_IMA_ARCH_POLICY=y\nCONFIG_CRYPTO_SHA512=m\n";

fn machine() -> Vec<(&'static str, Vec<u8>)> {
    let texts: [(&str, &str); 44] = [
        ("/proc/iomem", IOMEM),
        ("/proc/meminfo", "MemTotal:        1048576 kB\nMemAvailable:     900000 kB\nSwapFree:              0 kB\n"),
        ("/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/vda1 crashkernel=64M,cma kho=off quiet\n"),
        ("/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu la57 sha_ni ssse3 sse4_1 sev_snp\n"),
        ("/proc/crypto", CRYPTO),
        ("/proc/keys", KEYS),
        ("/proc/kallsyms", "0 T __x64_sys_kexec_load\n0 T __x64_sys_kexec_file_load\n"),
        ("/proc/self/status", STATUS),
        ("/proc/self/uid_map", "         0          0 4294967295\n"),
        ("/proc/self/mounts", "rootfs / rootfs rw 0 0\n/dev/vda1 / ext4 rw 0 0\n"),
        ("/proc/self/mountinfo", MOUNTS),
        ("/proc/self/loginuid", "1000"),
        ("/proc/1/comm", "systemd\n"),
        ("/proc/2/comm", "kthreadd\n"),
        ("/proc/sys/kernel/osrelease", "6.12.0-test\n"),
        ("/proc/sys/kernel/bootloader_type", "208\n"),
        ("/proc/sys/kernel/kexec_load_disabled", "0\n"),
        ("/proc/sys/kernel/kexec_load_limit_reboot", "7\n"),
        ("/proc/sys/kernel/kexec_load_limit_panic", "-1\n"),
        ("/proc/sys/kernel/loadpin/enforce", "1\n"),
        ("/proc/sys/kernel/random/boot_id", "two\n"),
        ("/sys/kernel/kexec_loaded", "1\n"),
        ("/sys/kernel/kexec_crash_loaded", "0\n"),
        ("/sys/kernel/kexec_crash_size", "67108864\n"),
        ("/sys/kernel/kexec/crash_cma_ranges", "100000000-10fffffff\n"),
        ("/sys/kernel/vmcoreinfo", "0x0000000003e1c000 1000\n"),
        ("/sys/kernel/security/lsm", "lockdown,capability,loadpin,ima\n"),
        ("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n"),
        ("/sys/kernel/security/ima/policy", "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n"),
        ("/sys/devices/system/cpu/cpu0/crash_notes", "3fc51a00\n"),
        ("/sys/devices/system/cpu/cpu0/crash_notes_size", "376\n"),
        ("/sys/firmware/memmap/0/start", "0x0\n"),
        ("/sys/firmware/memmap/0/end", "0x9fbff\n"),
        ("/sys/firmware/memmap/0/type", "System RAM\n"),
        ("/sys/firmware/memmap/1/start", "0x100000\n"),
        ("/sys/firmware/memmap/1/end", "0x1ffdffff\n"),
        ("/sys/firmware/memmap/1/type", "System RAM\n"),
        ("/sys/firmware/efi/systab", "ACPI20=0x7fe014\nACPI=0x7fe000\nSMBIOS=0x7fd000\n"),
        ("/sys/firmware/efi/fw_vendor", "0x7eb00000\n"),
        ("/sys/firmware/efi/config_table", "0x7eb01000\n"),
        ("/sys/firmware/efi/runtime-map/0/type", "0x5\n"),
        ("/sys/firmware/efi/runtime-map/0/phys_addr", "0x7e8ed000\n"),
        ("/sys/firmware/efi/runtime-map/0/virt_addr", "0xfffffffeff000000\n"),
        ("/proc/uptime", "12.50 20.00\n"),
    ];
    let mut files: Vec<_> = texts.map(|(path, text)| (path, text.as_bytes().to_vec())).to_vec();
    files.push(("/boot/config-6.12.0-test", CONFIG.to_vec()));
    files.push(("/proc/kcore", kcore()));
    files.push(("/sys/kernel/boot_params/data", boot_params()));
    files.push(("/sys/kernel/boot_params/setup_data/0/type", b"0x736b6578\n".to_vec()));
    files.push(("/sys/kernel/boot_params/setup_data/0/data", NEXT.into()));
    files
}

fn borrowed<'a>(files: &'a [(&'static str, Vec<u8>)]) -> Vec<(&'static str, &'a [u8])> {
    files.iter().map(|(path, content)| (*path, content.as_slice())).collect()
}

/// All at once, without one after the other, and each alone.
fn of_system() -> Vec<Seed> {
    let files = machine();
    let all = borrowed(&files);
    let mut seeds = each_missing("system", &system::PATHS, &all);
    seeds.extend(all.iter().map(|alone| ("system", input(&system::PATHS, &[*alone]))));
    seeds
}

/// An EFI variable that was made before the boot.
fn variable(data: &[u8]) -> Vec<u8> {
    [&[6, 0, 0, 0], data].concat()
}

fn trust() -> Vec<(&'static str, Vec<u8>)> {
    let [db, dbx] = [forge::db_esl(), forge::dbx_esl()].map(|list| variable(&list));
    let contents = [
        forge::root_pem().into(),
        format!("sha256:{}\n# comment\n", "5a".repeat(32)).into_bytes(),
        forge::db()[0].der.clone(),
        b"tbs:0a\n".to_vec(),
        KEYS.into(),
        variable(&[1]),
        variable(&[0]),
        db.clone(),
        dbx.clone(),
        db.clone(),
        db,
        dbx,
        variable(&[1]),
        variable(&[1]),
        variable(forge::sbat::LEVEL.as_bytes()),
        forge::db_esl(),
        forge::dbx_esl(),
        forge::sbat::LEVEL.into(),
        boot_params(),
        forge::root_pem().into(),
    ];
    trusted::PATHS.into_iter().zip(contents).collect()
}

fn of_trust() -> Vec<Seed> {
    let files = trust();
    let all = borrowed(&files);
    // Shim's table stands before the variables, so without it, too.
    let of_variables: Vec<_> = all.iter().copied().filter(|(path, _)| !path.contains("mok-variables")).collect();
    let mut seeds = vec![("trusted", input(&trusted::PATHS, &all)), ("trusted", input(&trusted::PATHS, &of_variables))];
    seeds.extend(all.iter().map(|file| ("trusted", input(&trusted::PATHS, &[*file]))));
    let planted = [&[7, 0, 0, 0], forge::db_esl().as_slice()].concat();
    seeds.push(("trusted", input(&trusted::PATHS, &[(trusted::PATHS[9], planted.as_slice())])));
    seeds
}

fn of_records() -> Vec<Seed> {
    let loaded = RECORD.replace(",\"replaces\":false", "");
    let seed = |files: &[(&str, &str)]| {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        ("records", input(&records::PATHS, &files))
    };
    let [record, begun, panic, panic_begun, boot_id, limit, held, crash] = records::PATHS;
    vec![
        seed(&[(record, &loaded), (boot_id, "one\n"), (limit, "7\n"), (held, "1\n")]),
        seed(&[(record, &loaded), (begun, RECORD), (boot_id, "one\n"), (limit, "7\n"), (held, "1\n")]),
        seed(&[(begun, RECORD), (boot_id, "one\n"), (limit, "8\n"), (held, "0\n")]),
        seed(&[(begun, RECORD), (boot_id, "two\n"), (held, "1\n")]),
        seed(&[(panic, &loaded), (panic_begun, RECORD), (crash, "1\n")]),
        seed(&[(record, "{}"), (begun, "[]")]),
    ]
}

fn bootable() -> Vec<(&'static str, Vec<u8>)> {
    let oneshot: Vec<u8> = "a.conf\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let kernel = forge::signed_bzimage();
    vec![
        (
            "/boot/loader/entries/a.conf",
            b"title A\nversion 6.12\nlinux /vmlinuz-6.12.0-1\ninitrd /initramfs-6.12.0-1.img\noptions ro\n".to_vec(),
        ),
        ("/boot/loader/entries/b+3-1.conf", b"title B\nsort-key b\nmachine-id 0123\nlinux /tok/6.6/linux\n".to_vec()),
        ("/efi/loader/entries/d.conf", b"title D\nefi /EFI/Linux/f+2.efi\n".to_vec()),
        ("/boot/loader/loader.conf", b"default b*\npreferred @saved\ntimeout 3\n".to_vec()),
        ("/efi/EFI/Linux/f+2.efi", forge::uki(Some(b"070701"), Some("quiet"))),
        ("/boot/vmlinuz-6.1.0-1", kernel),
        ("/boot/initrd.img-6.1.0-1", b"070701".to_vec()),
        ("/boot/vmlinuz-6.12.0-1", b"MZ".to_vec()),
        ("/boot/initramfs-6.12.0-1.img", b"070701".to_vec()),
        ("/boot/tok/6.6/linux", b"MZ".to_vec()),
        ("/boot/tok/6.6/initrd", b"070701".to_vec()),
        ("/usr/lib/modules/6.5/vmlinuz", b"MZ".to_vec()),
        ("/etc/kernel/cmdline", b"# comment\nroot=/dev/vda2 ro\n".to_vec()),
        ("/etc/kernel/entry-token", b"tok\n".to_vec()),
        ("/etc/machine-id", b"0123\n".to_vec()),
        ("/etc/os-release", b"ID=debian\nIMAGE_ID=\"x\"\n".to_vec()),
        ("/proc/self/mountinfo", MOUNTS.into()),
        ("/sys/firmware/efi/efivars/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", variable(&oneshot)),
        ("/sys/firmware/efi/efivars/LoaderEntryLastBooted-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", variable(&oneshot)),
    ]
}

/// All files, and each time all but one of them.
fn each_missing(target: &'static str, paths: &[&'static str], files: &[(&'static str, &[u8])]) -> Vec<Seed> {
    let without = |index: usize| {
        let (before, rest) = files.split_at(index);
        (target, input(paths, &[before, &rest[1..]].concat()))
    };
    std::iter::once((target, input(paths, files))).chain((0..files.len()).map(without)).collect()
}

fn of_boots() -> Vec<Seed> {
    let files = bootable();
    each_missing("boots", &boots::PATHS, &borrowed(&files))
}

fn of_commands() -> Vec<Seed> {
    let own = [
        ("/var/lib/skexec/next.json", NEXT),
        ("/var/lib/skexec/manifests.json", VERSIONS),
        ("/run/skexec/loaded.json", RECORD),
        ("/run/skexec/measured.json", MEASURED),
        ("/etc/skexec/policy.toml", super::POLICY),
        ("/etc/default/kexec", "LOAD_KEXEC=true\n"),
        ("/run/systemd/container", "docker"),
    ];
    let own: Vec<_> = own.map(|(path, text)| (path, text.as_bytes().to_vec())).to_vec();
    // Without the UKI and the kernel, whose judgement takes the time.
    let small =
        |files: Vec<(&'static str, Vec<u8>)>| files.into_iter().filter(|(_, content)| content.len() < 10_000).collect();
    let lists: [Vec<(&'static str, Vec<u8>)>; 4] = [own, machine(), small(bootable()), trust()];
    let all = lists.concat();
    let mut seeds: Vec<_> = lists.iter().map(|files| ("commands", input(&commands::PATHS, &borrowed(files)))).collect();
    seeds.push(("commands", input(&commands::PATHS, &borrowed(&all))));
    let booted = [
        ("/var/lib/skexec/manifests.json", VERSIONS),
        ("/proc/cmdline", "quiet"),
        ("/proc/sys/kernel/random/boot_id", "two"),
    ];
    let booted: Vec<_> = booted.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    seeds.push(("commands", input(&commands::PATHS, &booted)));
    seeds
}

fn of_handover() -> Vec<Seed> {
    let entries: String =
        (0..140).map(|index| format!("{:x}-{:x} : System RAM\n", index << 20, (index << 20) + 0xffff)).collect();
    let map: Vec<u8> = (1..80_u8).collect();
    let files = [
        boot_params(),
        b"ACPI20=0x7fe014\n".to_vec(),
        b"flags : la57 sha_ni ssse3 sse4_1\n".to_vec(),
        entries.into(),
        b"console=ttyS0 quiet".to_vec(),
        NEXT.into(),
        [&[7; 32], map.as_slice(), &[1]].concat(),
    ];
    let files: Vec<_> = handed::PATHS.into_iter().zip(files.iter().map(Vec::as_slice)).collect();
    each_missing("handover", &handed::PATHS, &files)
}

fn of_words() -> Vec<Seed> {
    let lines = [
        "-l|/boot/vmlinuz|--initrd=/boot/initrd|--reuse-cmdline",
        "--load|/k|--append|root=/dev/vda1 ro|-s|--debug",
        "-p|/k|--command-line=irqpoll nr_cpus=1|-c",
        "-u",
        "-e",
        "-f|/k",
        "-S",
        "--print-ckr-size",
        "-v",
        "-?",
        "-uep",
        "-lt|bzImage|/k",
        "--type=multiboot|/k",
        "--mem-min=0x100000|--mem-max|0x200000|-l|/k",
        "--console-serial|--serial=ttyS1|-l|/k",
        "--|-l|/k",
        "--ini=x|-l|k",
        "--kexec-file-syscall|--reuseinitrd|--no-checks|-l|k",
        "-|x",
        "--load=1",
        "--nothing",
    ];
    lines.map(|line| ("words", line.replace('|', "\0").into_bytes())).to_vec()
}

/// For the comparisons, and for those of whose inputs a few bytes suffice.
fn small() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for message in forge::messages().into_iter().filter_map(|message| message.signature) {
        seeds.push(("cms", message));
    }
    let cases = forge::cases().into_iter().map(|case| case.image);
    let addon = Pe { image_size: 0x10_0000, ..Pe::new(0x600, vec![Section::new(b".cmdline", *b"quiet")]) };
    for file in cases.chain([addon.build(), forge::uki(Some(b"070701"), Some("quiet"))]) {
        seeds.extend(super::embedded(&file).map(|message| ("cms", message)));
        seeds.push(("authenticode", file));
    }
    for (free, specs) in [
        ([0xff; 5], vec![[3, 1, 0xf0, 1], [11, 0x0f, 0xf0, 1], [5, 2, 0x82, 4]]),
        ([0xf0, 0xff, 0x0f, 0xff, 0x3c], vec![[7, 6, 0xf0, 1], [3, 3, 0xf1, 1], [1, 0, 0xf0, 1], [1, 5, 0xf0, 1]]),
        ([0x55, 0xff, 0xff, 0x0f, 0], vec![[9, 0x0a, 0xf0, 1], [4, 0, 0xf0, 0x30]]),
    ] {
        seeds.push(("placement", [&free, specs.as_flattened(), &[2]].concat()));
        seeds.push(("placement", [&free, specs.as_flattened()].concat()));
    }
    for choice in 0..18 {
        seeds.push(("packed", [&[choice, 3], forge::sbat::LEVEL.repeat(20).as_bytes()].concat()));
        seeds.push(("packed", vec![choice, 0, 1]));
    }
    let head = |body: &[u8]| {
        let size = u32::try_from(body.len() + 10).unwrap().to_be_bytes();
        [&[u8::try_from(body.len() + 10).unwrap()], &[0x80, 1][..], &size, &[0; 4], body].concat()
    };
    let banks =
        head(&[&[0, 0, 0, 0, 5, 0, 0, 0, 2][..], &[0, 4, 3, 0xff, 0xff, 0xff], &[0, 11, 3, 0xff, 0xff, 0xff]].concat());
    let value = |hash: u8, size: u8| {
        let selection = [0, 0, 0, 1, 0, hash, 3, 0, 8, 0];
        head(&[&[0, 0, 0, 9][..], &selection, &[0, 0, 0, 1, 0, size], &vec![size; size.into()]].concat())
    };
    let extended = head(&[0; 5]);
    seeds.push((
        "tpm",
        [&*banks, &value(4, 20), &extended, &value(11, 32), &extended, &value(12, 48), &value(13, 64)].concat(),
    ));
    seeds.push(("tpm", [&[10, 0x80, 1, 0, 0, 0, 10, 0, 0, 1, 1], &*banks].concat()));
    seeds
}

fn of_shutdown() -> Vec<Seed> {
    let texts = [[BLOCKING, SCHEDULED, MOUNTS], [r#"{"data":[[]]}"#, "USEC=soon\nMODE=kexec\nDRY_RUN=1\n", ""]];
    texts.map(|three| ("shutdown", three.join("\0").into_bytes())).to_vec()
}
