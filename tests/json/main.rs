//! The output of `--json`, docs/json.schema.json and docs/json.md agree.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../segments/machine.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod machine;
mod schema;
#[path = "../support/mod.rs"]
mod support;

use schema::Schema;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{LOAD, Lab, systemd};

const SCHEMA: &str = include_str!("../../docs/json.schema.json");
const PAGE: &str = include_str!("../../docs/json.md");

/// Real documents, each with the definition that it has to match.
fn documents() -> Vec<(&'static str, Value)> {
    let mut documents = Vec::new();
    verified(&mut documents);
    loaded(&mut documents);
    bound(&mut documents);
    described(&mut documents);
    refused(&mut documents);
    failed(&mut documents);
    left(&mut documents);
    documents
}

/// Shutdowns.
fn left(documents: &mut Vec<(&'static str, Value)>) {
    let lab = Lab::new();
    systemd::install(&lab);
    assert_eq!(lab.run(LOAD).exit, 0);
    lab.system("/sys/kernel/kexec_loaded", "1\n");
    documents.push(("exec", lab.run("exec --json").json()));
    lab.system_bytes("/boot/vmlinuz-6.12", &forge::signed_bzimage());
    let reboot = "reboot --no-initrd --keys {}/root.pem --json";
    documents.push(("reboot", lab.run(&format!("{reboot} --dry-run")).json()));
    systemd::logind(&lab, r#"{"type":"a(ssssuu)","data":[[]]}"#);
    documents.push(("reboot", lab.run(&format!("{reboot} --when +1")).json()));
    documents.push(("status", lab.run("status --json").json()));
    documents.push(("refresh", lab.run("refresh --json").json()));
    systemd::broken_logind(&lab);
    documents.push(("reboot", lab.run(&format!("{reboot} --when +1")).json()));
    systemd::logind(&lab, r#"{"type":"b","data":[true]}"#);
    documents.push(("cancel", lab.run("exec --when cancel --json").json()));
}

fn verified(documents: &mut Vec<(&'static str, Value)>) {
    let lab = Lab::new();
    lab.file("unsigned", &forge::unsigned_bzimage());
    lab.file("half", &forge::signed_bzimage()[..9000]);
    lab.file("text", b"no kernel");
    let files = "{}/vmlinuz {}/unsigned {}/half {}/text {}/none";
    documents.push(("verify", lab.run(&format!("verify --json --keys {{}}/root.pem {files}")).json()));
    documents.push(("verify", lab.run(&format!("verify --json --keys {{}}/none {files}")).json()));
}

fn loaded(documents: &mut Vec<(&'static str, Value)>) {
    let lab = machine::lab();
    lab.file("unsigned", &forge::unsigned_bzimage());
    let lines = [
        LOAD.to_owned(),
        LOAD.replace("vmlinuz", "unsigned"),
        format!("{} --insecure-unsigned", LOAD.replace("vmlinuz", "unsigned")),
        format!("{LOAD} --panic"),
        format!("{} --dry-run", machine::SEGMENTS),
        machine::SEGMENTS.to_owned(),
    ];
    for line in lines {
        documents.push(("load", lab.run(&format!("{line} --json")).json()));
        // The record of the last load is a part of the status.
        lab.system("/sys/kernel/kexec_loaded", "1\n");
        documents.push(("status", lab.run("status --json").json()));
    }
    lab.system("/dev/tpm0", "");
    documents.push(("status", lab.run("status {}/vmlinuz --keys {}/root.pem --json").json()));
    documents.push(("unload", lab.run("unload --json").json()));
    documents.push(("entries", listed()));
}

/// Entries with and without each optional field.
fn listed() -> Value {
    let lab = Lab::new();
    lab.system_bytes("/boot/linux", &forge::signed_bzimage());
    lab.system("/boot/initrd", "070701");
    lab.system("/boot/loader/entries/a+1.conf", "linux /linux\ninitrd /initrd\noptions quiet\n");
    lab.system("/boot/loader/entries/b.conf", "title a\nsort-key b\nversion c\nmachine-id d\n");
    lab.run("entries --json --keys {}/root.pem").json()
}

fn bound(documents: &mut Vec<(&'static str, Value)>) {
    let lab = Lab::new();
    support::bind(&lab, &forge::signed_bzimage(), &[b"070701"], "quiet", 7);
    let line = "load --manifest {}/vmlinuz.manifest --keys {}/root.pem";
    documents.push(("load", lab.run(&format!("{line} --dry-run --json")).json()));
    documents.push(("verify", lab.run("verify {}/vmlinuz.manifest --keys {}/root.pem --json").json()));
    documents.push(("inspect", lab.run("inspect {}/vmlinuz.manifest --json").json()));
    documents.push(("booted", lab.run("booted --json").json()));
    started(documents);
    lab.system("/var/lib/skexec/manifests.json", "");
    documents.push(("failure", lab.run("booted --json").json()));
}

/// What the next boot says, in full and about a foreign image.
fn started(documents: &mut Vec<(&'static str, Value)>) {
    let exec =
        r#"{"time_ms": 1, "by": {"uid": 0, "login_uid": null, "program": "skexec"}, "clean": true, "watchdog": 30}"#;
    for image in [true, false] {
        let lab = machine::lab();
        lab.system("/proc/sys/kernel/random/boot_id", "one\n");
        lab.run(machine::SEGMENTS);
        let path = "/var/lib/skexec/next.json";
        let mut expected: Value = serde_json::from_slice(&std::fs::read(lab.root().path(path)).unwrap()).unwrap();
        expected["exec"] = serde_json::from_str(exec).unwrap();
        if !image {
            expected["image"] = Value::Null;
        }
        lab.system(path, &expected.to_string());
        lab.system("/proc/sys/kernel/random/boot_id", "two\n");
        documents.push(("status", lab.run("status --json").json()));
        documents.push(("booted", lab.run("booted --json").json()));
    }
}

fn described(documents: &mut Vec<(&'static str, Value)>) {
    let lab = Lab::new();
    let (_, vmlinux) = properties::seeds::seeds().into_iter().find(|(kind, _)| *kind == "elf").unwrap();
    lab.file("vmlinux", &vmlinux);
    lab.file("text", b"no kernel");
    lab.system("/etc/skexec/policy.toml", "require = [\"initrd\"]\nleast.rsa-bits = 3072\n");
    documents.push(("policy", lab.run("policy --json").json()));
    for slug in ["lockdown", "der", "no-effect"] {
        documents.push(("explain", lab.run(&format!("explain {slug} --json")).json()));
    }
    lab.file("uki", &uki());
    lab.file("uki.extra.d/a.addon.efi", &addon());
    lab.file("signature", &countersigned());
    lab.file("packed", &forge::payload::payloads().into_iter().find(|packed| packed.wrong.is_none()).unwrap().image);
    lab.file("db.esl", &forge::esl::x509(&forge::root_der()));
    for name in ["vmlinuz", "packed", "vmlinux", "text", "uki", "signature", "db.esl", "root.pem"] {
        documents.push(("inspect", lab.run(&format!("inspect {{}}/{name} --json")).json()));
    }
}

/// A UKI with a profile, microcode in its initrd, signed measurements, and a kernel that is signed itself.
fn uki() -> Vec<u8> {
    use forge::pe::Section;
    use skexec::image::cpio::{Entry, archive};
    let measured = br#"{"sha256": [{"pcrs": [11], "pkfp": "ab", "pol": "cd", "sig": "ef"}]}"#;
    let extra = vec![Section::new(b".pcrsig", *measured), Section::new(b".profile", *b"ID=main")];
    let initrd = archive(&[Entry::file("kernel/x86/microcode/GenuineIntel.bin", 0o644, b"code")]).unwrap();
    let uki = forge::uki::Uki { extra, initrd: Some(initrd), ..forge::uki::Uki::new(forge::signed_bzimage()) };
    uki.signed(&forge::pki::signer())
}

/// A machine with revocations, seen without root, and a kernel that it refuses.
fn refused(documents: &mut Vec<(&'static str, Value)>) {
    let lab = Lab::new();
    lab.forge_firmware();
    lab.system("/proc/self/status", "CapEff:\t0000000000000000\n");
    lab.file("unsigned", &forge::unsigned_bzimage());
    documents.push(("status", lab.run("status {}/unsigned --json").json()));
}

fn addon() -> Vec<u8> {
    let mut sections = forge::uki::Sections { list: vec![forge::uki::stub()], header_order: None };
    sections.add(b".cmdline", *b"debug");
    sections.signed(&forge::pki::signer())
}

/// A detached signature with another one over it beside it.
fn countersigned() -> Vec<u8> {
    use forge::{cms::Plain, der::ctx, pkcs7::attribute, pki::signer};
    let mut message = Plain::detached().message(b"content", &signer());
    let other = Plain::detached().message(&message.signers[0].signature, &signer()).signers[0].node();
    message.signers[0].unauthenticated = Some(ctx(1, vec![attribute("1.2.840.113549.1.9.6", vec![other])]));
    message.node().encode()
}

fn failed(documents: &mut Vec<(&'static str, Value)>) {
    let lab = Lab::new();
    documents.push(("unload", lab.run("unload --json").json()));
    for line in ["load --entry none", "entries --keys {}/none"] {
        documents.push(("failure", lab.run(&format!("{line} --json")).json()));
    }
    lab.system("/etc/skexec/policy.toml", "unsigned = 1\n");
    for line in ["exec", "inspect {}/none", "policy"] {
        documents.push(("failure", lab.run(&format!("{line} --json")).json()));
    }
    // An error that has no slug: the record cannot be written.
    let lab = Lab::new();
    lab.system("/run/skexec", "not a directory");
    let document = lab.run(&format!("{LOAD} --json")).json();
    assert_eq!(document["reason"], Value::Null);
    documents.push(("failure", document));
}

#[test]
fn every_document_matches_and_every_definition_is_met() {
    let schema = Schema::parse(SCHEMA);
    for (name, document) in documents() {
        schema.check(name, &document).unwrap_or_else(|error| panic!("{error}\n{document:#}"));
        schema.check_any(&document).unwrap();
    }
    let met = schema.met.borrow();
    let missed: Vec<_> = schema.objects().filter(|(name, _)| !met.contains(*name)).collect();
    assert!(missed.is_empty(), "no document has {missed:?}");
}

#[test]
fn a_field_that_is_not_in_the_schema_or_is_missing_fails() {
    let schema = Schema::parse(SCHEMA);
    for (name, document) in documents() {
        for pointer in objects(&document) {
            let mut more = document.clone();
            more.pointer_mut(&pointer).unwrap()["a_new_field"] = json!(1);
            assert!(schema.check(name, &more).is_err(), "{name}{pointer}: one field more");
            let fields = document.pointer(&pointer).unwrap().as_object().unwrap();
            for field in fields.keys() {
                let mut less = document.clone();
                less.pointer_mut(&pointer).unwrap().as_object_mut().unwrap().remove(field);
                assert!(schema.check(name, &less).is_err(), "{name}{pointer}: without {field}");
            }
        }
    }
}

/// JSON pointers to all objects of a document.
fn objects(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    let own = value.is_object().then(String::new);
    let below =
        children.iter().flat_map(|(name, child)| objects(child).into_iter().map(move |rest| format!("/{name}{rest}")));
    own.into_iter().chain(below).collect()
}

#[test]
fn the_page_names_the_fields_of_the_schema() {
    let schema = Schema::parse(SCHEMA);
    let mut sections = BTreeSet::new();
    for section in PAGE.split("\n## ").skip(1) {
        let (name, text) = section.split_once('\n').unwrap();
        let named: BTreeSet<_> =
            text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(field, _)| field).collect();
        let defined = schema.definition(name)["properties"].as_object().unwrap();
        assert_eq!(named, defined.keys().map(String::as_str).collect(), "docs/json.md, {name}");
        let required = schema.definition(name)["required"].as_array().unwrap();
        assert_eq!(named, required.iter().map(|field| field.as_str().unwrap()).collect(), "required of {name}");
        sections.insert(name);
    }
    assert_eq!(sections, schema.objects().map(|(name, _)| name).collect());
}
