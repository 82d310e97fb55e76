use super::*;
use crate::machine::{Enforcement, Machine};
use crate::sealed::{Keep, Sealed};
use crate::sources::policy::Policy;
use crate::sources::testing::Tree;
use crate::system::Method;
use crate::trust::cert::Certificate;
use crate::trust::{Anchor, Signature, Trust};
use std::path::Path;

fn trust() -> Trust {
    let certificate = Certificate::parse(&forge::root_der()).unwrap();
    Trust { anchors: vec![Anchor { certificate, source: "test".into() }], ..Trust::default() }
}

/// A machine with Secure Boot off and this lockdown.
fn machine(tree: &Tree, lockdown: &str) -> Machine {
    tree.write("/proc/sys/kernel/osrelease", b"6.12.1\n");
    tree.write("/boot/config-6.12.1", b"CONFIG_KEXEC_FILE=y\n");
    tree.write("/sys/kernel/security/lockdown", lockdown);
    Machine::read(tree.root())
}

fn assessed(path: &Path, signature: Signature<'_>) -> Assessment<Sealed> {
    let how = Reading { keep: Keep::Private, ..Reading::to_judge(&trust()) };
    verify(Candidate::read(path, how).unwrap(), Role::Kernel, signature, &trust())
}

#[test]
fn a_manifest_binds_every_file_and_the_command_line() {
    let tree = Tree::new();
    let machine = machine(&tree, "[none] integrity");
    let kernel = tree.write("/vmlinuz", forge::unsigned_bzimage());
    let text = forge::manifest::Manifest {
        name: "acme",
        version: 1,
        cmdline: "ro",
        kernel: forge::unsigned_bzimage(),
        initrds: vec![b"070701".to_vec()],
        vary: "",
        files: None,
    };
    let manifest = tree.write("/vmlinuz.manifest", text.text());
    tree.write("/vmlinuz.manifest.p7s", forge::detached(text.text().as_bytes(), &forge::pki::signer()));
    let judged = Binding::judge(Binding::read(&manifest).unwrap(), None, &trust()).unwrap();
    let binding = Binding::new(judged).unwrap();
    let initrd = || vec![Supply::File(tree.write("/initrd", b"070701"))];
    let bound = || binding.bound(initrd()).unwrap();
    let line = || Cmdline::new("ro");
    let rows: [(Vec<Supply<'_>>, CommandLine, Option<Reason>); 4] = [
        (bound(), binding.command_line(line()).unwrap(), None),
        (initrd(), binding.command_line(line()).unwrap(), Some(Reason::ManifestInitrd)),
        (bound(), CommandLine::unsigned(line()), Some(Reason::ManifestCmdline)),
        (initrd(), CommandLine::unsigned(line()), Some(Reason::ManifestInitrd)),
    ];
    let policy = Policy::default();
    let demands =
        Demands { machine: &machine, method: Method::File, signed_initrds: false, policy: &policy, kernel_check: None };
    for (supplies, cmdline, wanted) in rows {
        let case = format!("{supplies:?} {cmdline:?}");
        let accepted = Accepted::bound(assessed(&kernel, Signature::Embedded), Signature::Embedded, &binding).unwrap();
        let initrds = Initrds::open(supplies, &trust(), Method::File).unwrap();
        let refused = Authorized::new(accepted, initrds, cmdline, &demands).err().map(|finding| finding.reason);
        assert_eq!(refused, wanted, "{case}");
    }
}

/// Who signs a UKI can sign the kernel in it, too; who was given a kernel cannot.
#[test]
fn what_the_running_kernel_would_refuse_is_the_kernel_or_that_in_the_uki() {
    let tree = Tree::new();
    let machine = machine(&tree, "none [integrity]");
    let unsigned = forge::unsigned_bzimage();
    let detached = forge::detached(&unsigned, &forge::pki::signer());
    let policy = Policy::default();
    for (file, signature, wanted) in [
        (unsigned, Signature::Detached(&detached), Reason::Lockdown),
        (forge::uki(None, Some("ro")), Signature::Embedded, Reason::InnerSignature),
    ] {
        let waiver = Waiver { asked: false, enforcement: Enforcement::Forced };
        let accepted = Accepted::new(assessed(&tree.write("/a", file), signature), waiver).unwrap();
        let check = accepted.kernel_check(&machine, Method::File, &trust()).unwrap();
        let demands = Demands {
            machine: &machine,
            method: Method::File,
            signed_initrds: false,
            policy: &policy,
            kernel_check: Some(&check),
        };
        let initrds = Initrds::open(Vec::new(), &trust(), Method::File).unwrap();
        let refused = Authorized::new(accepted, initrds, CommandLine::default(), &demands).unwrap_err();
        assert_eq!(refused.reason, wanted, "{refused:?}");
    }
}
