// The non-maskable interrupt of cve2 and Ibex (core, "Interrupts", "Privilege"): taken whatever MIE and mie hold; its cause
// and vector; MRET from it restores what it overwrote. Needs the device of irq-lines.toml: bit 0 of the word at 0x40000004.
#include "check.h"

.equ NMI, 0x40000004
#if defined(CVE2)
.equ NMI_CAUSE, 0x80000020
.equ NMI_SLOT, 32
#else
.equ NMI_CAUSE, 0x8000001f
.equ NMI_SLOT, 31
#endif

.macro check_nmi line, at, status
    begin_check \line
    li t6, NMI_CAUSE
    bne s8, t6, fail
    la t6, \at
    bne s9, t6, fail
    bnez s10, fail
    la t6, nmi_vectors+4*NMI_SLOT+4
    bne s6, t6, fail
    li t6, MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE
    and t6, t6, s7
    li t5, \status
    bne t5, t6, fail
    end_check
.endm
#define NMI_AT(at, status) check_nmi __LINE__, at, status

main:
    la a0, nmi_vectors
    csrw mtvec, a0
    li a0, NMI
    li a1, 1
    csrw mie, zero
    csrci mstatus, MSTATUS_MIE

    // With MIE = 0 and mie = 0. What was in mepc, mcause, MPP and MPIE is back after MRET.
    li a2, 0x12345678
    csrw mepc, a2
    csrwi mcause, 11
    csrw mtval, zero
    li a2, MSTATUS_MPP|MSTATUS_MPIE
    csrc mstatus, a2
    sw a1, 0(a0)
1:  EQUAL(s5, 1)
    NMI_AT(1b, MSTATUS_MPP)
    csrr a2, mepc
    EQUAL(a2, 0x12345678)
    csrr a2, mcause
    EQUAL(a2, 11)
    csrr a2, mstatus
    li a3, MSTATUS_MPP|MSTATUS_MPIE|MSTATUS_MIE
    and a2, a2, a3
    EQUAL(a2, 0)

    // With MIE = 1, MPIE = 0, MPP = M.
    li a2, MSTATUS_MPP
    csrs mstatus, a2
    csrsi mstatus, MSTATUS_MIE
    sw a1, 0(a0)
1:  EQUAL(s5, 2)
    NMI_AT(1b, MSTATUS_MPP|MSTATUS_MPIE)
    csrr a2, mstatus
    and a2, a2, a3
    EQUAL(a2, MSTATUS_MPP|MSTATUS_MIE)

    // Once for each time that the line is raised.
    csrci mstatus, MSTATUS_MIE
    sw a1, 0(a0)
    EQUAL(s5, 3)

    // From U-mode.
    li a2, MSTATUS_MPP|MSTATUS_MPIE
    csrc mstatus, a2
    la a2, 2f
    csrw mepc, a2
    mret
2:  sw a1, 0(a0)
1:  EQUAL(s5, 4)
    NMI_AT(1b, 0)
    PASS()

    .balign 256
nmi_vectors:
    .rept 48
    jal s6, nmi_entry
    .endr
nmi_entry:
    csrr s7, mstatus
    csrr s8, mcause
    csrr s9, mepc
    csrr s10, mtval
    addi s5, s5, 1
    bgez s8, fail
    sw zero, 0(a0)
    mret
