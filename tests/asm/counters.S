// mcycle and minstret, 64 bits wide, writable, inhibitable (P 3.1.10, 3.1.12; I 10.1).
#include "check.h"

// QEMU 7.2 derives both from time, so that only what does not depend on exact counts is for it.

main:
    // They count.
    csrr a0, mcycle
    csrr a1, minstret
    li a2, 1000
1:  addi a2, a2, -1
    bnez a2, 1b
    csrr a3, mcycle
    csrr a4, minstret
    sub a3, a3, a0
    sub a4, a4, a1
#ifndef QEMU
    // minstret: one for each instruction from the first read (inclusive) to the second: csrr a1, li, 2 * 1000, csrr a3.
    EQUAL(a4, 2003)
    // No core executes more than one instruction a cycle.
    sltu a0, a3, a4
    EQUAL(a0, 0)
#endif
    sltiu a0, a3, 1
    EQUAL(a0, 0)

    // A write is done instead of the increment: the next instruction reads the value itself (I 9.1).
    csrw minstret, zero
    csrr a0, minstret
    csrr a1, minstret
    nop
    csrr a2, minstret
#ifndef QEMU
    EQUAL(a0, 0)
    EQUAL(a1, 1)
    EQUAL(a2, 3)
#endif
    // The same for mcycle where a CSR instruction takes one cycle (core: cve2 exactly, Ibex 2 more for its flush).
    csrw mcycle, zero
    csrr a0, mcycle
    csrr a1, mcycle
#if defined(CVE2)
    EQUAL(a0, 0)
    EQUAL(a1, 1)
#elif defined(IBEX)
    EQUAL(a0, 2)
    EQUAL(a1, 3)
#elif defined(GENERIC)
    sltiu a0, a0, 100
    EQUAL(a0, 1)
#endif

    // Each half is written by itself, and the low half carries into the high one.
    csrw minstreth, zero
    li a0, -2
    csrw minstret, a0                           // -2 is what the next instruction reads
    csrr a1, minstret
    csrr a2, minstret
    csrr a3, minstret
    csrr a4, minstreth
#ifndef QEMU
    EQUAL(a1, -2)
    EQUAL(a2, -1)
    EQUAL(a3, 0)
    EQUAL(a4, 1)
#endif
    csrw mcycleh, zero
    li a0, -2
    csrw mcycle, a0
    nop
    nop
    nop
    nop
    csrr a1, mcycleh
    csrr a2, mcycle
#ifndef QEMU
    EQUAL(a1, 1)
    sltiu a2, a2, 100
    EQUAL(a2, 1)
#endif

    // Inhibited, they stand still and keep all 64 bits that are written (P 3.1.12).
    csrwi mcountinhibit, 5
    csrr a0, mcountinhibit
    andi a0, a0, 7
    EQUAL(a0, 5)                                // bit 1 would be time's: read-only zero
    .macro check_64 line, counter, high, low
    begin_check \line
    li a0, \low
    li a1, \high
    csrw \counter, a0
    csrw \counter\()h, a1
    nop
    nop
    csrr a2, \counter
    csrr a3, \counter\()h
    bne a2, a0, fail
    bne a3, a1, fail
    end_check
    .endm
#define HOLDS(counter, high, low) check_64 __LINE__, counter, high, low
    HOLDS(mcycle, 0, 0)
    HOLDS(mcycle, 0x89abcdef, 0x01234567)
    HOLDS(mcycle, -1, -1)
    HOLDS(minstret, 0, 0)
    HOLDS(minstret, 0x89abcdef, 0x01234567)
    HOLDS(minstret, -1, -1)
    HOLDS(minstret, 0x80000000, 0)
    // One at a time.
    csrwi mcountinhibit, 1
    csrr a0, mcycle
    csrr a1, minstret
    csrr a2, minstret
    csrr a3, mcycle
#ifndef QEMU
    SAME(a0, a3)
    addi a1, a1, 1
    SAME(a1, a2)
#endif
    csrwi mcountinhibit, 4
    csrr a0, minstret
    csrr a1, mcycle
    nop
    csrr a2, mcycle
    csrr a3, minstret
#ifndef QEMU
    SAME(a0, a3)
    sltu a1, a1, a2
    EQUAL(a1, 1)
#endif
    csrwi mcountinhibit, 0
    csrr a0, mcountinhibit
    andi a0, a0, 7
    EQUAL(a0, 0)

#ifndef QEMU
    // What traps does not retire: ECALL, EBREAK, illegal instructions, faults (P 3.3.1; core). The handler's own
    // instructions do: they are 16 from the vector to MRET when it returns to s11, and the CSRR after it reads before
    // its own increment.
    .macro check_not_counted line, insn:vararg
    begin_check \line
    li a0, NOWHERE
    la s11, 79f
    csrw minstret, zero
    \insn
    j fail
79: csrr a1, minstret
    li t6, 16
    bne a1, t6, fail
    end_check
    .endm
    check_not_counted __LINE__, ecall
    check_not_counted __LINE__, ebreak
    check_not_counted __LINE__, .4byte 0xffffffff
    check_not_counted __LINE__, .hword 0, 0
    check_not_counted __LINE__, lw a1, 0(a0)
    check_not_counted __LINE__, sw a1, 0(a0)
    check_not_counted __LINE__, csrw mvendorid, a0

    // Compressed instructions, taken branches, jumps, fences, divisions count one each.
    csrw minstret, zero
    .option rvc
    c.nop
    c.nop
    .option norvc
    j 1f
1:  beq x0, x0, 1f
1:  bne x0, x0, 1f
1:  fence
    fence.i
    div a0, a0, a0
    mul a0, a0, a0
    lw a0, tohost
    csrr a1, minstret
    EQUAL(a1, 11)                               // LW of a symbol is AUIPC and LW
#endif

    // The other counters exist, and may be zero (P 3.1.10); so may their events.
    csrr a0, mhpmcounter3
    csrr a0, mhpmcounter3h
    csrr a0, mhpmevent3
    HERE()
#ifndef QEMU                                    // whose last is mhpmcounter18
    csrr a0, mhpmcounter31
    csrr a0, mhpmcounter31h
    csrr a0, mhpmevent31
    HERE()
#endif
    PASS()
