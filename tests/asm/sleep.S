// While the core sleeps in WFI its clock stands still: mcycle and minstret stop, mtime goes on (core, "Interrupts").
#include "check.h"

main:
    csrci mstatus, MSTATUS_MIE
    li a0, CLINT_MTIME
    li a1, CLINT_MTIMECMP
    li a2, MTI
    csrw mie, a2
    sw zero, 4(a1)
    lw a3, 0(a0)
    li a2, 10000
    add a2, a2, a3
    sw a2, 0(a1)
    csrr a4, mcycle
    csrr a5, minstret
    wfi
    csrr s0, minstret
    csrr s1, mcycle
    lw s2, 0(a0)
    // mtime has passed mtimecmp, within the few cycles of waking up.
    sub s2, s2, a2
    sltiu s3, s2, 100
    EQUAL(s3, 1)
    // mcycle has not: 10,000 ticks of mtime cost less than 30 cycles awake (191 real cycles cost 9 on the RTL).
    sub s1, s1, a4
    sltiu s3, s1, 30
    EQUAL(s3, 1)
    sub s0, s0, a5
    EQUAL(s0, 2)                                // the CSRR and the WFI

    // Awake, mtime and mcycle go on together.
    lw a3, 0(a0)
    csrr a4, mcycle
    li a2, 1000
1:  addi a2, a2, -1
    bnez a2, 1b
    lw s0, 0(a0)
    csrr s1, mcycle
    sub s0, s0, a3
    sub s1, s1, a4
    SAME(s0, s1)
    PASS()
