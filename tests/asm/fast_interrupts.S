// The interrupt lines of cve2 and Ibex: 16 and 15 fast ones, external, software, timer; their order (core, "Interrupts").
// Needs the device of irq-lines.toml: a word at 0x40000000 drives the lines, bits as in mip.
#include "check.h"

.equ LINES, 0x40000000
#if defined(CVE2)
.equ ALL, 0xffff0888
.equ LAST, 31
#else
.equ ALL, 0x7fff0888
.equ LAST, 30
#endif

.macro check_interrupt line, id, at
    begin_check \line
    li t6, 0x80000000+\id
    bne s8, t6, fail
    la t6, \at
    bne s9, t6, fail
    bnez s10, fail                              // mtval
    la t6, trap_vectors+4*\id+4
    bne s6, t6, fail
    end_check
.endm
#define INTERRUPT(id, at) check_interrupt __LINE__, id, at

// The interrupt `id` alone: shown in mip, not taken without mie or MIE, taken before the instruction behind the one that
// enables it, and behind the store that raises it.
.macro check_line line, id
    csrci mstatus, MSTATUS_MIE
    csrw mie, zero
    li a1, 1<<\id
    sw a1, 0(a0)
    csrr a2, mip
    check_registers \line, a1, a2
    csrsi mstatus, MSTATUS_MIE                  // mie = 0
    nop
    csrw mip, zero                              // writes of mip are ignored
    csrr a2, mip
    check_registers \line, a1, a2
    la s11, 82f
    csrw mie, a1
81: j fail
82: check_interrupt \line, \id, 81b
    sw zero, 0(a0)
    csrr a2, mip
    check_registers \line, a2, x0
    csrw mie, a1
    la s11, 82f
    sw a1, 0(a0)
81: j fail
82: check_interrupt \line, \id, 81b
    sw zero, 0(a0)
.endm
#define LINE(id) check_line __LINE__, id

main:
    li a0, LINES
    li a1, -1
    sw a1, 0(a0)
    csrr a2, mip
    EQUAL(a2, ALL)
    sw zero, 0(a0)
    csrr a2, mip
    EQUAL(a2, 0)
    LINE(3)
    LINE(7)
    LINE(11)
    LINE(16)
    LINE(17)
    LINE(23)
    LINE(29)
    LINE(30)
#if defined(CVE2)
    LINE(31)
#endif

    // All at once: each is enabled until it has been taken. Fast ones first, lowest first; then 11, 3, 7.
    csrci mstatus, MSTATUS_MIE
    li a1, -1
    sw a1, 0(a0)
    li a3, ALL
    .irp id, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 11, 3, 7
    .if \id<=LAST
    csrci mstatus, MSTATUS_MIE
    csrw mie, a3
    la s11, 2f
    csrsi mstatus, MSTATUS_MIE
1:  j fail
2:  check_interrupt __LINE__, \id, 1b
    li a1, 1<<\id
    not a1, a1
    and a3, a3, a1
    .endif
    .endr
    EQUAL(a3, 0)
    sw zero, 0(a0)

    // A line that falls before MIE is set is not taken.
    csrci mstatus, MSTATUS_MIE
    li a1, 0x10000
    csrw mie, a1
    sw a1, 0(a0)
    sw zero, 0(a0)
    mv a2, s5
    csrsi mstatus, MSTATUS_MIE
    nop
    nop
    SAME(a2, s5)

    // An interrupt comes before a division that follows the store, which is executed afterwards.
    la s11, 2f
    li a1, 0x10000
    li a2, 0x77
    sw a1, 0(a0)
1:  div a2, a1, a1
    j fail
2:  INTERRUPT(16, 1b)
    EQUAL(a2, 0x77)
    // A taken branch behind the store: mepc is the branch.
    csrw mie, zero
    sw zero, 0(a0)
    csrw mie, a1
    la s11, 2f
    sw a1, 0(a0)
1:  beq x0, x0, 3f
3:  j fail
2:  INTERRUPT(16, 1b)

    // WFI: a pending line that is in mie wakes without MIE.
    csrci mstatus, MSTATUS_MIE
    li a1, 0x10000
    sw a1, 0(a0)
    csrw mie, a1
    mv a2, s5
    wfi
    SAME(a2, s5)
    sw zero, 0(a0)
    PASS()
