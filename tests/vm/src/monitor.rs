//! QEMU's monitor: the part that is needed to plug in a processor or memory.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::deadline::Patience;

const PROMPT: &str = "(qemu) ";
const PATIENCE: Duration = Duration::from_secs(20);

/// Plugs in the processor of the last socket.
pub(crate) fn plug_processor(socket: &Path, model: &str, socket_id: u32) -> Result<()> {
    let device = format!("device_add {model}-x86_64-cpu,id=spare,socket-id={socket_id},core-id=0,thread-id=0");
    tell(socket, &[device])
}

/// Plugs in a module of memory.
pub(crate) fn plug_memory(socket: &Path, mib: u64) -> Result<()> {
    let memory = format!("object_add memory-backend-ram,id=spare-memory,size={mib}M");
    tell(socket, &[memory, "device_add pc-dimm,id=spare-module,memdev=spare-memory".to_owned()])
}

fn tell(socket: &Path, commands: &[String]) -> Result<()> {
    let mut stream = UnixStream::connect(socket).with_context(|| socket.display().to_string())?;
    stream.set_read_timeout(Some(Patience::from_environment()?.with(PATIENCE)))?;
    until_prompt(&mut stream)?;
    for command in commands {
        stream.write_all(format!("{command}\n").as_bytes())?;
        let answer = until_prompt(&mut stream)?;
        ensure!(!answer.contains("Error"), "{command}: {answer}");
    }
    Ok(())
}

/// The answer, with the echo of the command.
fn until_prompt(stream: &mut UnixStream) -> Result<String> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(PROMPT.as_bytes()) {
        stream.read_exact(&mut byte).context("QEMU's monitor")?;
        text.extend(byte);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}
