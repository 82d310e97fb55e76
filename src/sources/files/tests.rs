use super::super::testing::Tree;
use super::*;
use std::os::unix::fs::symlink;

const DIRECTORIES: &[&str] = &["/etc/skexec/trust.d", "/usr/lib/skexec/trust.d"];

/// File names and contents, or what was wrong.
fn read(tree: &Tree) -> Vec<Result<(String, String), String>> {
    let read = read_system(tree.root(), DIRECTORIES, &["pem"]);
    read.into_iter()
        .map(|file| match file {
            Ok(file) => Ok((shown(tree, &file.path), String::from_utf8(file.bytes).unwrap())),
            Err(error) => Err(format!("{}: {}", shown(tree, &error.path), error.what)),
        })
        .collect()
}

fn shown(tree: &Tree, path: &Path) -> String {
    path.strip_prefix(&tree.root().0).unwrap().display().to_string()
}

fn file(path: &str, text: &str) -> Result<(String, String), String> {
    Ok((path.to_owned(), text.to_owned()))
}

#[test]
fn a_name_in_etc_masks_the_same_in_usr_lib() {
    let tree = Tree::new();
    assert!(read(&tree).is_empty());
    for name in ["a.pem", "b.pem", "c.pem", "README", "x.pem~"] {
        tree.write(&format!("/usr/lib/skexec/trust.d/{name}"), "vendor");
    }
    tree.write("/etc/skexec/trust.d/b.pem", "admin");
    symlink("/dev/null", tree.root().path("/etc/skexec/trust.d/c.pem")).unwrap();
    symlink("/dev/null", tree.root().path("/etc/skexec/trust.d/none.pem")).unwrap();
    let wanted = [file("usr/lib/skexec/trust.d/a.pem", "vendor"), file("etc/skexec/trust.d/b.pem", "admin")];
    assert_eq!(read(&tree), wanted);
}

#[test]
fn what_others_may_write_is_an_error() {
    for (path, mode) in [
        ("/etc/skexec/trust.d/a.pem", 0o664),
        ("/etc/skexec/trust.d/a.pem", 0o646),
        ("/etc/skexec/trust.d", 0o775),
        ("/etc/skexec/trust.d", 0o1777),
        ("/etc/skexec", 0o757),
    ] {
        let tree = Tree::new();
        tree.write("/etc/skexec/trust.d/a.pem", "a");
        tree.mode(path, mode);
        let read = read(&tree);
        assert_eq!(read.len(), 1);
        assert!(read[0].as_ref().unwrap_err().contains("others than root"), "{path} {mode:o}: {read:?}");
    }
}

#[test]
fn one_bad_file_is_an_error_beside_the_good() {
    let tree = Tree::new();
    tree.write("/etc/skexec/trust.d/a.pem", "a");
    tree.directory("/etc/skexec/trust.d/b.pem");
    symlink("nowhere", tree.root().path("/etc/skexec/trust.d/c.pem")).unwrap();
    let read = read(&tree);
    assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false], "{read:?}");
}

#[test]
fn a_link_is_followed_along_a_safe_way_only() {
    let tree = Tree::new();
    tree.directory("/etc/skexec/trust.d");
    tree.write("/srv/safe/a.pem", "a");
    tree.write("/srv/open/b.pem", "b");
    tree.mode("/srv/open", 0o777);
    symlink("../../../srv/safe/a.pem", tree.root().path("/etc/skexec/trust.d/a.pem")).unwrap();
    symlink("../../../srv/open/b.pem", tree.root().path("/etc/skexec/trust.d/b.pem")).unwrap();
    let read = read(&tree);
    assert_eq!(read[0], file("etc/skexec/trust.d/a.pem", "a"));
    assert!(read[1].as_ref().unwrap_err().contains("srv/open"), "{read:?}");
}

#[test]
fn what_is_in_the_place_of_something_is_not_absence() {
    let tree = Tree::new();
    let absent =
        |path: &str| read_system_file(tree.root(), path, 9).map(|bytes| bytes.is_none()).map_err(|error| error.what);
    assert_eq!(absent("/etc/skexec/policy.toml"), Ok(true));
    tree.write("/etc/file", "");
    assert_eq!(absent("/etc/file/policy.toml"), Err("Not a directory (os error 20)".to_owned()));
    symlink("nowhere", tree.root().path("/etc/one.toml")).unwrap();
    assert_eq!(absent("/etc/one.toml"), Err("the link leads nowhere".to_owned()));
    let folder = tree.root().path("/etc/folder");
    symlink("nowhere", &folder).unwrap();
    assert_eq!(absent("/etc/folder/policy.toml"), Err(format!("the link {} leads nowhere", folder.display())));
    tree.directory("/etc/skexec");
    let place = tree.root().path("/etc/skexec/trust.d");
    symlink("nowhere", &place).unwrap();
    assert_eq!(read(&tree).iter().map(Result::is_ok).collect::<Vec<_>>(), [false]);
    fs::remove_file(&place).unwrap();
    // One certificate that was copied before its folder was made.
    tree.write("/etc/skexec/trust.d", "a");
    assert_eq!(read(&tree).iter().map(Result::is_ok).collect::<Vec<_>>(), [false]);
}

#[test]
fn the_owner_is_asked_for() {
    let tree = Tree::new();
    let path = tree.write("/file", "");
    let metadata = fs::metadata(&path).unwrap();
    assert!(check_owner(tree.root(), &metadata).is_ok());
    // Below the real root the owner must be root. Root may also run this test.
    assert_eq!(check_owner(&Root::default(), &metadata).is_ok(), metadata.uid() == 0);
}

#[test]
fn what_the_user_names_is_taken_as_it_is() {
    let tree = Tree::new();
    let path = tree.write("/keys/b.pem", "b");
    tree.write("/keys/a.pem", "a");
    tree.write("/keys/README.md", "no key");
    tree.mode("/keys/b.pem", 0o666);
    let names = |path: &Path| {
        let read = read_named(path, &["pem"])?;
        Ok::<_, Unreadable>(read.iter().map(|file| shown(&tree, &file.path)).collect::<Vec<_>>())
    };
    assert_eq!(names(&path).unwrap(), ["keys/b.pem"]);
    assert_eq!(names(&tree.root().path("/keys")).unwrap(), ["keys/a.pem", "keys/b.pem"]);
    // A file that is named itself may have any extension.
    assert_eq!(names(&tree.root().path("/keys/README.md")).unwrap(), ["keys/README.md"]);
    assert!(names(&tree.root().path("/none")).is_err());
    nix::unistd::mkfifo(&tree.root().path("/keys/c.pem"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(names(&tree.root().path("/keys")).unwrap_err().what.contains("regular"));
}
