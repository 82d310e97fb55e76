//! The page of `status`, word for word, on machines of many kinds. `BLESS=1` writes the pages anew: read them then.

use crate::support::{LOAD, Lab};
use std::path::Path;

/// 2026-03-01T10:00:00Z.
const LOADED_AT: u64 = 1_772_359_200;

/// Runs a command and compares its output with a page of this name; returns the exit code.
fn check(lab: &Lab, name: &str, line: &str) -> u8 {
    let run = lab.run(line);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/look/pages").join(format!("{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(page.parent().unwrap()).unwrap();
        std::fs::write(&page, &run.out).unwrap();
    }
    assert_eq!(run.out, std::fs::read_to_string(&page).unwrap_or_default(), "{name}");
    run.exit
}

/// An installed system: systemd, root, a reservation for a crash kernel, a trusted certificate.
fn server() -> Lab {
    let lab = Lab::new();
    lab.system("/run/systemd/system/unit", "");
    lab.system("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n");
    lab.system("/proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n");
    lab.system("/proc/self/loginuid", "1000");
    lab.system("/proc/self/comm", "skexec\n");
    lab.system("/sys/kernel/kexec_crash_loaded", "0\n");
    lab.system("/sys/kernel/kexec_crash_size", "268435456\n");
    lab.system("/proc/iomem", "00100000-3fffffff : System RAM\n  2b000000-3affffff : Crash kernel\n");
    lab.system_bytes("/etc/skexec/trust.d/root.pem", forge::root_pem().as_bytes());
    lab
}

/// The same after a load by skexec.
fn loaded() -> Lab {
    let lab = server();
    lab.system("/proc/sys/kernel/kexec_load_limit_reboot", "1000000\n");
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.system("/proc/sys/kernel/kexec_load_limit_reboot", "999999\n");
    let path = lab.root().path("/run/skexec/loaded.json");
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    record["time"] = LOADED_AT.into();
    std::fs::write(&path, record.to_string()).unwrap();
    lab
}

/// Takes away what only root has.
fn without_root(lab: &Lab) {
    lab.system("/proc/self/status", "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n");
    lab.system("/proc/iomem", "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n");
}

const KEYRING: &str = "00000001 I------     1 perm 1f030000     0     0 keyring   .builtin_trusted_keys: 1\n";

