// The timer interrupt (P 3.1.9, 3.2.1): pending, enabled, taken, through its vector; and mtime itself.
#include "check.h"

// mtimecmp = high, low, by way of a value that is never reached, as the manual does it (P 3.2.1).
.macro set_mtimecmp high, low
    li t5, CLINT_MTIMECMP
    li t6, -1
    sw t6, 0(t5)
    li t6, \high
    sw t6, 4(t5)
    li t6, \low
    sw t6, 0(t5)
.endm

// mtimecmp = mtime + ticks (mtime's high word is 0 here).
.macro timer_in ticks
    li t5, CLINT_MTIME
    lw t6, 0(t5)
    li t4, \ticks
    add t6, t6, t4
    li t5, CLINT_MTIMECMP
    sw t6, 0(t5)
    sw x0, 4(t5)
.endm

.macro wait_for_mtip
    li t6, MTI
75: csrr t5, mip
    and t5, t5, t6
    beqz t5, 75b
.endm

// The last trap was the timer's, from mode, at address `at`; with MIE as it was.
.macro check_timer_trap line, at, status
    begin_check \line
    li t6, TIMER_INTERRUPT
    bne s8, t6, fail
    la t6, \at
    bne s9, t6, fail
    bnez s10, fail                              // mtval of an interrupt is 0 (P 3.1.16)
    la t6, trap_vectors+4*7+4                   // vectored: base + 4 * cause (P 3.1.7)
    bne s6, t6, fail
    li t6, MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE
    and t6, t6, s7
    li t5, \status
    bne t5, t6, fail
    end_check
.endm
#define TIMER_TRAP(at, status) check_timer_trap __LINE__, at, status

main:
    // Not pending while mtime < mtimecmp, compared as unsigned 64-bit numbers.
    li a0, CLINT_MTIME
    sw x0, 4(a0)
    set_mtimecmp -1, -1
    li a1, MTI
    csrr a2, mip
    and a2, a2, a1
    EQUAL(a2, 0)
    set_mtimecmp 1, 0                           // the high word counts
    csrr a2, mip
    and a2, a2, a1
    EQUAL(a2, 0)
    set_mtimecmp 0x80000000, 0
    csrr a2, mip
    and a2, a2, a1
    EQUAL(a2, 0)
    // Pending while mtime >= mtimecmp; writing mtimecmp takes it back.
    set_mtimecmp 0, 0
    csrr a2, mip
    and a2, a2, a1
    EQUAL(a2, MTI)
    li a3, CLINT_MTIMECMP
    lw a4, 0(a3)
    EQUAL(a4, 0)
    lw a4, 4(a3)
    EQUAL(a4, 0)
    set_mtimecmp 0x12345678, 0x9abcdef0
    csrr a2, mip
    and a2, a2, a1
    EQUAL(a2, 0)
    lw a4, 0(a3)
    EQUAL(a4, 0x9abcdef0)
    lw a4, 4(a3)
    EQUAL(a4, 0x12345678)
    // mip.MTIP cannot be written (P 3.1.9).
    li a1, -1
    csrw mip, a1
    csrr a2, mip
    andi a2, a2, MTI
    EQUAL(a2, 0)
    set_mtimecmp 0, 0
    csrw mip, zero
    csrr a2, mip
    andi a2, a2, MTI
    EQUAL(a2, MTI)

    // mtime counts up, and carries into its high word: from 2^32 - 2048 to 2^32.
    lw a1, 0(a0)
    li a3, 1000
1:  addi a3, a3, -1
    bnez a3, 1b
    lw a2, 0(a0)
    sltu a1, a1, a2
    EQUAL(a1, 1)
    set_mtimecmp 1, 0
    li a1, -2048
    sw a1, 0(a0)
    sw x0, 4(a0)
    csrr a2, mip
    andi a2, a2, MTI
#ifndef QEMU                                    // whose mtime runs on real time
    EQUAL(a2, 0)
