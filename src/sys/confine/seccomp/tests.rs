//! The filter's program, run by hand: for calls that a test had better not make, and for kernels that have no such call.

use super::*;

const PROCESSOR: u32 = 7;

/// What the program answers to a call.
fn run(program: &[libc::sock_filter], processor: u32, number: u32, arguments: [u64; 6]) -> u32 {
    let mut data = number.to_le_bytes().to_vec();
    data.extend(processor.to_le_bytes());
    data.extend([0; 8]);
    data.extend(arguments.iter().flat_map(|argument| argument.to_le_bytes()));
    let (mut at, mut held) = (0, 0);
    loop {
        let step = program[at];
        at += 1;
        match step.code {
            LOAD => {
                let offset = usize::try_from(step.k).unwrap();
                held = u32::from_le_bytes(data[offset..offset + 4].try_into().unwrap());
            }
            JUMP_IF_EQUAL => at += usize::from(if held == step.k { step.jt } else { step.jf }),
            JUMP_IF_ANY_BIT => at += usize::from(if held & step.k != 0 { step.jt } else { step.jf }),
            RETURN => return step.k,
            other => panic!("{other:#x}"),
        }
    }
}

#[test]
fn only_the_calls_of_the_table_are_made() {
    let answers = |writes, loads, call: libc::c_long, arguments| {
        run(&compile(PROCESSOR, &rules(writes, loads)), PROCESSOR, u32::try_from(call).unwrap(), arguments) == ALLOW
    };
    let at = |index: usize, value: u64| {
        let mut arguments = [0; 6];
        arguments[index] = value;
        arguments
    };
    let none = [0; 6];
    let rows = [
        (libc::SYS_read, none, true, true),
        (libc::SYS_kexec_file_load, none, false, true),
        (libc::SYS_kexec_load, none, false, true),
        (libc::SYS_renameat2, none, false, true),
        (libc::SYS_openat, none, true, true),
        (libc::SYS_openat, at(2, 1), false, true),
        (libc::SYS_openat, at(2, 2), false, true),
        (libc::SYS_openat, at(2, 0o100), false, true),
        (libc::SYS_openat, at(2, 0o1000), false, true),
        (libc::SYS_mmap, at(2, 3), true, true),
        (libc::SYS_mmap, at(2, 5), false, false),
        (libc::SYS_mprotect, at(2, 7), false, false),
        (libc::SYS_clone, at(0, 0x3d_0f00), true, true),
        (libc::SYS_clone, at(0, 17), false, false),
        (libc::SYS_clone3, none, false, false),
        (libc::SYS_ioctl, at(1, 0x5401), true, true),
        // TIOCSTI, which types for the user of a terminal.
        (libc::SYS_ioctl, at(1, 0x5412), false, false),
        (libc::SYS_prctl, at(0, 4), true, true),
        (libc::SYS_prctl, at(0, 22), false, false),
        (libc::SYS_prlimit64, none, true, true),
        (libc::SYS_prlimit64, at(0, 1), false, false),
        (libc::SYS_sendto, none, true, true),
        (libc::SYS_sendto, at(4, 0x1000), false, false),
        (libc::SYS_sendto, at(4, 1 << 32), false, false),
        (libc::SYS_socket, none, false, false),
        (libc::SYS_connect, none, false, false),
        (libc::SYS_execve, none, false, false),
        (libc::SYS_execveat, none, false, false),
        (libc::SYS_kill, none, false, false),
        (libc::SYS_reboot, none, false, false),
        (libc::SYS_init_module, none, false, false),
        (libc::SYS_io_uring_setup, none, false, false),
        (libc::SYS_process_vm_writev, none, false, false),
    ];
    for (call, arguments, looking, changing) in rows {
        assert_eq!(answers(false, false, call, arguments), looking, "{call} {arguments:?}");
        assert_eq!(answers(true, true, call, arguments), changing, "{call} {arguments:?}");
    }
}

#[test]
fn another_processors_calls_end_the_process() {
    let program = compile(PROCESSOR, &rules(true, true));
    assert_eq!(run(&program, PROCESSOR + 1, 0, [0; 6]), KILL);
    // The calls of x32 have a bit of their own.
    assert_eq!(run(&program, PROCESSOR, 0x4000_0000, [0; 6]), NO_SUCH_CALL);
    assert!(program.len() < 256, "{}", program.len());
}
