// ECALL, EBREAK, C.EBREAK from M-mode; what a trap does to mstatus; MRET (P 3.1.6.1, 3.3).
#include "check.h"

main:
    // mtval of a breakpoint may be its address or zero (P 3.1.16); cve2 and Ibex write zero (core), and so does QEMU;
    // the generic core's checks expect the address instead (check.h).
    TRAPS(ECALL_M, 0, ecall)
    TRAPS(BREAKPOINT, 0, ebreak)
    .option rvc
    TRAPS(BREAKPOINT, 0, c.ebreak)
    .balign 4
    c.nop
    TRAPS(BREAKPOINT, 0, c.ebreak)         // at 2 mod 4 or not, depending on what is before: both are tried
    c.nop
    TRAPS(BREAKPOINT, 0, c.ebreak)
    c.nop
    TRAPS(ECALL_M, 0, ecall)
    .balign 4
    .option norvc

    // The trap stacks MIE: MPIE = MIE, MIE = 0, MPP = M.
    li a0, MSTATUS_MIE
    csrs mstatus, a0
    TRAPS(ECALL_M, 0, ecall)
    li a1, MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE
    and a2, s7, a1
    EQUAL(a2, MSTATUS_MPP|MSTATUS_MPIE)
    // MRET has unstacked: MIE = MPIE, MPIE = 1, MPP = the least privileged mode, U.
    csrr a2, mstatus
    and a2, a2, a1
    EQUAL(a2, MSTATUS_MPIE|MSTATUS_MIE)
    li a0, MSTATUS_MIE|MSTATUS_MPIE
    csrc mstatus, a0
    TRAPS(ECALL_M, 0, ecall)
    and a2, s7, a1
    EQUAL(a2, MSTATUS_MPP)                      // MPIE = the old MIE = 0, though MPIE was 0 too
    csrr a2, mstatus
    and a2, a2, a1
    EQUAL(a2, MSTATUS_MPIE)
    TRAPS(ECALL_M, 0, ecall)
    and a2, s7, a1
    EQUAL(a2, MSTATUS_MPP)                      // the same, and MPIE was 1
    // In the handler nothing else changes: mscratch and the rest of mstatus keep their values.
    li a0, 0x2468ace0
    csrw mscratch, a0
    TRAPS(ECALL_M, 0, ecall)
    csrr a1, mscratch
    EQUAL(a1, 0x2468ace0)

    // MRET by itself, to the next instruction but one: MIE = MPIE, MPIE = 1, MPP = U; MPP = M keeps MPRV (P 3.1.6.3).
    .macro check_mret line, before, after
    begin_check \line
    li a0, MSTATUS_MPRV|MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE
    csrc mstatus, a0
    li a1, \before
    csrs mstatus, a1
    la a2, 79f
    csrw mepc, a2
    mret
    j fail
79: csrr a2, mstatus
    csrc mstatus, a0
    and a2, a2, a0
    li t6, \after
    bne a2, t6, fail
    end_check
    .endm
#define MRET(before, after) check_mret __LINE__, before, after
    MRET(MSTATUS_MPP, MSTATUS_MPIE)
    MRET(MSTATUS_MPP|MSTATUS_MPIE, MSTATUS_MPIE|MSTATUS_MIE)
    MRET(MSTATUS_MPP|MSTATUS_MIE, MSTATUS_MPIE)
    MRET(MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE, MSTATUS_MPIE|MSTATUS_MIE)

    // With MPRV and MPP = M loads and stores are M-mode's; MRET to M keeps MPRV, MRET to U clears it.
    li a0, MSTATUS_MPRV|MSTATUS_MPP
    csrs mstatus, a0
    la a1, word
    lw a2, 0(a1)
    EQUAL(a2, 0x600dda7a)
    la a2, 1f
    csrw mepc, a2
    mret
1:  csrr a2, mstatus
    li a0, MSTATUS_MPRV
    and a2, a2, a0
    EQUAL(a2, MSTATUS_MPRV)
    enter_user
    lw a2, 0(a1)
    EQUAL(a2, 0x600dda7a)
    enter_machine
    csrr a2, mstatus
    li a0, MSTATUS_MPRV
    csrc mstatus, a0
#ifndef QEMU                                    // QEMU 7.2 keeps MPRV, as the manual said before 2021
    and a2, a2, a0
    EQUAL(a2, 0)
#endif

    // mepc: bit 0 is always 0 (P 3.1.14); a return to 2 mod 4 works.
    .option rvc
    la a0, 1f
#ifndef QEMU                                    // QEMU 7.2 keeps bit 0, and would go on at an odd address
    addi a0, a0, 1
#endif
    li a1, MSTATUS_MPP
    csrs mstatus, a1
    csrw mepc, a0
    csrr a0, mepc
    mret
    .balign 4
    c.nop
1:  HERE()
    .balign 4
    .option norvc
    ADDRESS(a0, 1b)

    // A trap in a trap handler (of a trap's own handler, that is): mepc, mcause and mstatus are overwritten.
    csrw mcause, zero
    la s11, 1f
    ecall
    j fail
1:  EQUAL(s8, ECALL_M)
    EQUAL(s5, 12)                               // that many traps so far
    PASS()

    .data
    .balign 4
word:
    .word 0x600dda7a
