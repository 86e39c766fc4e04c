// The software interrupt, priorities, and interrupts in U-mode (P 3.1.6.1, 3.1.9).
#include "check.h"

// The last trap was this interrupt, at address `at`, with these MPP, MPIE and MIE in the handler.
.macro check_interrupt line, id, at, status
    begin_check \line
    li t6, 0x80000000+\id
    bne s8, t6, fail
    la t6, \at
    bne s9, t6, fail
    bnez s10, fail
    la t6, trap_vectors+4*\id+4
    bne s6, t6, fail
    li t6, MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE
    and t6, t6, s7
    li t5, \status
    bne t5, t6, fail
    end_check
.endm
#define INTERRUPT(id, at, status) check_interrupt __LINE__, id, at, status

// No timer interrupt, or at once; software interrupt on or off.
.macro lines timer, software
    li t5, CLINT_MTIMECMP
    li t6, \timer-1
    sw t6, 4(t5)
    sw t6, 0(t5)
    li t5, CLINT_MSIP
    li t6, \software
    sw t6, 0(t5)
.endm

main:
    // Only for waking: mtime starts anywhere below 2^32. mtimecmp = 0 is "now", 2^64 - 1 is "never".
    lines 0, 0
    csrr a0, mip
    EQUAL(a0, 0)
    // mip.MSIP follows the register of the CLINT, whose other bits are zero, and cannot be written through mip.
    lines 0, 1
    csrr a0, mip
    EQUAL(a0, MSI)
    csrw mip, zero
    csrr a0, mip
    EQUAL(a0, MSI)
    li a1, CLINT_MSIP
    lw a0, 0(a1)
    EQUAL(a0, 1)
    lines 0, -2
    lw a0, 0(a1)
    EQUAL(a0, 0)
    csrr a0, mip
    EQUAL(a0, 0)
    li a0, MSI
    csrs mip, a0
    csrr a0, mip
    EQUAL(a0, 0)
    lines 0, -1
    lw a0, 0(a1)
    EQUAL(a0, 1)
    lines 1, 1
    csrr a0, mip
    EQUAL(a0, MSI|MTI)
    // mip shows what is pending, whether mie enables it or not, in any case with mie = 0.
    csrr a0, mie
    EQUAL(a0, 0)

    // mie: each of the three can be set and cleared (P 3.1.9).
    .irp bit, MSI, MTI, MEI
    li a0, \bit
    csrw mie, a0
    csrr a1, mie
    check_registers __LINE__, a0, a1
    .endr
    csrw mie, zero
    li a0, -1
    csrw mie, a0
    csrr a0, mie
    li a1, 0xffff
    and a0, a0, a1
#ifndef QEMU                                    // which has an overflow interrupt of counters, 13
    EQUAL(a0, MSI|MTI|MEI)                      // neither S- nor U-mode interrupts
#endif
    csrw mie, zero

    // Taken when the CLINT's register is written: within a bounded time; the trap is precise.
    lines 0, 0
    li s11, RETURN_TO_MEPC
    li a0, MSI
    csrw mie, a0
    csrsi mstatus, MSTATUS_MIE
    li a2, CLINT_MSIP
    li a1, 1
    sw a1, 0(a2)
    .rept 16
    nop
    .endr
1:  beqz s5, 1b
    EQUAL(s5, 1)
    EQUAL(s8, SOFTWARE_INTERRUPT)
    li a0, MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE
    and a0, a0, s7
    EQUAL(a0, MSTATUS_MPP|MSTATUS_MPIE)
    // A line that has fallen again is not taken (level, not edge; P 3.1.9).
    csrci mstatus, MSTATUS_MIE
    lines 0, 1
    lines 0, 0
    csrwi mie, MSI
    csrsi mstatus, MSTATUS_MIE
    nop
    nop
    EQUAL(s5, 1)

    // Priority: MEI, MSI, MTI (P 3.1.9). With software and timer both: software first, then timer.
    csrci mstatus, MSTATUS_MIE
    lines 1, 1
    li a0, MSI|MTI
    csrw mie, a0
    la s11, 2f
    csrsi mstatus, MSTATUS_MIE
1:  j fail
2:  INTERRUPT(3, 1b, MSTATUS_MPP|MSTATUS_MPIE)
    lines 1, 0
    csrci mstatus, MSTATUS_MIE
    csrw mie, a0
    la s11, 2f
    csrsi mstatus, MSTATUS_MIE
1:  j fail
2:  INTERRUPT(7, 1b, MSTATUS_MPP|MSTATUS_MPIE)
    // mie chooses: both pending, only the timer's enabled.
    lines 1, 1
    csrci mstatus, MSTATUS_MIE
    li a0, MTI
    csrw mie, a0
    la s11, 2f
    csrsi mstatus, MSTATUS_MIE
1:  j fail
2:  INTERRUPT(7, 1b, MSTATUS_MPP|MSTATUS_MPIE)

    // An interrupt is taken before the instruction that would raise an exception (P 3.1.9: interrupts at the next
    // instruction boundary; the exception has not happened yet).
    csrci mstatus, MSTATUS_MIE
    csrwi mie, MSI
    la s11, 2f
    csrsi mstatus, MSTATUS_MIE
1:  ecall
    j fail
2:  INTERRUPT(3, 1b, MSTATUS_MPP|MSTATUS_MPIE)
    csrci mstatus, MSTATUS_MIE
    csrwi mie, MSI
    la s11, 2f
    csrsi mstatus, MSTATUS_MIE
1:  .4byte 0xffffffff
    j fail
2:  INTERRUPT(3, 1b, MSTATUS_MPP|MSTATUS_MPIE)

    // Inside the handler MIE is 0, so that the second interrupt waits: the frame's handler ran once for each.
    EQUAL(s5, 6)

    // U-mode with MIE = 1: taken by all, at the first instruction. MPP = U.
    csrci mstatus, MSTATUS_MIE
    csrwi mie, MSI
    la s11, 2f
    li a0, MSTATUS_MPIE
    csrs mstatus, a0
    li a0, MSTATUS_MPP
    csrc mstatus, a0
    la a0, 1f
    csrw mepc, a0
    mret
    j fail
1:  j fail
2:  INTERRUPT(3, 1b, MSTATUS_MPIE)
    enter_machine
    // U-mode with MIE = 0. The manual: M-mode's interrupts are enabled in less privileged modes whatever MIE is
    // (P 3.1.6.1). So does Ibex (core). cve2 looks at MIE alone (core).
    csrci mstatus, MSTATUS_MIE
    csrwi mie, MSI
    li a0, MSTATUS_MPIE|MSTATUS_MPP
    csrc mstatus, a0
    la a0, 1f
    csrw mepc, a0
#ifdef CVE2
    mret
    j fail
1:  nop
    nop
    EQUAL(s5, 8)                                // enter_machine's ECALL was the last
    enter_machine
#else
    la s11, 2f
    mret
    j fail
1:  j fail
2:  INTERRUPT(3, 1b, 0)
    enter_machine
#endif
    // In M-mode again with MIE = 0, it is not taken.
    csrci mstatus, MSTATUS_MIE
    csrwi mie, MSI
    mv a0, s5
    nop
    nop
    SAME(a0, s5)

    // WFI with a pending interrupt that MIE does not enable, and with one that only wakes when mie selects it.
    lines 0, 1
    wfi
    HERE()
    csrwi mie, 0
    lines 0, 0
    PASS()
