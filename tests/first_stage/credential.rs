//! The passphrase of a disk that skexec added to the initramfs: the scripts that give it to cryptsetup, and remove it.

use crate::stage::{Stage, shells, text};
use std::fs;

const SECRET: &str = "correct horse";
const TABLE: &str = "# a comment\n\nroot UUID=1-2 none luks,initramfs\n\thome  /dev/x\tnone\nkey /dev/y /etc/key luks\n\
                     own /dev/z none luks,keyscript=/bin/own\nswap /dev/s /dev/urandom swap\nplain /dev/p none plain,size=256\n\
                     one /dev/o none luks,tries=1\nmany /dev/m none tries=12,luks\n* /dev/* none luks,discard";
const CHANGED: &str = "# a comment\n\nroot UUID=1-2 none luks,initramfs,keyscript=/usr/lib/skexec/credential\n\
                       home /dev/x none keyscript=/usr/lib/skexec/credential\nkey /dev/y /etc/key luks\n\
                       own /dev/z none luks,keyscript=/bin/own\nswap /dev/s /dev/urandom swap\nplain /dev/p none plain,size=256\n\
                       one /dev/o none luks,tries=1\nmany /dev/m none tries=12,luks,keyscript=/usr/lib/skexec/credential\n\
                       * /dev/* none luks,discard,keyscript=/usr/lib/skexec/credential\n";

fn stage() -> Stage {
    let stage = Stage::new();
    let paths = [("/etc/credstore", "{}/etc/credstore"), ("=/cryptroot/", "={}/cryptroot/")];
    let keyscript = ("-x \"$keyscript\"", "-x \"{}$keyscript\"");
    stage.place("initramfs-tools/local-top", "local-top", &[paths[0], paths[1], keyscript]);
    stage.place("lib/forget.sh", "forget", &paths[..1]);
    let paths = [paths[0], ("/lib/cryptsetup/", "{}/lib/cryptsetup/")];
    stage.place("initramfs-tools/credential", "credential", &paths);
    stage.write("cryptroot/crypttab", TABLE);
    stage.write("lib/cryptsetup/askpass", "#!/bin/sh\nprintf 'asked [%s]' \"$*\"\n");
    stage.mode("lib/cryptsetup/askpass", 0o755);
    stage
}

#[test]
fn a_volume_whose_passphrase_would_be_asked_for_gets_a_keyscript() {
    for shell in shells() {
        let stage = stage();
        let table = || fs::read_to_string(stage.path("cryptroot/crypttab")).unwrap();
        let run = |script: &str| text(&stage.run(shell, script, "").stdout);
        let script = format!("{shell} {{}}/local-top");
        assert_eq!((run(&script), table()), (String::new(), TABLE.to_owned()), "{shell}: without a passphrase");
        stage.write("etc/credstore/cryptsetup.passphrase", "");
        assert_eq!((run(&script), table()), (String::new(), TABLE.to_owned()), "{shell}: an empty passphrase");
        stage.write("etc/credstore/cryptsetup.passphrase", SECRET);
        assert_eq!((run(&script), table()), (String::new(), TABLE.to_owned()), "{shell}: no keyscript");
        stage.write("usr/lib/skexec/credential", "");
        stage.mode("usr/lib/skexec/credential", 0o755);
        // Another name of the table shows that it is replaced, and not written to.
        fs::hard_link(stage.path("cryptroot/crypttab"), stage.path("before")).unwrap();
        let said = "skexec: a passphrase from the kernel before will be tried for encrypted disks\n";
        assert_eq!((run(&script), table()), (said.to_owned(), CHANGED.to_owned()), "{shell}");
        assert_eq!(fs::read_to_string(stage.path("before")).unwrap(), TABLE, "{shell}");
        // A first stage runs it again.
        run(&script);
        assert_eq!(table(), CHANGED, "{shell}");
        assert!(!stage.path("cryptroot/crypttab.skexec").exists());
        assert_eq!(run(&format!("{shell} {{}}/local-top prereqs")), "cryptroot-prepare\n");
        fs::remove_file(stage.path("cryptroot/crypttab")).unwrap();
        assert_eq!(run(&script), "");
        assert!(!stage.path("cryptroot/crypttab").exists());
    }
}

#[test]
fn the_keyscript_gives_the_passphrase_once_and_then_asks() {
    for shell in shells() {
        let stage = stage();
        let run = |tried: &str| {
            let script = format!("CRYPTTAB_NAME=root CRYPTTAB_TRIED={tried} {shell} {{}}/credential none");
            text(&stage.run(shell, &script, "").stdout)
        };
        let asked = "asked [Please unlock disk root: ]";
        assert_eq!(run("0"), asked, "{shell}");
        // Every byte counts.
        stage.write("etc/credstore/cryptsetup.passphrase", "correct\nhorse\n");
        assert_eq!((run("0"), run("1")), ("correct\nhorse\n".into(), asked.into()), "{shell}");
    }
}

#[test]
fn what_was_added_is_overwritten_and_removed() {
    // initramfs-tools runs it, dracut sources it.
    let ways = shells().flat_map(|shell| [(shell, shell), (shell, ".")]);
    for (shell, way) in ways {
        let stage = stage();
        let run = || stage.run(shell, &format!("{way} {{}}/forget && echo on"), "");
        assert_eq!(text(&run().stdout), "on\n");
        let prereqs = stage.run(shell, &format!("{shell} {{}}/forget prereqs"), "");
        assert!(prereqs.status.success() && text(&prereqs.stdout) == "\n", "{prereqs:?}");
        stage.write("etc/credstore/cryptsetup.passphrase", SECRET);
        stage.write("elsewhere", SECRET);
        std::os::unix::fs::symlink(stage.path("elsewhere"), stage.path("etc/credstore/link")).unwrap();
        // Another name shows what became of the bytes. The name of a credential may begin with a dot.
        let names = ["cryptsetup.passphrase", ".hidden", "..more", "..."].map(|name| format!("etc/credstore/{name}"));
        for (at, name) in names.iter().enumerate() {
            stage.write(name, SECRET);
            fs::hard_link(stage.path(name), stage.path(&format!("bytes{at}"))).unwrap();
        }
        assert_eq!(text(&run().stdout), "on\n");
        for (at, name) in names.iter().enumerate() {
            assert!(!stage.path(name).exists(), "{shell} {way}: {name}");
            let left = fs::read(stage.path(&format!("bytes{at}"))).unwrap();
            assert!(left.iter().all(|byte| *byte == 0), "{shell} {way}: {name}");
        }
        assert_eq!(fs::read_to_string(stage.path("elsewhere")).unwrap(), SECRET);
        assert_eq!(stage.log(), [""; 0]);
    }
}
