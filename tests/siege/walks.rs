//! Random walks over loads, unloads, boots and whatever disturbs them: skexec's answers are compared with those of a model. A walk that
//! differs is shortened until no step of it can be left out.

mod kept;
mod machine;
mod model;
mod step;

use super::run::Attack;
use forge::random::Random;
use machine::Machine;
use model::Model;
use proptest::strategy::{BoxedStrategy, Just, Strategy as _};
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};
use std::sync::Once;
use step::{Step, any_step};

pub(crate) const ATTACKS: [Attack; 1] = [Attack {
    name: "walks",
    what: "random walks of up to 24 steps: loads (both methods and images, counted, with --lock), unloads, `exec`, with and without --force and --foreign, another program's loads and unloads, SIGKILL just before and just after the call, errnos, records that are removed, damaged or of another version, policies, limits, reboots with and without /run",
    holds: "the exit code, the reason, the image that `exec` boots and what `status` says of both images are those of a model; what is `proved` is what the kernel holds",
    found: "",
    rounds: 24,
    round: walk,
}];

/// The most steps.
const STEPS: usize = 24;

struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Step> {
        any_step()
    }

    fn apply(model: Model, step: &Step) -> Model {
        model.after(step)
    }
}

struct Walk;

impl StateMachineTest for Walk {
    type SystemUnderTest = Machine;
    type Reference = Reference;

    fn init_test(_: &Model) -> Machine {
        Machine::new()
    }

    fn apply(machine: Machine, model: &Model, step: Step) -> Machine {
        machine.does(&step, &model.answer);
        machine
    }

    fn check_invariants(machine: &Machine, model: &Model) {
        machine.shows(model);
    }
}

fn walk(random: &mut Random) {
    static KEPT: Once = Once::new();
    KEPT.call_once(|| kept::walks().into_iter().for_each(made));
    let seed: [u8; 32] = std::array::from_fn(|_| random.number().to_le_bytes()[0]);
    let config = Config { cases: 1, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config.clone(), TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let walks = Reference::sequential_strategy(1..=STEPS);
    let result = runner.run(&walks, |(model, steps, seen)| {
        Walk::test_sequential(config.clone(), model, steps, seen);
        Ok(())
    });
    report(result);
}

/// Makes the steps of a walk that is not drawn by lot.
fn made(steps: Vec<Step>) {
    println!("siege walks: {steps:?}");
    Walk::test_sequential(Config::default(), Model::default(), steps, None);
}

fn report<T: std::fmt::Debug>(result: Result<(), TestError<(Model, Vec<Step>, T)>>) {
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, (_, steps, _))) => panic!("{why}, after these steps: {steps:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}
