//! A second process, made while this one still has all its rights: it waits until it is asked to do what needs them.

use nix::errno::Errno;
use nix::libc;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};

/// One of the two processes, and its way to the other.
#[derive(Debug)]
pub enum Split {
    /// This process, which asks.
    Asks(Asking),
    /// The second one, which answers.
    Answers(Answering),
}

/// The side that asks. Dropped without a question, it lets the second process end.
#[derive(Debug)]
pub struct Asking {
    process: libc::pid_t,
    question: PipeWriter,
    answer: PipeReader,
}

/// The side that answers.
#[derive(Debug)]
pub struct Answering {
    question: PipeReader,
    answer: PipeWriter,
}

/// The longest question: what the kernel writes to a pipe at once.
const QUESTION: u64 = 512;

/// Makes the second process, while this one has one thread.
pub(super) fn split() -> io::Result<Split> {
    let (question, asked) = io::pipe()?;
    let (answered, answer) = io::pipe()?;
    let first = std::process::id();
    // SAFETY: the process has one thread, so that its copy is whole and may do what it may do.
    let process = Errno::result(unsafe { libc::fork() })?;
    Ok(if process == 0 {
        end_with(first);
        Split::Answers(Answering { question, answer })
    } else {
        Split::Asks(Asking { process, question: asked, answer: answered })
    })
}

/// Has this process be told by SIGTERM when the first one has ended: whoever ends a command ends all of it.
fn end_with(first: u32) {
    // SAFETY: a number is set (prctl(2), `PR_SET_PDEATHSIG`).
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) };
    if std::os::unix::process::parent_id() != first {
        // SAFETY: the process ends. The first one has ended before, without a question.
        unsafe { libc::_exit(1) };
    }
}

impl Asking {
    /// Asks this, which is not empty, waits until the second process has ended, and returns its answer.
    ///
    /// # Errors
    /// That it ended without one.
    pub fn ask(self, text: &[u8]) -> io::Result<Vec<u8>> {
        let Self { process, mut question, mut answer } = self;
        let mut bytes = Vec::new();
        question.write_all(text)?;
        // It ends there.
        drop(question);
        let read = answer.read_to_end(&mut bytes);
        // SAFETY: without a place for it, the kernel writes no status.
        unsafe { libc::waitpid(process, std::ptr::null_mut(), 0) };
        match read {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            answer => answer.map(|_| bytes),
        }
    }
}

impl Answering {
    /// Waits for the question; then answers with what `work` returns. Does not come back.
    pub fn end(mut self, work: impl FnOnce(&[u8]) -> Vec<u8>) -> ! {
        let mut text = Vec::new();
        // A question is written at once: half of one is none.
        let read = self.question.take(QUESTION.saturating_add(1)).read_to_end(&mut text);
        let asked = read.is_ok_and(|length| length > 0 && u64::try_from(length).is_ok_and(|length| length <= QUESTION));
        // Where nobody waits any more, there is nobody to tell.
        let told = asked && self.answer.write_all(&work(&text)).is_ok();
        // SAFETY: the process ends. What it had to write is written: the other one has the same buffers.
        unsafe { libc::_exit(i32::from(!told)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::sleep;
    use std::time::Duration;

    fn second(answer: &[u8]) -> Asking {
        match split().unwrap() {
            Split::Asks(line) => line,
            Split::Answers(line) => line.end(|question| [question, answer].concat()),
        }
    }

    #[test]
    fn the_second_process_answers_when_it_is_asked_and_ends_when_nobody_asks() {
        assert_eq!(second(&[1, 2, 3]).ask(b"x").unwrap(), [b'x', 1, 2, 3]);
        assert_eq!(second(&[]).ask(&[7; 512]).unwrap(), [7; 512]);
        assert!(second(&[1]).ask(&[7; 513]).is_err(), "too long a question is none");
        assert!(second(&[1]).ask(&[]).is_err(), "an empty one is none");
        let unasked = second(&[0]);
        let process = unasked.process;
        drop(unasked);
        let mut status = 0;
        // SAFETY: the kernel writes one `int`, which outlives the call.
        let ended = unsafe { libc::waitpid(process, &raw mut status, 0) };
        assert_eq!((ended, libc::WEXITSTATUS(status)), (process, 1));
    }

    #[test]
    fn the_second_process_ends_with_the_first() {
        let (mut told, mut tell) = io::pipe().unwrap();
        // SAFETY: the copy calls nothing but what follows, and ends.
        let first = Errno::result(unsafe { libc::fork() }).unwrap();
        if first == 0 {
            let _ = match split() {
                Ok(Split::Asks(line)) => line.ask(b"x"),
                Ok(Split::Answers(line)) => line.end(move |_| {
                    let _ = tell.write_all(b"asked");
                    sleep(Duration::from_secs(20));
                    let _ = tell.write_all(b", and still there");
                    Vec::new()
                }),
                Err(error) => Err(error),
            };
            // SAFETY: the process ends.
            unsafe { libc::_exit(0) };
        }
        drop(tell);
        let mut word = [0; 5];
        told.read_exact(&mut word).unwrap();
        // SAFETY: it is this test's child; no status is written.
        unsafe { (libc::kill(first, libc::SIGKILL), libc::waitpid(first, std::ptr::null_mut(), 0)) };
        let mut more = String::new();
        told.read_to_string(&mut more).unwrap();
        assert_eq!((&word, &*more), (b"asked", ""));
    }
}
