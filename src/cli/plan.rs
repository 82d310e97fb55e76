//! The plan of a dry run, for people.

use super::output::Output;
use crate::arch::Summary;
use crate::load::{Plan, Request};
use crate::report::Report;

/// Prints what would be handed to the kernel, and to which addresses; or what was to be, after a load that was made or refused.
pub(super) fn tell(request: &Request, plan: &Plan, report: &Report, output: &mut Output<'_>) -> anyhow::Result<()> {
    let call = if plan.entry.is_some() { "kexec_load" } else { "kexec_file_load" };
    let would = match report.refusal() {
        _ if !request.dry_run => format!("the plan for {call}"),
        None => format!("would be loaded by {call}"),
        Some(_) => format!("the plan for {call}; the load would be refused, see below"),
    };
    output.fact(&format!("{}: {would}", report.path().display()))?;
    if let Some(id) = &request.entry {
        output.row("from", &format!("the boot entry {id}"))?;
    }
    output.row("method", &format!("{}: {}", plan.method, plan.why))?;
    if let Some((layout, why)) = plan.layout.zip(plan.layout_why.as_deref()) {
        output.row("layout", &format!("{layout}: {why}"))?;
    }
    output.row("kernel", &format!("{} bytes, init_size {} bytes", plan.kernel_bytes, plan.init_size))?;
    for initrd in &plan.initrds {
        output.row("initrd", initrd)?;
    }
    for path in &plan.injected {
        output.row("injected", path)?;
    }
    if plan.initrds.is_empty() && plan.injected.is_empty() {
        let stale =
            "none; an empty one is handed over, because UEFI's tables may still name the initrd of the first boot";
        output.row("initrd", if plan.initrd_bytes == 0 { "none" } else { stale })?;
    } else {
        output.row("", &format!("{} bytes in all", plan.initrd_bytes))?;
    }
    output.row("cmdline", &plan.cmdline)?;
    if plan.entry.is_none() {
        let flags = if plan.flags.is_empty() { "none".to_owned() } else { plan.flags.join(" | ") };
        output.row("flags", &flags)?;
    }
    let limit = plan.memory_limit.map(|limit| format!(" of at most {} MiB", limit >> 20)).unwrap_or_default();
    output.row("memory", &format!("{} MiB{limit}", plan.memory_bytes.div_ceil(1 << 20)))?;
    output.row("basis", plan.basis)?;
    for (key, value) in report.signer_lines(output.verbose()) {
        output.row(key, &value)?;
    }
    segments(plan, output)
}

fn segments(plan: &Plan, output: &mut Output<'_>) -> anyhow::Result<()> {
    let Some(entry) = plan.entry else { return Ok(()) };
    output.row("entry", &format!("{entry}, in the purgatory"))?;
    for (label, value) in plan.summary.iter().flat_map(Summary::lines) {
        output.row(label, &value)?;
    }
    output.fact("")?;
    // The digests stand on lines of their own: a terminal of 80 columns must not break them.
    output.fact("  segment       address       file bytes    memory bytes")?;
    for segment in &plan.segments {
        let (name, addr) = (&segment.name, segment.addr.to_string());
        output.fact(&format!("  {name:<12} {addr:>12} {:>13} {:>15}", segment.bufsz, segment.memsz))?;
        if let Some(sha256) = &segment.sha256 {
            output.fact(&format!("    SHA-256 {sha256}"))?;
        }
    }
    output.fact("")?;
    for line in &plan.drawing {
        output.fact(line)?;
    }
    Ok(())
}
