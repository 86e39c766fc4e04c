//! Names of CSRs: in a CSR's number, out the name that a disassembler prints, or the number in hex.
//!
//! There are two lists, since each has CSRs that the other lacks. GNU binutils 2.40 knows those of
//! The RISC-V Instruction Set Manual, Volume II ("CSR Listing"), of External Debug Support, and of
//! some extensions (V, Zkr, Sstc, Sscofpmf, Smstateen, Smaia). Ibex's tracer knows those of older
//! drafts, and its own.

use super::line::Line;

/// CSRs with an index in their name: the first and the last CSR, what stands before the index, the
/// index of the first, what stands after it.
type Family = (u16, u16, &'static str, u16, &'static str);

/// The performance counters, which both lists have.
const COUNTERS: [Family; 5] = [
    (0x323, 0x33f, "mhpmevent", 3, ""),
    (0xb03, 0xb1f, "mhpmcounter", 3, ""),
    (0xb83, 0xb9f, "mhpmcounter", 3, "h"),
    (0xc03, 0xc1f, "hpmcounter", 3, ""),
    (0xc83, 0xc9f, "hpmcounter", 3, "h"),
];

const OBJDUMP: [Family; 8] = [
    (0x10c, 0x10f, "sstateen", 0, ""),
    (0x30c, 0x30f, "mstateen", 0, ""),
    (0x31c, 0x31f, "mstateen", 0, "h"),
    (0x3a0, 0x3af, "pmpcfg", 0, ""),
    (0x3b0, 0x3ef, "pmpaddr", 0, ""),
    (0x60c, 0x60f, "hstateen", 0, ""),
    (0x61c, 0x61f, "hstateen", 0, "h"),
    (0x723, 0x73f, "mhpmevent", 3, "h"),
];

const IBEX: [Family; 2] = [(0x3a0, 0x3a3, "pmpcfg", 0, ""), (0x3b0, 0x3bf, "pmpaddr", 0, "")];

/// Appends what objdump prints for a CSR.
pub(super) fn push_as_objdump(number: u16, line: &mut Line) {
    match common(number).or_else(|| objdump_only(number)) {
        Some(name) => line.push(name),
        None => push_numbered(&OBJDUMP, number, 1, line),
    }
}

/// Appends what Ibex's tracer prints for a CSR. Where it has no name, the number has three digits.
pub(super) fn push_as_ibex(number: u16, line: &mut Line) {
    match common(number).or_else(|| ibex_only(number)) {
        Some(name) => line.push(name),
        None => push_numbered(&IBEX, number, 3, line),
    }
}

/// Appends the name of a CSR of these families or of the counters, or else its number with at least
/// `width` digits.
fn push_numbered(families: &[Family], number: u16, width: usize, line: &mut Line) {
    let mut families = COUNTERS.iter().chain(families);
    match families.find(|(first, last, ..)| (*first..=*last).contains(&number)) {
        Some((first, _, name, first_index, suffix)) => {
            line.push(name);
            line.push_decimal((number - first + first_index).into());
            line.push(suffix);
        }
        None => {
            line.push("0x");
            line.push_hex(number.into(), width);
        }
    }
}

/// CSRs which both lists have under the same name.
#[rustfmt::skip]
fn common(number: u16) -> Option<&'static str> {
    Some(match number {
        0x001 => "fflags", 0x002 => "frm", 0x003 => "fcsr",
        0x100 => "sstatus", 0x104 => "sie", 0x105 => "stvec", 0x106 => "scounteren",
        0x140 => "sscratch", 0x141 => "sepc", 0x142 => "scause", 0x143 => "stval", 0x144 => "sip",
        0x180 => "satp",
        0x300 => "mstatus", 0x301 => "misa", 0x302 => "medeleg", 0x303 => "mideleg",
        0x304 => "mie", 0x305 => "mtvec", 0x306 => "mcounteren", 0x320 => "mcountinhibit",
        0x340 => "mscratch", 0x341 => "mepc", 0x342 => "mcause", 0x343 => "mtval", 0x344 => "mip",
        0x7a0 => "tselect", 0x7a1 => "tdata1", 0x7a2 => "tdata2", 0x7a3 => "tdata3",
        0x7b0 => "dcsr", 0x7b1 => "dpc",
        0xb00 => "mcycle", 0xb02 => "minstret", 0xb80 => "mcycleh", 0xb82 => "minstreth",
        0xc00 => "cycle", 0xc01 => "time", 0xc02 => "instret",
        0xc80 => "cycleh", 0xc81 => "timeh", 0xc82 => "instreth",
        0xf11 => "mvendorid", 0xf12 => "marchid", 0xf13 => "mimpid", 0xf14 => "mhartid",
        _ => return None,
    })
}

