#![allow(clippy::unwrap_used)]

mod notes;

use super::*;
use crate::machine::mark;
use crate::sources::testing::Tree;
use judge::Proof;

const FOLDER_OF_MARKS: &str = "/sys/kernel/boot_params";

/// A machine in the boot with this ID.
fn boot(tree: &Tree, id: &str, release: &str, cmdline: &str, loader: &str) {
    tree.write("/proc/sys/kernel/random/boot_id", format!("{id}\n"));
    tree.write("/proc/sys/kernel/osrelease", format!("{release}\n"));
    tree.write("/proc/cmdline", format!("{cmdline}\n"));
    tree.write("/proc/sys/kernel/bootloader_type", format!("{loader}\n"));
    tree.write("/proc/uptime", "10.50 20.00\n");
}

fn image(marked: bool) -> Image {
    Image {
        time: 1_700_000_000,
        by: None,
        skexec: "0.1.0".into(),
        method: "segments".into(),
        kernel: "/boot/vmlinuz".into(),
        release: Some("6.12.0 (x@y) #1 SMP".into()),
        kernel_sha256: "ab".into(),
        initrd_sha256: None,
        cmdline_sha256: cmdline_sha256("root=/dev/vda2 ro"),
        marked,
    }
}

fn exec(time_ms: u64) -> Exec {
    Exec { time_ms, watchdog: None, ..Exec::now(&Root::default(), true) }
}

/// In boot `one`, an image was loaded; where a time is given, it was executed.
fn left(marked: bool, time_ms: Option<u64>) -> Tree {
    let tree = Tree::new();
    tree.directory("/var/lib");
    boot(&tree, "one", "6.1.0", "root=/dev/vda1", "114");
    expect(tree.root(), Some(image(marked))).unwrap();
    if let Some(time_ms) = time_ms {
        execute(tree.root(), Some(image(marked)), exec(time_ms)).unwrap();
    }
    tree
}

/// What the boot shows when the clock says 20.500 s: it started at 10 s.
fn judged(tree: &Tree) -> Option<Arrival> {
    Arrival::judge(load(tree.root(), PATH).unwrap(), &Now::at(tree.root(), Some(20_500)))
}

fn show_mark(tree: &Tree, expected: &[u8]) {
    tree.write(&format!("{FOLDER_OF_MARKS}/version"), "0x020f\n");
    tree.write(&format!("{FOLDER_OF_MARKS}/setup_data/1/type"), format!("{:#x}\n", mark::KIND));
    tree.write(&format!("{FOLDER_OF_MARKS}/setup_data/1/data"), expected);
}

#[test]
fn what_became_of_what_was_expected() {
    let good = ("two", "6.12.0", "root=/dev/vda2 ro", "208");
    let after = "booted by skexec from 6.1.0, 4.2 s after exec";
    let never = "the expected kernel never came up: /boot/vmlinuz (6.12.0), executed from 6.1.0; the firmware started";
    let other = "booted by kexec, but not with what skexec loaded from 6.1.0: /boot/vmlinuz (6.12.0)";
    let rows = [
        (good, Some(5_750), "expected", after),
        // Another version of the same boot loader.
        (("two", "6.12.0", "root=/dev/vda2 ro ", "209"), Some(5_750), "expected", after),
        // The clock was set back.
        (good, Some(99_000), "expected", "booted by skexec from 6.1.0"),
        (
            good,
            None,
            "expected",
            "booted from 6.1.0 with the kernel that skexec loaded; another program made the jump, or its time is lost",
        ),
        (("two", "6.12.1", "root=/dev/vda2 ro", "208"), Some(5_750), "other-kernel", other),
        (("two", "6.12.0", "root=/dev/vda1", "208"), None, "other-kernel", other),
        (
            ("two", "6.1.0", "root=/dev/vda1", "114"),
            Some(5_750),
            "never-came-up",
            &format!("{never} 6.1.0, 4.2 s after exec"),
        ),
        // The same kernel, but by firmware.
        (
            ("two", "6.12.0", "root=/dev/vda2 ro", "114"),
            Some(5_750),
            "never-came-up",
            &format!("{never} 6.12.0, 4.2 s after exec"),
        ),
        (
            ("two", "6.12.0", "root=/dev/vda2 ro", "114"),
            None,
            "not-executed",
            "started by the firmware; /boot/vmlinuz (6.12.0) was loaded before, from 6.1.0, and skexec was not asked to boot it",
        ),
    ];
    for ((id, release, cmdline, loader), time_ms, outcome, message) in rows {
        let tree = left(false, time_ms);
        // In the boot in which it was loaded, it is not due.
        assert_eq!(judged(&tree), None);
        boot(&tree, id, release, cmdline, loader);
        let arrival = judged(&tree).unwrap();
        let row = format!("{release} {cmdline} {loader} {time_ms:?}");
        assert_eq!((arrival.outcome.name(), arrival.message.as_str()), (outcome, message), "{row}");
        assert_eq!(arrival.proof, (outcome == "expected").then_some(Proof::Facts), "{row}");
    }
}

