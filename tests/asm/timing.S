// Cycles of cve2, memory without wait states (core, "Timing", measured on the RTL).
#include "check.h"

// The instruction costs so many cycles: the difference of mcycle around it, less one for the first CSRR.
.macro check_cycles line, cycles, insn:vararg
    begin_check \line
    .balign 4
    csrr a2, mcycle
    \insn
77: csrr a3, mcycle
    sub a2, a3, a2
    li t6, \cycles+1
    bne a2, t6, fail
    end_check
.endm
#define CYCLES(cycles, ...) check_cycles __LINE__, cycles, __VA_ARGS__

main:
    li a0, 0x12345
    li a1, 0x678
    la a4, words
    CYCLES(0)
    CYCLES(1, nop)
    CYCLES(1, add a5, a0, a1)
    CYCLES(1, sra a5, a0, a1)
    CYCLES(1, lui a5, 1)
    CYCLES(1, auipc a5, 1)
    CYCLES(1, fence)
    CYCLES(1, csrr a5, mscratch)
    CYCLES(1, csrw mscratch, a5)
    CYCLES(1, csrci mstatus, 8)                 // clearing costs nothing; setting and writing below
    CYCLES(3, csrsi mstatus, 0x10)
    CYCLES(3, csrw mie, zero)
    CYCLES(1, csrrs a5, mstatus, x0)            // a pure read
    // RV32MFast, the default multiplier.
    CYCLES(3, mul a5, a0, a1)
    CYCLES(4, mulh a5, a0, a1)
    CYCLES(4, mulhsu a5, a0, a1)
    CYCLES(4, mulhu a5, a0, a1)
    CYCLES(37, div a5, a0, a1)
    CYCLES(37, divu a5, a1, a0)
    CYCLES(37, rem a5, a0, a1)
    CYCLES(37, remu a5, x0, a0)
    CYCLES(2, div a5, a0, x0)
    CYCLES(2, remu a5, a0, x0)
    CYCLES(2, lw a5, 0(a4))
    CYCLES(2, lbu a5, 3(a4))
    CYCLES(2, lh a5, 1(a4))                     // inside a word
    CYCLES(3, lw a5, 1(a4))                     // crosses a word
    CYCLES(3, lh a5, 3(a4))
    CYCLES(2, sw a5, 0(a4))
    CYCLES(2, sb a5, 1(a4))
    CYCLES(3, sw a5, 2(a4))
    CYCLES(1, bne x0, x0, 77f)
    CYCLES(3, beq x0, x0, 77f)
    CYCLES(2, j 77f)
    CYCLES(2, fence.i)
    // A redirect to a 32-bit instruction at 2 mod 4 costs one more.
    .option rvc
    begin_check __LINE__
    .balign 4
    csrr a2, mcycle
    c.j 1f
1:  csrr a3, mcycle
    c.nop
    .option norvc
    sub a2, a3, a2
    li t6, 1+2+1
    bne a2, t6, fail
    end_check
    // ECALL: 3 until the first instruction of the handler.
    csrr a0, mtvec
    la a1, handler
    csrw mtvec, a1
    la a3, 1f
    csrr a2, mcycle
    ecall
1:  csrw mtvec, a0
    sub a4, a4, a2
    EQUAL(a4, 4)
    PASS()

    .balign 256
handler:
    csrr a4, mcycle
    csrw mepc, a3
    mret

    .data
    .balign 4
words:
    .word 0, 0
