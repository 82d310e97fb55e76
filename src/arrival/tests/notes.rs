//! What is noted of a boot and for the next one: settled once, changed by loads, unloads and jumps.

use super::*;

#[test]
fn it_is_settled_once_and_remembered_until_the_next_boot() {
    let tree = left(false, Some(1));
    assert_eq!(settle(tree.root()).unwrap(), None);
    boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
    let read_before = read(tree.root()).unwrap().unwrap();
    assert!(tree.root().has(PATH) && !tree.root().has(ARRIVED));
    let Settled { arrival, logged } = settle(tree.root()).unwrap().unwrap();
    assert!(!logged && !tree.root().has(PATH));
    assert_eq!(arrival.outcome, read_before.outcome);
    // Later in this boot: the same words, whatever the clock says, and whatever is loaded next.
    expect(tree.root(), Some(image(true))).unwrap();
    assert_eq!(settle(tree.root()).unwrap(), Some(Settled { arrival: arrival.clone(), logged: false }));
    assert_eq!(read(tree.root()).unwrap(), Some(arrival));
    // What /run kept of an earlier boot, where it was not emptied.
    boot(&tree, "three", "6.1.0", "", "114");
    assert_eq!(read(tree.root()).unwrap().unwrap().outcome, Outcome::NotExecuted);
}

/// The load that settles a boot tells the log nothing, and the log may not be there at first.
#[test]
fn it_is_to_be_logged_until_the_log_has_it() {
    let tree = left(false, Some(1));
    boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
    expect(tree.root(), Some(image(false))).unwrap();
    let settled = settle(tree.root()).unwrap().unwrap();
    assert!(!settled.logged);
    note_logged(tree.root(), &settled).unwrap();
    assert_eq!(settle(tree.root()).unwrap(), Some(Settled { logged: true, ..settled }));
    assert!(read(tree.root()).unwrap().is_some());
    // Of another boot.
    boot(&tree, "three", "6.1.0", "", "114");
    assert!(!settle(tree.root()).unwrap().unwrap().logged);
}

/// The driver of the watchdog is loaded after skexec was called for the first time.
#[test]
fn why_it_never_came_up_is_looked_up_each_time() {
    let tree = left(false, Some(1));
    boot(&tree, "two", "6.1.0", "", "114");
    assert!(settle(tree.root()).unwrap().is_some());
    tree.write("/sys/class/watchdog/watchdog0/bootstatus", "32");
    let why = read(tree.root()).unwrap().unwrap().why;
    assert_eq!(why, ["watchdog0 says that the watchdog reset the machine"]);
}

#[test]
fn a_load_settles_the_boot_first() {
    let tree = left(false, Some(1));
    boot(&tree, "two", "6.12.0", "root=/dev/vda2 ro", "208");
    expect(tree.root(), Some(image(false))).unwrap();
    assert_eq!(read(tree.root()).unwrap().unwrap().outcome, Outcome::Expected);
}

#[test]
fn an_unload_and_a_jump_that_failed_leave_nothing_to_miss() {
    let tree = left(false, Some(1));
    stay(tree.root()).unwrap();
    boot(&tree, "two", "6.1.0", "", "114");
    assert_eq!(judged(&tree).unwrap().outcome, Outcome::NotExecuted);
    let tree = left(false, Some(1));
    expect(tree.root(), None).unwrap();
    boot(&tree, "two", "6.1.0", "", "114");
    assert_eq!(judged(&tree), None);
    // Where there is nothing, nothing is made.
    let tree = Tree::new();
    expect(tree.root(), None).unwrap();
    stay(tree.root()).unwrap();
    assert_eq!(settle(tree.root()).unwrap(), None);
    assert!(!tree.root().has("/var") && !tree.root().has("/run"));
}

#[test]
fn notes_that_are_damaged_are_said_and_replaced() {
    let of_later = r#"{"schema": 2, "boot_id": "one", "from": "6.1.0", "image": null, "exec": null}"#;
    let other = r#"{"schema": 1, "boot_id": "one", "from": 7, "image": null, "exec": null}"#;
    for text in ["", "{", "[]", "{}", other, of_later] {
        let tree = Tree::new();
        boot(&tree, "two", "6.1.0", "", "114");
        tree.write(PATH, text);
        assert!(read(tree.root()).is_err() && settle(tree.root()).is_err(), "{text}");
        expect(tree.root(), Some(image(false))).unwrap();
        assert_eq!(read(tree.root()).unwrap(), None);
    }
}

#[test]
fn a_load_keeps_the_note_of_a_shutdown_and_of_no_forced_jump() {
    for clean in [true, false] {
        let tree = left(false, None);
        execute(tree.root(), Some(image(false)), Exec { clean, ..exec(1) }).unwrap();
        expect(tree.root(), Some(Image { kernel: "/another".into(), ..image(false) })).unwrap();
        let note: Expected = load(tree.root(), PATH).unwrap().unwrap();
        assert_eq!((note.exec.is_some(), note.image.unwrap().kernel.as_str()), (clean, "/another"), "{clean}");
        expect(tree.root(), None).unwrap();
        assert!(!tree.root().has(PATH));
    }
}