#[rustfmt::skip]
fn objdump_only(number: u16) -> Option<&'static str> {
    Some(match number {
        0x008 => "vstart", 0x009 => "vxsat", 0x00a => "vxrm", 0x00f => "vcsr", 0x015 => "seed",
        0x10a => "senvcfg", 0x114 => "sieh", 0x14d => "stimecmp", 0x150 => "siselect",
        0x151 => "sireg", 0x154 => "siph", 0x15c => "stopei", 0x15d => "stimecmph",
        0x200 => "vsstatus", 0x204 => "vsie", 0x205 => "vstvec", 0x214 => "vsieh",
        0x240 => "vsscratch", 0x241 => "vsepc", 0x242 => "vscause", 0x243 => "vstval",
        0x244 => "vsip", 0x24d => "vstimecmp", 0x250 => "vsiselect", 0x251 => "vsireg",
        0x254 => "vsiph", 0x25c => "vstopei", 0x25d => "vstimecmph", 0x280 => "vsatp",
        0x308 => "mvien", 0x309 => "mvip", 0x30a => "menvcfg", 0x310 => "mstatush",
        0x313 => "midelegh", 0x314 => "mieh", 0x318 => "mvienh", 0x319 => "mviph",
        0x31a => "menvcfgh", 0x34a => "mtinst", 0x34b => "mtval2", 0x350 => "miselect",
        0x351 => "mireg", 0x354 => "miph", 0x35c => "mtopei", 0x5a8 => "scontext",
        0x600 => "hstatus", 0x602 => "hedeleg", 0x603 => "hideleg", 0x604 => "hie",
        0x605 => "htimedelta", 0x606 => "hcounteren", 0x607 => "hgeie", 0x608 => "hvien",
        0x609 => "hvictl", 0x60a => "henvcfg", 0x613 => "hidelegh", 0x615 => "htimedeltah",
        0x618 => "hvienh", 0x61a => "henvcfgh", 0x643 => "htval", 0x644 => "hip", 0x645 => "hvip",
        0x646 => "hviprio1", 0x647 => "hviprio2", 0x64a => "htinst", 0x655 => "hviph",
        0x656 => "hviprio1h", 0x657 => "hviprio2h", 0x680 => "hgatp", 0x6a8 => "hcontext",
        0x747 => "mseccfg", 0x757 => "mseccfgh", 0x7a4 => "tinfo", 0x7a5 => "tcontrol",
        0x7a8 => "mcontext", 0x7aa => "mscontext", 0x7b2 => "dscratch0", 0x7b3 => "dscratch1",
        0xc20 => "vl", 0xc21 => "vtype", 0xc22 => "vlenb", 0xda0 => "scountovf", 0xdb0 => "stopi",
        0xe12 => "hgeip", 0xeb0 => "vstopi", 0xf15 => "mconfigptr", 0xfb0 => "mtopi",
        _ => return None,
    })
}

#[rustfmt::skip]
fn ibex_only(number: u16) -> Option<&'static str> {
    Some(match number {
        0x000 => "ustatus", 0x004 => "uie", 0x005 => "utvec", 0x040 => "uscratch",
        0x041 => "uepc", 0x042 => "ucause", 0x043 => "utval", 0x044 => "uip",
        0x102 => "sedeleg", 0x103 => "sideleg",
        0x200 => "hstatus", 0x202 => "hedeleg", 0x203 => "hideleg", 0x204 => "hie",
        0x205 => "htvec", 0x240 => "hscratch", 0x241 => "hepc", 0x242 => "hcause",
        0x243 => "hbadaddr", 0x244 => "hip",
        0x380 => "mbase", 0x381 => "mbound", 0x382 => "mibase", 0x383 => "mibound",
        0x384 => "mdbase", 0x385 => "mdbound", 0x7b2 => "dscratch",
        0xbc1 => "mshwm", 0xbc2 => "mshwmb", 0xbc4 => "cdbgctrl",
        _ => return None,
    })
}
