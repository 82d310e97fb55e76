//! Many processes at once: loads, loads against unloads, and another program's loads between them.

use super::program::{self, Kernel};
use super::run::Attack;
use super::site::{METHODS, Site};
use forge::random::Random;
use skexec::system::Slot;
use std::process::{Child, Output};
use std::time::Duration;

pub(crate) const ATTACKS: [Attack; 3] = [
    Attack {
        name: "loads-at-once",
        what: "20 loads at once, by all methods",
        holds: "one at least is made, the others are told that another skexec holds the lock; the image that the kernel holds is the recorded one",
        found: "",
        rounds: 2,
        round: loads,
    },
    Attack {
        name: "load-against-unload",
        what: "loads and unloads at once, four of each",
        holds: "the image that the kernel holds is the recorded one, or nothing is loaded and nothing recorded",
        found: "",
        rounds: 4,
        round: unloads,
    },
    Attack {
        name: "kexec-tools-between",
        what: "another program loads and unloads between loads and unloads of skexec, on a kernel that counts",
        holds: "`exec` never boots an image under the record of another one",
        found: "",
        rounds: 8,
        round: strangers,
    },
];

fn start(site: &Site, line: &str, random: &mut Random) -> Child {
    site.process(line).env(program::NAP, random.below(3000).to_string()).spawn().unwrap()
}

fn ends(children: Vec<Child>) -> Vec<Output> {
    children.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
}

/// Each was done or told that the lock is held, and so many at least were done.
fn check(outputs: &[Output], least: usize) {
    let busy = |output: &&Output| {
        output.status.code() == Some(5) && String::from_utf8_lossy(&output.stderr).contains("(busy)")
    };
    let (busy, others): (Vec<_>, Vec<_>) = outputs.iter().partition(busy);
    let done = others.iter().filter(|output| output.status.success()).count();
    assert_eq!(
        done + busy.len(),
        outputs.len(),
        "{:#?}",
        others.iter().map(|output| Site::end(output)).collect::<Vec<_>>()
    );
    assert!(done >= least);
}

fn loads(random: &mut Random) {
    let site = Site::new(random.below(2) == 0);
    let children =
        (0..20).map(|number: usize| start(&site, &Site::load(&format!("n{number}"), METHODS[number % 4]), random));
    check(&ends(children.collect()), 1);
    site.agrees();
    site.heals();
}

fn unloads(random: &mut Random) {
    let site = Site::new(random.below(2) == 0);
    let line = |number: usize| {
        if number.is_multiple_of(2) {
            "unload".to_owned()
        } else {
            Site::load(&format!("n{number}"), METHODS[number / 2])
        }
    };
    let children = (0..8).map(|number| start(&site, &line(number), random)).collect();
    check(&ends(children), 1);
    site.agrees();
    site.heals();
}

fn strangers(random: &mut Random) {
    let site = Site::new(true);
    let stranger = Kernel { root: site.kernel.root.clone(), nap: Duration::ZERO };
    let mut children = Vec::new();
    for number in 0..4 {
        children.push(start(&site, &Site::load(&format!("n{number}"), METHODS[0]), random));
        std::thread::sleep(Duration::from_millis(random.below(200)));
        let image = (random.below(3) > 0).then(|| "image=stranger".to_owned());
        // The kernel may be busy with the load.
        let _ = stranger.call(Slot::Reboot, image);
    }
    ends(children);
    match (site.verdict(), site.kernel.state().image) {
        (Ok(taken), held) => assert_eq!(Some(taken), held, "exec boots another image"),
        (Err(reason), None) => assert_eq!(reason, "nothing-loaded"),
        (Err(reason), Some(_)) => assert!(["foreign-image", "record-contradicted"].contains(&&*reason), "{reason}"),
    }
    site.heals();
}