/// `exec --foreign`: another program loaded the image, and nothing is known of it that could be compared.
#[test]
fn an_image_of_another_program_is_not_proved() {
    let tree = left(false, None);
    execute(tree.root(), None, exec(5_750)).unwrap();
    boot(&tree, "two", "6.5.0", "root=/dev/sdb", "208");
    let arrival = judged(&tree).unwrap();
    assert_eq!((arrival.outcome, arrival.proof), (Outcome::Expected, None), "{arrival:?}");
}

/// Other processors' kernels do not show who started them.
#[test]
fn without_the_number_of_the_loader_release_and_command_line_tell() {
    for (release, time_ms, wanted) in
        [("6.12.0", Some(1), "expected"), ("6.12.0", None, "not-executed"), ("6.1.0", Some(1), "never-came-up")]
    {
        let tree = left(false, time_ms);
        boot(&tree, "two", release, "root=/dev/vda2 ro", "208");
        fs::remove_file(tree.root().path("/proc/sys/kernel/bootloader_type")).unwrap();
        assert_eq!(judged(&tree).unwrap().outcome.name(), wanted, "{release} {time_ms:?}");
    }
}

#[test]
fn the_mark_in_memory_proves_it_alone_and_with_the_file() {
    let good = ("two", "6.12.0", "root=/dev/vda2 ro", "208");
    let tree = left(true, Some(5_750));
    let mark = mark(tree.root(), &image(true)).unwrap();
    boot(&tree, good.0, good.1, good.2, good.3);
    show_mark(&tree, &mark);
    let arrival = judged(&tree).unwrap();
    assert_eq!((arrival.proof, arrival.after_exec_ms), (Some(Proof::Memory), Some(4_250)));
    // Without the file, the time of the jump is lost.
    fs::remove_file(tree.root().path(PATH)).unwrap();
    let arrival = judged(&tree).unwrap();
    assert_eq!((arrival.outcome, arrival.proof, arrival.after_exec_ms), (Outcome::Expected, Some(Proof::Memory), None));
    assert_eq!(arrival.expected.from, "6.1.0");
    // A file of another boot says nothing about this one.
    boot(&tree, "zero", "5.0", "", "114");
    expect(tree.root(), None).unwrap();
    execute(tree.root(), None, exec(5_750)).unwrap();
    boot(&tree, good.0, good.1, good.2, good.3);
    let arrival = judged(&tree).unwrap();
    assert_eq!((arrival.expected.from.as_str(), arrival.after_exec_ms), ("6.1.0", None));
    // What is not a mark.
    let of_later = String::from_utf8(mark.clone()).unwrap().replace("\"schema\":1", "\"schema\":2").into_bytes();
    assert_ne!(of_later, mark);
    for damaged in [&b""[..], b"{", b"{}", &[0xff; 100], &of_later] {
        show_mark(&tree, damaged);
        assert_eq!(judged(&tree).unwrap().expected.from, "5.0");
    }
}

/// skexec loaded one image, another program put the marked one in its place: when the first was executed says nothing about the second.
#[test]
fn a_note_of_another_image_gives_the_mark_no_time() {
    let tree = left(true, Some(5_750));
    let mark = mark(tree.root(), &Image { kernel_sha256: "cd".into(), ..image(true) }).unwrap();
    boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
    show_mark(&tree, &mark);
    let arrival = judged(&tree).unwrap();
    assert_eq!((arrival.proof, arrival.after_exec_ms), (Some(Proof::Memory), None));
    assert_eq!(arrival.expected.image.unwrap().kernel_sha256, "cd");
}

#[test]
fn a_mark_that_is_missing_shows_another_image() {
    for (shown, wanted) in [(true, Outcome::OtherKernel), (false, Outcome::Expected)] {
        let tree = left(true, Some(1));
        boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
        if shown {
            tree.write(&format!("{FOLDER_OF_MARKS}/version"), "0x020f\n");
        }
        assert_eq!(judged(&tree).unwrap().outcome, wanted);
    }
}

#[test]
fn why_it_never_came_up_as_far_as_something_shows_it() {
    let none = "nothing on this machine shows what ended it: a reset, a panic or the power";
    let watchdog = "watchdog0 says that the watchdog reset the machine";
    let crash = "/sys/fs/pstore has records of a crash, of that kernel or an earlier one";
    let armed = "a watchdog of 30 s was armed; its driver does not say whether it reset the machine";
    let same = "this is the same release, but the boot loader's number shows that kexec did not start it";
    let rows = [
        ("6.1.0", None, "0", false, vec![none]),
        ("6.12.0", None, "0", false, vec![same, none]),
        ("6.1.0", Some(30), "0", false, vec![armed, none]),
        ("6.1.0", Some(30), "32", false, vec![watchdog]),
        ("6.1.0", None, "33", true, vec![watchdog, crash]),
        ("6.1.0", None, "-", true, vec![crash]),
    ];
    for (release, seconds, status, crashed, wanted) in rows {
        let tree = left(false, None);
        execute(tree.root(), Some(image(false)), Exec { watchdog: seconds, ..exec(1) }).unwrap();
        boot(&tree, "two", release, "", "114");
        tree.write("/sys/class/watchdog/watchdog0/bootstatus", status);
        if crashed {
            tree.write("/sys/fs/pstore/dmesg-efi-1", "");
        }
        assert_eq!(judged(&tree).unwrap().why, wanted, "{release} {seconds:?} {status} {crashed}");
    }
}