#endif
    wait_for_mtip
    lw a1, 4(a0)
    EQUAL(a1, 1)
    sw x0, 4(a0)

    // Pending but not taken: MIE = 0 with mie.MTIE; MIE = 1 without.
    set_mtimecmp 0, 0
    csrci mstatus, MSTATUS_MIE
    li a1, MTI
    csrw mie, a1
    nop
    nop
    HERE()
    csrw mie, zero
    csrsi mstatus, MSTATUS_MIE
    nop
    nop
    HERE()

    // Taken at once when mie is written (P 3.1.9: evaluated immediately after an explicit write): mepc is the next
    // instruction. MPP = M, MPIE = 1, MIE = 0.
    la s11, 2f
    csrw mie, a1
1:  j fail
2:  TIMER_TRAP(1b, MSTATUS_MPP|MSTATUS_MPIE)
    csrr a2, mie                                // the frame's handler clears mie
    EQUAL(a2, 0)
    csrr a2, mstatus
    andi a2, a2, MSTATUS_MPIE|MSTATUS_MIE
    EQUAL(a2, MSTATUS_MPIE|MSTATUS_MIE)         // MRET set MIE = MPIE and MPIE = 1
    // When MIE is set: before the next instruction, even if that clears MIE again.
    csrci mstatus, MSTATUS_MIE
    csrw mie, a1
    la s11, 2f
    csrsi mstatus, MSTATUS_MIE
1:  csrci mstatus, MSTATUS_MIE
    j fail
2:  TIMER_TRAP(1b, MSTATUS_MPP|MSTATUS_MPIE)
    // When MRET sets MIE: at its target, before the instruction there.
    csrci mstatus, MSTATUS_MIE
    csrw mie, a1
    li a2, MSTATUS_MPP|MSTATUS_MPIE
    csrs mstatus, a2
    la a2, 1f
    csrw mepc, a2
    la s11, 2f
    mret
    j fail
1:  j fail
2:  TIMER_TRAP(1b, MSTATUS_MPP|MSTATUS_MPIE)
    EQUAL(s5, 3)                                // traps so far

    // Resuming: the interrupted loop goes on where it was, with its registers.
    li s11, RETURN_TO_MEPC
    timer_in 3000
    li a1, MTI
    li a2, 0
    li a3, 0
    li a4, 5
    csrw mie, a1
1:  addi a2, a2, 1
    addi a3, a3, 3
    mul a4, a4, a4
    li a4, 5
    li a0, 4
    beq s5, a0, 2f
    bnez a2, 1b
2:  slli a0, a2, 1
    add a0, a0, a2
    SAME(a0, a3)                                // both counters missed nothing
    EQUAL(s5, 4)
    EQUAL(s8, TIMER_INTERRUPT)
    set_mtimecmp -1, -1

    // WFI with the interrupt pending: goes on at once, MIE or not (P 3.3.3: MIE is ignored for waking).
    csrci mstatus, MSTATUS_MIE
    set_mtimecmp 0, 0
    csrw mie, a1
    wfi
    csrr a2, mip
    andi a2, a2, MTI
    EQUAL(a2, MTI)
    EQUAL(s5, 4)                                // no trap
    // WFI sleeps until the interrupt is pending; with MIE = 0 it goes on behind WFI.
    timer_in 20000
    wfi
    csrr a2, mip
    andi a2, a2, MTI
    EQUAL(a2, MTI)
    EQUAL(s5, 4)
    // With MIE = 1 the trap is taken behind WFI: mepc = pc + 4 (P 3.3.3).
    timer_in 20000
    la s11, 2f
    csrsi mstatus, MSTATUS_MIE
    wfi
1:  j fail
2:  TIMER_TRAP(1b, MSTATUS_MPP|MSTATUS_MPIE)
    // So in U-mode, where WFI is allowed while TW = 0 (P 3.1.6.5).
    csrci mstatus, MSTATUS_MIE
    set_mtimecmp -1, -1
    csrw mie, a1
    li a2, MSTATUS_MPIE
    csrs mstatus, a2
    timer_in 20000
    la s11, 2f
    enter_user
    wfi
1:  j fail
2:  TIMER_TRAP(1b, MSTATUS_MPIE)
    enter_machine
    set_mtimecmp -1, -1
    PASS()
