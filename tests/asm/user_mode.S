// U-mode: what it may do, what traps, and that M-mode is back afterwards (P 1.2, 2.1, 3.1.6, 3.3).
#include "check.h"

main:
    // MRET with MPP = U enters U-mode; its ECALL has cause 8, and MPP at the trap tells where it came from.
    li a0, MSTATUS_MPIE|MSTATUS_MIE
    csrs mstatus, a0
    enter_user
    TRAPS(ECALL_U, 0, ecall)
    li a1, MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE
    and a2, s7, a1
    EQUAL(a2, MSTATUS_MPIE)                     // MPP = U, MPIE = the old MIE, MIE = 0
    TRAPS(ECALL_U, 0, ecall)                    // back in U-mode, so the same again
    TRAPS(BREAKPOINT, 0, ebreak)
    and a2, s7, a1
    EQUAL(a2, MSTATUS_MPIE)
    .option rvc
    TRAPS(BREAKPOINT, 0, c.ebreak)
    .balign 4
    .option norvc

    // Ordinary code runs: arithmetic, jumps, loads, stores, FENCE, FENCE.I.
    la a0, room
    li a1, 0x1234
    sw a1, 0(a0)
    fence
    fence.i
    lw a2, 0(a0)
    EQUAL(a2, 0x1234)
    jal a2, 1f
1:  ADDRESS(a2, 1b)
    mul a2, a1, a1
    EQUAL(a2, 0x014b5a90)
    divu a2, a2, a1
    EQUAL(a2, 0x1234)

    // CSRs of M-mode (address bits 9:8 = 11): illegal for every form, also those that would not write (P 2.1).
    li a0, 0
    li a1, 0x77
    TRAPS(ILLEGAL, 0x300025f3, csrrs a1, mstatus, x0)
    TRAPS(ILLEGAL, 0x30051073, csrrw x0, mstatus, a0)
    TRAPS(ILLEGAL, 0x300075f3, csrrci a1, mstatus, 0)
    TRAPS(ILLEGAL, 0x30046073, csrrsi x0, mstatus, 8)
    TRAPS(ILLEGAL, 0x304025f3, csrr a1, mie)
    TRAPS(ILLEGAL, 0x305025f3, csrr a1, mtvec)
    TRAPS(ILLEGAL, 0x30551073, csrw mtvec, a0)
    TRAPS(ILLEGAL, 0x340025f3, csrr a1, mscratch)
    TRAPS(ILLEGAL, 0x34051073, csrw mscratch, a0)
    TRAPS(ILLEGAL, 0x341025f3, csrr a1, mepc)
    TRAPS(ILLEGAL, 0x342025f3, csrr a1, mcause)
    TRAPS(ILLEGAL, 0x343025f3, csrr a1, mtval)
    TRAPS(ILLEGAL, 0x344025f3, csrr a1, mip)
    TRAPS(ILLEGAL, 0x301025f3, csrr a1, misa)
    TRAPS(ILLEGAL, 0xb00025f3, csrr a1, mcycle)
    TRAPS(ILLEGAL, 0xb02025f3, csrr a1, minstret)
    TRAPS(ILLEGAL, 0x320025f3, csrr a1, mcountinhibit)
    TRAPS(ILLEGAL, 0x306025f3, csrr a1, mcounteren)
    TRAPS(ILLEGAL, 0xf14025f3, csrr a1, mhartid)
    TRAPS(ILLEGAL, 0xf11025f3, csrr a1, mvendorid)
    TRAPS(ILLEGAL, 0x7a0025f3, csrr a1, tselect)
    // MRET is an instruction of M-mode (P 3.3.2).
    TRAPS(ILLEGAL, 0x30200073, mret)
    TRAPS(ILLEGAL, 0x10200073, .word 0x10200073)        // sret
    TRAPS(ILLEGAL, 0, .hword 0, 0)
    TRAPS(ILLEGAL, 0xffffffff, .word 0xffffffff)
    and a2, s7, a0
    EQUAL(a1, 0x77)                             // none had an effect

    // Access faults.
    li a0, NOWHERE
    TRAPS(LOAD_FAULT, NOWHERE, lw a1, 0(a0))
    TRAPS(STORE_FAULT, NOWHERE, sw a1, 0(a0))
    la s11, 1f
    jr a0
    j fail
1:  EQUAL(s8, FETCH_FAULT)
    EQUAL(s9, NOWHERE)
    EQUAL(s10, NOWHERE)
    li a1, MSTATUS_MPP
    and a2, s7, a1
    EQUAL(a2, 0)

    // Back in M-mode; nothing of it was changed.
    enter_machine
    csrr a1, mstatus
    TRAPS(ECALL_M, 0, ecall)

    // WFI in U-mode with TW = 1 is illegal (P 3.1.6.5), in M-mode it is not. An interrupt is pending and enabled by mie
    // but not by MIE in M-mode, so that WFI does not wait.
    csrci mstatus, MSTATUS_MIE
    li a0, CLINT_MSIP
    li a1, 1
    sw a1, 0(a0)
    li a1, MSTATUS_TW
    csrs mstatus, a1
    csrwi mie, MSI
    wfi
    HERE()
    csrwi mie, 0                                // in U-mode it would be taken
    enter_user
    TRAPS(ILLEGAL, 0x10500073, wfi)
    and a2, s7, a1
    SAME(a2, a1)
    enter_machine
    li a1, MSTATUS_TW
    csrc mstatus, a1
    li a0, CLINT_MSIP
    sw x0, 0(a0)

    // MPP is a WARL field that holds M and U (P 3.1.6.1).
    li a0, MSTATUS_MPP
    csrc mstatus, a0
    csrr a1, mstatus
    and a1, a1, a0
    EQUAL(a1, 0)
    csrs mstatus, a0
    csrr a1, mstatus
    and a1, a1, a0
    EQUAL(a1, MSTATUS_MPP)
#ifndef QEMU                                    // QEMU 7.2 stores any value
    // Other values give another legal one: cve2 M, Ibex U (core); the manual leaves the choice.
    .irp mpp, 0x800, 0x1000
    li a0, MSTATUS_MPP
    csrc mstatus, a0
    li a1, \mpp
    csrs mstatus, a1
    csrr a1, mstatus
    and a1, a1, a0
#if defined(CVE2)
    check_equal __LINE__, a1, MSTATUS_MPP
#elif defined(IBEX)
    check_equal __LINE__, a1, 0
#else
    begin_check __LINE__
    beqz a1, 1f
    bne a1, a0, fail
1:  end_check
#endif
    .endr
#endif
    PASS()

    .data
    .balign 4
room:
    .word 0
