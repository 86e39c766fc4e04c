// C.LW, C.SW, C.LWSP, C.SWSP (I 16.3): offsets are scaled by 4 and zero-extended.
#include "check.h"

    .option rvc

main:
    // Each word of the table holds its own offset from `table`, plus 0x80000000.
    la a0, table
    li a1, 0
    li a2, 0x80000000
1:  add a3, a0, a1
    or a4, a1, a2
    sw a4, 0(a3)
    addi a1, a1, 4
    li a5, 256
    bne a1, a5, 1b

    // C.LW: uimm[6:2]; each bit alone, and the greatest.
    c.lw a1, 0(a0)
    EQUAL(a1, 0x80000000)
    c.lw a1, 4(a0)
    EQUAL(a1, 0x80000004)
    c.lw a1, 8(a0)
    EQUAL(a1, 0x80000008)
    c.lw a1, 16(a0)
    EQUAL(a1, 0x80000010)
    c.lw a1, 32(a0)
    EQUAL(a1, 0x80000020)
    c.lw a1, 64(a0)
    EQUAL(a1, 0x80000040)
    c.lw a1, 124(a0)
    EQUAL(a1, 0x8000007c)
    // Registers x8 to x15 as base and destination.
    .macro check_lw line, base, dest
    begin_check \line
    la \base, table
    c.lw \dest, 68(\base)
    li t6, 0x80000044
    bne \dest, t6, fail
    end_check
    .endm
#define LW(base, dest) check_lw __LINE__, base, dest
    LW(s0, s1)
    LW(s1, a0)
    LW(a0, a1)
    LW(a1, a2)
    LW(a2, a3)
    LW(a3, a4)
    LW(a4, a5)
    LW(a5, s0)
    LW(a0, a0)                                  // rd = base

    // C.LWSP: uimm[7:2], any rd but x0.
    la sp, table
    c.lwsp a1, 0(sp)
    EQUAL(a1, 0x80000000)
    c.lwsp a1, 4(sp)
    EQUAL(a1, 0x80000004)
    c.lwsp a1, 8(sp)
    EQUAL(a1, 0x80000008)
    c.lwsp a1, 16(sp)
    EQUAL(a1, 0x80000010)
    c.lwsp a1, 32(sp)
    EQUAL(a1, 0x80000020)
    c.lwsp a1, 64(sp)
    EQUAL(a1, 0x80000040)
    c.lwsp a1, 128(sp)
    EQUAL(a1, 0x80000080)
    c.lwsp a1, 252(sp)
    EQUAL(a1, 0x800000fc)
    c.lwsp t5, 136(sp)
    EQUAL(t5, 0x80000088)
    c.lwsp ra, 44(sp)
    EQUAL(ra, 0x8000002c)
    c.lwsp sp, 12(sp)
    EQUAL(sp, 0x8000000c)

    // C.SW and C.SWSP, read back by LW.
    .macro check_sw line, op, offset, base, value
    begin_check \line
    la \base, table
    li \value, 0xc0de0000+\offset
    \op \value, \offset(\base)
    la t5, table
    lw t4, \offset(t5)
    bne t4, \value, fail
    lw t4, \offset+4(t5)                        // and not its neighbour
    beq t4, \value, fail
    end_check
    .endm
#define SW(op, offset, base, value) check_sw __LINE__, op, offset, base, value
    SW(c.sw, 0, a0, a1)
    SW(c.sw, 4, a1, a2)
    SW(c.sw, 8, a2, a3)
    SW(c.sw, 16, a3, a4)
    SW(c.sw, 32, a4, a5)
    SW(c.sw, 64, a5, s0)
    SW(c.sw, 124, s0, s1)
    SW(c.sw, 84, s1, a0)
    SW(c.swsp, 0, sp, a0)
    SW(c.swsp, 4, sp, ra)
    SW(c.swsp, 8, sp, t0)
    SW(c.swsp, 16, sp, t3)
    SW(c.swsp, 32, sp, s0)
    SW(c.swsp, 64, sp, a7)
    SW(c.swsp, 128, sp, s4)
    SW(c.swsp, 252, sp, s2)
    la sp, table                                // the stack pointer itself, and x0
    c.swsp sp, 20(sp)
    lw a0, 20(sp)
    SAME(a0, sp)
    c.swsp x0, 20(sp)
    lw a0, 20(sp)
    EQUAL(a0, 0)

    // Misaligned bases, as with LW and SW (core).
    la a0, table+1
    li a1, 0x11223344
    c.sw a1, 4(a0)
    c.lw a2, 4(a0)
    EQUAL(a2, 0x11223344)
    lbu a2, 8(a0)
    lbu a3, 7(a0)
    EQUAL(a3, 0x11)
    PASS()

    .data
    .balign 4
table:
    .space 260