#[test]
fn a_boot_before_the_scheduled_time_is_no_failure() {
    // The kernel started at 10 s.
    for (scheduled, time_ms, wanted) in [
        (true, 99_000, "not-executed"),
        (true, 60_000, "never-came-up"),
        (true, 5_000, "never-came-up"),
        // The clock was set back.
        (false, 99_000, "never-came-up"),
    ] {
        let tree = left(false, None);
        execute(tree.root(), Some(image(false)), Exec { scheduled, ..exec(time_ms) }).unwrap();
        boot(&tree, "two", "6.1.0", "root=/dev/vda1", "114");
        let arrival = judged(&tree).unwrap();
        assert_eq!(arrival.outcome.name(), wanted, "{scheduled} {time_ms}");
        if wanted == "not-executed" {
            let said = "started by the firmware; /boot/vmlinuz (6.12.0) was loaded before, from 6.1.0, and not executed: the jump was \
                        scheduled for 1970-01-01T00:01:39Z";
            assert_eq!((arrival.message.as_str(), arrival.why.len()), (said, 0));
        } else {
            let may_be_cancelled = arrival.why.iter().any(|why| why.contains("cancelled it (shutdown -c)"));
            assert_eq!(may_be_cancelled, scheduled, "{:?}", arrival.why);
        }
    }
}

#[test]
fn a_record_of_a_crash_is_found_among_many_others() {
    let tree = left(false, Some(1));
    boot(&tree, "two", "6.1.0", "", "114");
    for number in 0..200 {
        tree.write(&format!("/sys/fs/pstore/console-ramoops-{number}"), "");
        tree.write(&format!("/var/lib/systemd/pstore/{}/console.txt", 17_000 + number), "");
    }
    tree.write("/var/lib/systemd/pstore/17300/dmesg.txt", "");
    let systemd = "/var/lib/systemd/pstore has records of a crash, of that kernel or an earlier one";
    assert_eq!(judged(&tree).unwrap().why, [systemd]);
    tree.write("/sys/fs/pstore/dmesg-ramoops-0", "");
    let kernel = "/sys/fs/pstore has records of a crash, of that kernel or an earlier one";
    assert_eq!(judged(&tree).unwrap().why, [kernel]);
}

/// The kernel and systemd keep other things there, too.
#[test]
fn only_a_record_of_a_crash_shows_a_crash() {
    let none = "nothing on this machine shows what ended it: a reset, a panic or the power";
    let kernel = "/sys/fs/pstore has records of a crash, of that kernel or an earlier one";
    let systemd = "/var/lib/systemd/pstore has records of a crash, of that kernel or an earlier one";
    let rows = [
        ("/sys/fs/pstore/console-ramoops-0", none),
        ("/sys/fs/pstore/pmsg-ramoops-0", none),
        ("/sys/fs/pstore/dmesg-ramoops-0", kernel),
        ("/var/lib/systemd/pstore/console-ramoops-0", none),
        ("/var/lib/systemd/pstore/dmesg-ramoops-0", systemd),
        ("/var/lib/systemd/pstore/7012/dmesg.txt", systemd),
        ("/var/lib/systemd/pstore/17012/001/dmesg-efi-170", systemd),
        ("/var/lib/systemd/pstore/17012/001/too/dmesg-efi-170", none),
    ];
    for (path, wanted) in rows {
        let tree = left(false, Some(1));
        boot(&tree, "two", "6.1.0", "", "114");
        tree.write(path, "");
        assert_eq!(judged(&tree).unwrap().why, [wanted], "{path}");
    }
}

#[test]
fn the_log_has_a_field_for_each_fact() {
    let tree = left(false, Some(5_750));
    boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
    let fields: Vec<_> = judged(&tree).unwrap().fields().into_iter().map(|(name, _)| name).collect();
    let wanted = [
        "BOOT",
        "PROOF",
        "FROM",
        "FROM_BOOT_ID",
        "AFTER_EXEC_MS",
        "EXEC_TIME_MS",
        "EXEC_UID",
        "LOAD_TIME",
        "KERNEL",
        "KERNEL_SHA256",
        "CMDLINE_SHA256",
    ];
    assert_eq!(fields, wanted);
}
