// Access faults (P 3.1.15): load 5, store 7, fetch 1; mtval = the address (P 3.1.16); nothing is changed.
#include "check.h"

main:
    li a0, NOWHERE
    li a1, 0x55aa33cc
    TRAPS(LOAD_FAULT, NOWHERE, lw a1, 0(a0))
    TRAPS(LOAD_FAULT, NOWHERE, lh a1, 0(a0))
    TRAPS(LOAD_FAULT, NOWHERE, lhu a1, 0(a0))
    TRAPS(LOAD_FAULT, NOWHERE+1, lb a1, 1(a0))
    TRAPS(LOAD_FAULT, NOWHERE+3, lbu a1, 3(a0))
    TRAPS(LOAD_FAULT, NOWHERE-2048, lw a1, -2048(a0))
    TRAPS(LOAD_FAULT, NOWHERE+2047, lbu a1, 2047(a0))
    TRAPS(LOAD_FAULT, NOWHERE, lw x0, 0(a0))    // rd = x0 still accesses memory (I 2.6)
    TRAPS(LOAD_FAULT, NOWHERE, lw a0, 0(a0))    // rd = rs1 keeps its value
    EQUAL(a0, NOWHERE)
    EQUAL(a1, 0x55aa33cc)
    TRAPS(STORE_FAULT, NOWHERE, sw a1, 0(a0))
    TRAPS(STORE_FAULT, NOWHERE+2, sh a1, 2(a0))
    TRAPS(STORE_FAULT, NOWHERE+3, sb a1, 3(a0))
    TRAPS(STORE_FAULT, NOWHERE+2047, sb a1, 2047(a0))
    TRAPS(STORE_FAULT, NOWHERE-2048, sw x0, -2048(a0))
#ifdef QEMU                                     // splits these into aligned accesses and reports the first
.equ TRAP_COUNT, 25
#else
.equ TRAP_COUNT, 27
    // Misaligned, but inside a word: one access.
    TRAPS(LOAD_FAULT, NOWHERE+1, lh a1, 1(a0))
    TRAPS(STORE_FAULT, NOWHERE+1, sh a1, 1(a0))
#endif
    // Compressed.
    .option rvc
    TRAPS(LOAD_FAULT, NOWHERE+124, c.lw a1, 124(a0))
    TRAPS(STORE_FAULT, NOWHERE+4, c.sw a1, 4(a0))
    li sp, NOWHERE
    TRAPS(LOAD_FAULT, NOWHERE+252, c.lwsp a1, 252(sp))
    TRAPS(STORE_FAULT, NOWHERE, c.swsp a1, 0(sp))
    .balign 4
    .option norvc
    EQUAL(a1, 0x55aa33cc)

    // A jump to nowhere: the jump itself retires, its link is written; the fetch faults, so mepc = mtval = the target.
    .macro check_fetch line, address, insn:vararg
    begin_check \line
    li s8, -1
    li t5, \address
    la s11, 79f
    \insn
    j fail
79: li t6, FETCH_FAULT
    bne s8, t6, fail
    bne s9, t5, fail
    bne s10, t5, fail
    end_check
    .endm
#define FETCH_FAULTS(address, ...) check_fetch __LINE__, address, __VA_ARGS__
    FETCH_FAULTS(NOWHERE, jr t5)
    FETCH_FAULTS(NOWHERE+2, jr t5)
    FETCH_FAULTS(0, jr t5)
    FETCH_FAULTS(0xfffffffe, jr t5)
    li ra, 5
    la a2, 1f+4
    FETCH_FAULTS(NOWHERE+4, 1: jalr ra, 0(t5))
    ADDRESS(ra, 1b+4)

    // Also after MRET: the fetch is the target's.
    li a0, MSTATUS_MPP
    csrs mstatus, a0
    li t5, NOWHERE
    csrw mepc, t5
    la s11, 1f
    li s8, -1
    mret
    j fail
1:  EQUAL(s8, FETCH_FAULT)
    EQUAL(s9, NOWHERE)
    EQUAL(s10, NOWHERE)

    // The last byte of the address space.
    li a0, -1
    TRAPS(LOAD_FAULT, 0xffffffff, lb a1, 0(a0))
    EQUAL(s5, TRAP_COUNT)                               // that many traps so far
    PASS()
