//! Successful loads: the call, the record and the output.

use crate::machine::{SEGMENTS, address, call, lab, number, word};
use serde_json::json;
use skexec::gather::TrustRequest;
use skexec::image::cpio;
use skexec::load::{CmdlineSource, Request};
use skexec::segments::Options;
use skexec::system::{Method, Slot};

#[test]
fn a_good_kernel_is_loaded_as_segments_and_recorded() {
    let lab = lab();
    let run = lab.run(&format!("{SEGMENTS} --json"));
    assert_eq!((run.exit, &run.json()["loaded"]), (0, &json!(true)), "{run:?}");
    let document = run.json();
    let plan = &document["plan"];
    let (entry, segments) = call(&lab);
    assert_eq!((plan["method"].as_str(), plan["entry"].as_u64()), (Some("segments"), Some(entry)));
    assert_eq!(segments.len(), 5);
    for (at, memory, bytes) in &segments {
        assert!(at % 4096 == 0 && memory % 4096 == 0 && u64::try_from(bytes.len()).unwrap() <= *memory, "{at:#x}");
        assert!(*at >= 0x10_0000 && at + memory <= 0x1ffe_0000, "in RAM");
        assert!(at + memory <= 0x1000_0000 || *at >= 0x1400_0000, "not where the crash kernel is");
    }
    let at = |name: &str| segments.iter().find(|(at, _, _)| *at == address(plan, name)).unwrap();
    assert_eq!(entry, at("purgatory").0);
    assert_eq!(at("initrd").2, b"070701 an initrd");
    let kernel = &at("kernel").2;
    assert!(forge::signed_bzimage().windows(kernel.len()).any(|window| window == kernel), "the kernel's own bytes");

    let (params_at, _, params) = at("boot_params");
    assert_eq!((number(params, 0x70), params[0x1ec], params[0x210]), (0xf_5b20, 2, 0xd0));
    assert_eq!((word(params, 0x218), word(params, 0x21c)), (address(plan, "initrd"), 16));
    let cmdline = usize::try_from(word(params, 0x228) - params_at).unwrap();
    assert!(params[cmdline..].starts_with(b"console=ttyS0\0"));
    assert_eq!(params[0x1e8], 4, "e820 entries");

    let record = skexec::record::read(lab.root(), Slot::Reboot).unwrap().unwrap();
    assert_eq!(record.method, "segments");
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    assert!(lab.run("status").out.contains("segments"), "{}", lab.run("status").out);
}

#[test]
fn added_files_are_in_the_segment_of_the_initrd() {
    let lab = lab();
    lab.file("name", b"host\n");
    let run = lab.run(&format!("{SEGMENTS} --json --inject /hostname={{}}/name"));
    let archive = cpio::archive(&[cpio::Entry::file("hostname", 0o400, b"host\n")]).unwrap();
    let initrd = [b"070701 an initrd".as_slice(), &archive].concat();
    // But for its salt, behind the magic and seven numbers.
    let salt = 16 + 6 + 7 * 8..16 + 6 + 11 * 8;
    let is_it = |bytes: &[u8]| {
        bytes.len() == initrd.len()
            && bytes[..salt.start] == initrd[..salt.start]
            && bytes[salt.end..] == initrd[salt.end..]
    };
    assert!(call(&lab).1.iter().any(|(_, _, bytes)| is_it(bytes)), "{run:?}");
}

#[test]
fn what_the_plan_says_is_what_is_loaded() {
    let lab = lab();
    let document = lab.run(&format!("{SEGMENTS} --json")).json();
    let (_, segments) = call(&lab);
    let wanted: Vec<_> = segments
        .iter()
        .map(|(at, memory, bytes)| {
            let digest = <sha2::Sha256 as sha2::Digest>::digest(bytes);
            let sha256: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            json!({ "addr": at, "memsz": memory, "bufsz": bytes.len(), "sha256": sha256 })
        })
        .collect();
    let mut seen = document["plan"]["segments"].as_array().unwrap().clone();
    seen.iter_mut().for_each(|segment| drop(segment.as_object_mut().unwrap().remove("name")));
    assert_eq!(seen, wanted);
    assert_eq!(document["plan"]["summary"]["console"], "serial port 0x3f8");
}

#[test]
fn the_digests_of_the_plan_are_computed_only_when_they_are_asked_for() {
    let lab = lab();
    for asked in [false, true] {
        let request = Request {
            kernel: Some(lab.path("vmlinuz")),
            entry: None,
            asked: None,
            manifest: None,
            profile: None,
            initrds: vec![lab.path("initrd")],
            no_initrd: false,
            kernel_alone: false,
            inject: Vec::new(),
            cmdline: CmdlineSource::Given(String::new()),
            append: Vec::new(),
            trust: TrustRequest { keys: vec![lab.path("root.pem")], revoked: Vec::new(), system: false },
            signature: None,
            slot: Slot::Reboot,
            method: Some(Method::Segments),
            segments: Options::default(),
            dry_run: true,
            segment_digests: asked,
            count_loads: false,
            lock: false,
            require_signed_initrd: false,
            insecure_unsigned: false,
            more_follows: false,
        };
        let plan = skexec::load::load(lab.system_view(), &request, &mut |_| ()).unwrap().plan.unwrap();
        assert_eq!(plan.segments.len(), 5);
        assert!(plan.segments.iter().all(|segment| segment.sha256.is_some() == asked), "{plan:?}");
    }
}

#[test]
fn a_dry_run_loads_nothing_and_draws_the_memory() {
    let lab = lab();
    let run = lab.run(&format!("{SEGMENTS} --dry-run"));
    assert_eq!(run.exit, 0, "{run:?}");
    assert!(lab.kernel.calls.borrow().is_empty());
    for part in ["kexec_load", "boot_params", "purgatory", "SHA-256", "on damage reset"] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    // On a terminal of 80 columns, no digest is wrapped.
    let mut digests = run.out.lines().filter(|line| line.starts_with("    SHA-256 "));
    assert!(digests.clone().count() >= 3 && digests.all(|line| line.len() <= 80), "{}", run.out);
}
