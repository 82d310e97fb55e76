//! Scripts in the place of systemd's programs: they write down what they are asked.

use super::Lab;
use std::fs;
use std::process::Command;

/// What logind answers where nobody inhibits a shutdown.
pub(crate) const NO_INHIBITORS: &str = r#"{"type":"a(ssssuu)","data":[[]]}"#;

/// A server with two kernels, which is systemd's and logind's, and on which an image is loaded.
pub(crate) fn server() -> Lab {
    let lab = Lab::new();
    lab.system_bytes("/etc/skexec/trust.d/root.pem", forge::root_pem().as_bytes());
    for version in ["6.1.0-9", "6.1.0-10"] {
        lab.system_bytes(&format!("/boot/vmlinuz-{version}"), &forge::signed_bzimage());
        lab.system(&format!("/boot/initrd.img-{version}"), &format!("initrd of {version}"));
    }
    lab.system("/etc/kernel/cmdline", "root=/dev/vda9 other\n");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    install(&lab);
    logind(&lab, NO_INHIBITORS);
    lab
}

/// Installs a program of systemd's.
pub(crate) fn script(lab: &Lab, name: &str, text: &str) {
    let asked = lab.root().path("/asked");
    lab.system("/script", &format!("#!/bin/sh\necho \"$*\" >>{}\n{text}\n", asked.display()));
    // A program that this process has open for writing cannot be run, and neither while a child of another thread has it so.
    let made = format!("mkdir -p usr/bin && cp script usr/bin/{name} && chmod 755 usr/bin/{name}");
    assert!(Command::new("sh").args(["-c", &made]).current_dir(&lab.root().0).status().unwrap().success());
}

/// Makes it a machine that systemd runs, with a systemctl that does nothing.
pub(crate) fn install(lab: &Lab) {
    lab.system("/run/systemd/system/unit", "");
    script(lab, "systemctl", "exit 0");
}

/// Lets logind run, and answer this to whatever it is asked.
pub(crate) fn logind(lab: &Lab, answer: &str) {
    lab.system("/run/systemd/seats/seat0", "");
    script(lab, "busctl", &format!("cat <<'E'\n{answer}\nE"));
}

/// Lets logind have scheduled a shutdown for a later time, in this mode.
pub(crate) fn scheduled(lab: &Lab, mode: &str) {
    lab.system("/run/systemd/shutdown/scheduled", &format!("USEC=9999999999000000\nWARN_WALL=1\nMODE={mode}\n"));
}

/// Lets logind run without an answer.
pub(crate) fn broken_logind(lab: &Lab) {
    logind(lab, "");
    script(lab, "busctl", "echo Connection timed out >&2; exit 1");
}

/// Lets logind and systemd say whether a shutdown is about to begin and what state the system is in. To anything else they answer as after
/// [`logind`] with this.
pub(crate) fn state(lab: &Lab, answer: &str, about_to: bool, state: &str) {
    lab.system("/run/systemd/seats/seat0", "");
    let about_to = format!("{{\"type\":\"b\",\"data\":{about_to}}}");
    script(
        lab,
        "busctl",
        &format!("case \"$*\" in *PreparingForShutdown) echo '{about_to}' ;; *) echo '{answer}' ;; esac"),
    );
    script(lab, "systemctl", &format!("case \"$*\" in show*SystemState*) echo {state} ;; esac"));
}

/// What the programs were asked, from the first to the last, without the questions whether the machine is being shut down.
pub(crate) fn asked(lab: &Lab) -> Vec<String> {
    let text = fs::read_to_string(lab.root().path("/asked")).unwrap_or_default();
    let call =
        "--json=short --system -- call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager ";
    let asks_alone = |line: &&str| line.contains("PreparingForShutdown") || line.contains("SystemState");
    text.lines()
        .filter(|line| !asks_alone(line))
        .map(|line| line.strip_prefix(call).unwrap_or(line).to_owned())
        .collect()
}