/// Secure Boot, and a kernel that is locked down.
fn locked(lab: &Lab) {
    lab.forge_firmware();
    lab.system("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    lab.system("/proc/crypto", "name         : sha256\n\nname         : rsa\n");
    lab.system("/proc/keys", KEYRING);
}

/// Gives the running kernel the key of the test root.
fn with_root_key(lab: &Lab) {
    let root = skexec::trust::cert::Certificate::parse(&forge::root_der()).unwrap();
    let id: String = root.subject_key_id().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    let key = "00000002 I------     1 perm 1f010000     0     0 asymmetri skexec test root";
    lab.system("/proc/keys", &format!("{KEYRING}{key}: {id}: X509.rsa 11223344 []\n"));
}

#[test]
fn a_machine_that_permits_all() {
    assert_eq!(check(&server(), "server", "status"), 0);
    assert_eq!(check(&server(), "server-verbose", "status -v"), 0);
}

#[test]
fn what_skexec_loaded_and_who_called_it() {
    assert_eq!(check(&loaded(), "loaded", "status"), 0);
    let lab = loaded();
    lab.system("/proc/sys/kernel/kexec_load_limit_reboot", "-1\n");
    assert_eq!(check(&lab, "loaded-unproved", "status"), 0);
    // Another program called since.
    let lab = loaded();
    lab.system("/proc/sys/kernel/kexec_load_limit_reboot", "999998\n");
    assert_eq!(check(&lab, "loaded-contradicted", "status"), 0);
}

#[test]
fn what_another_program_loaded() {
    let lab = server();
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    lab.system("/sys/kernel/kexec_crash_loaded", "1\n");
    assert_eq!(check(&lab, "foreign", "status"), 0);
}

#[test]
fn without_root_it_says_what_it_cannot_see() {
    let lab = server();
    without_root(&lab);
    assert_eq!(check(&lab, "without-root", "status"), 0);
}

#[test]
fn a_kernel_that_is_locked_down() {
    let lab = server();
    locked(&lab);
    with_root_key(&lab);
    assert_eq!(check(&lab, "locked", "status -v"), 0);
}

#[test]
fn what_turns_kexec_off() {
    let lab = server();
    lab.system("/proc/sys/kernel/kexec_load_disabled", "1\n");
    assert_eq!(check(&lab, "disabled", "status"), 0);
    let lab = Lab::new();
    lab.system("/run/systemd/container", "podman\n");
    lab.system("/proc/self/status", "CapEff:\t0000000000000000\n");
    lab.system("/proc/2/comm", "bash\n");
    assert_eq!(check(&lab, "container", "status"), 0);
    let lab = server();
    lab.system("/etc/skexec/policy.toml", "unsigned = 1\n");
    assert_eq!(check(&lab, "policy", "status"), 0);
}

#[test]
fn all_obstacles_of_a_kernel_are_told() {
    // Trusted, and everything of this machine is against it.
    let lab = server();
    without_root(&lab);
    lab.system("/proc/sys/kernel/kexec_load_disabled", "1\n");
    lab.system("/proc/meminfo", "MemTotal:        1024 kB\n");
    lab.file("unsigned", &forge::unsigned_bzimage());
    let tail = |line: &str| {
        let run = lab.run(line);
        let from = run.out.find("\n{}/").unwrap();
        (run.exit, run.out.split_at(from + 1).1.to_owned())
    };
    let slugs = |name: &str| {
        let json = lab.run(&format!("status {{}}/{name} --json")).json();
        let obstacles = json["kernel_obstacles"].as_array().unwrap();
        let of = |key: &str| obstacles.iter().map(|it| it[key].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (of("about"), of("reason"), json["kernel_trusted"].as_bool())
    };
    let machine = ["no-capability", "kexec-disabled", "half-of-ram"].map(str::to_owned).to_vec();
    let about = vec!["machine".to_owned(); 3];
    assert_eq!(slugs("vmlinuz"), (about.clone(), machine.clone(), Some(true)));
    let with_file = |of: &str, all: &[String]| [vec![of.to_owned()], all.to_vec()].concat();
    assert_eq!(slugs("unsigned"), (with_file("file", &about), with_file("unsigned", &machine), Some(false)));

    let (exit, text) = tail("status {}/vmlinuz");
    assert!(exit == 5 && text.starts_with("{}/vmlinuz: trusted\n"), "{text}");
    assert!(text.contains("\n\n{}/vmlinuz: cannot be loaded on this machine\n  why      "), "{text}");
    assert_eq!(text.matches("\n           do: ").count(), 3, "{text}");
    let (exit, text) = tail("status {}/unsigned");
    assert!(exit == 5 && text.starts_with("{}/unsigned: not trusted\n  why      "), "{text}");
    assert!(text.contains(", because it is not trusted, and not only for that reason\n  why      "), "{text}");
}

#[test]
fn what_cannot_be_read_is_not_judged() {
    let lab = server();
    let run = lab.run("status {}/none");
    let titles: Vec<_> = run.out.lines().filter(|line| line.starts_with("{}/")).collect();
    let loadable = "{}/none: cannot be loaded on this machine, because it was not judged";
    assert_eq!((run.exit, titles), (1, vec!["{}/none: not judged", loadable]));
    let json = lab.run("status {}/none --json").json();
    assert!(json["kernel_trusted"].is_null() && json["kernel_loadable"] == false, "{json}");
}

#[test]
fn a_locked_kernel_is_asked_by_its_own_keys() {
    // skexec does not trust the signer, and the running kernel has no key of it either.
    let lab = Lab::new();
    locked(&lab);
    let reasons = |lab: &Lab| {
        let json = lab.run("status {}/vmlinuz --no-system-trust --json").json();
        let obstacles = json["kernel_obstacles"].as_array().unwrap().clone();
        obstacles.iter().map(|it| it["reason"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(reasons(&lab), ["unknown-signer", "lockdown"]);
    with_root_key(&lab);
    assert_eq!(reasons(&lab), ["unknown-signer"]);
}
