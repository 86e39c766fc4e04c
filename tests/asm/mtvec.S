// mtvec of the generic core: direct and vectored, its base at any multiple of 4 (P 3.1.7).
#include "check.h"

.macro check_trap line, cause, at, link
    begin_check \line
    li t6, \cause
    bne s8, t6, fail
    la t6, \at
    bne s9, t6, fail
    la t6, \link
    bne s6, t6, fail
    end_check
.endm
// The last trap had this cause and mepc, and came through the JAL that links to `link`.
#define TRAP_THROUGH(cause, at, link) check_trap __LINE__, cause, at, link

// mtvec = base + mode reads back; an ECALL, a software and a timer interrupt go to base + these offsets.
.macro check_base line, base, mode, software, timer
    la a0, \base+\mode
    csrw mtvec, a0
    csrr a1, mtvec
    check_registers \line, a0, a1
    la s11, 82f
81: ecall
    j fail
82: check_trap \line, ECALL_M, 81b, \base+4
    csrci mstatus, MSTATUS_MIE
    csrwi mie, MSI
    la s11, 82f
    csrsi mstatus, MSTATUS_MIE
81: j fail
82: check_trap \line, SOFTWARE_INTERRUPT, 81b, \base+\software+4
    csrci mstatus, MSTATUS_MIE
    li a0, MTI
    csrw mie, a0
    la s11, 82f
    csrsi mstatus, MSTATUS_MIE
81: j fail
82: check_trap \line, TIMER_INTERRUPT, 81b, \base+\timer+4
.endm
#define DIRECT(base) check_base __LINE__, base, 0, 0, 0
#define VECTORED(base) check_base __LINE__, base, 1, 12, 28

main:
    li a0, CLINT_MSIP                           // both pending all the time; mie selects
    li a1, 1
    sw a1, 0(a0)
    li a0, CLINT_MTIMECMP
    sw x0, 4(a0)
    sw x0, 0(a0)
    DIRECT(trap_vectors)
    VECTORED(trap_vectors)
    DIRECT(table)
    VECTORED(table)
    DIRECT(table+4)
    VECTORED(table+4)
    DIRECT(table+8)
    VECTORED(table+8)
    VECTORED(table+20)
    VECTORED(table+64)
    VECTORED(table+124)
    DIRECT(table+252)

    // MODE is WARL: 2 and 3 are reserved, so what is read back is 0 or 1 (P 3.1.7).
    la a0, trap_vectors+2
    csrw mtvec, a0
    csrr a1, mtvec
    andi a1, a1, 2
    EQUAL(a1, 0)
    la a0, trap_vectors
    csrw mtvec, a0
    PASS()

    .balign 256
table:
    .rept 128
    jal s6, trap_entry
    .endr
