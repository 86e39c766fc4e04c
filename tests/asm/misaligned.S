// Misaligned halfwords and words, within a word and across two. The manual allows to support them or to trap (I 2.6);
// cve2 and Ibex do them in hardware (core), and the generic core does as they do.
#include "check.h"

main:
    // Bytes from `data`: 10 91 12 93 | 94 15 96 17.
    la a0, data
    lh a1, 1(a0)                                // 91 12
    EQUAL(a1, 0x1291)
    lhu a1, 1(a0)
    EQUAL(a1, 0x1291)
    lh a1, 3(a0)                                // 93 | 94
    EQUAL(a1, 0xffff9493)
    lhu a1, 3(a0)
    EQUAL(a1, 0x9493)
    lh a1, 5(a0)                                // 15 96
    EQUAL(a1, 0xffff9615)
    lhu a1, 5(a0)
    EQUAL(a1, 0x9615)
    lw a1, 1(a0)                                // 91 12 93 | 94
    EQUAL(a1, 0x94931291)
    lw a1, 2(a0)                                // 12 93 | 94 15
    EQUAL(a1, 0x15949312)
    lw a1, 3(a0)                                // 93 | 94 15 96
    EQUAL(a1, 0x96159493)
    // The immediate makes an aligned base odd, and an odd one aligned.
    addi a2, a0, 3
    lw a1, -3(a2)
    EQUAL(a1, 0x93129110)
    lw a1, 1(a2)
    EQUAL(a1, 0x17961594)
    // rd = rs1
    lw a2, 0(a2)
    EQUAL(a2, 0x96159493)

    .macro check_store line, op, offset, first, second
    begin_check \line
    la a0, room
    li a1, 0xaaaaaaaa
    sw a1, 0(a0)
    sw a1, 4(a0)
    li a1, 0xbbbbbbbb
    sw a1, -4(a0)
    sw a1, 8(a0)
    li a2, 0x44332211
    \op a2, \offset(a0)
    lw a3, 0(a0)
    li t6, \first
    bne a3, t6, fail
    lw a3, 4(a0)
    li t6, \second
    bne a3, t6, fail
    lw a3, -4(a0)
    bne a3, a1, fail
    lw a3, 8(a0)
    bne a3, a1, fail
    end_check
    .endm
#define STORE(op, offset, first, second) check_store __LINE__, op, offset, first, second
    STORE(sh, 0, 0xaaaa2211, 0xaaaaaaaa)
    STORE(sh, 1, 0xaa2211aa, 0xaaaaaaaa)
    STORE(sh, 2, 0x2211aaaa, 0xaaaaaaaa)
    STORE(sh, 3, 0x11aaaaaa, 0xaaaaaa22)
    STORE(sh, 5, 0xaaaaaaaa, 0xaa2211aa)
    STORE(sw, 0, 0x44332211, 0xaaaaaaaa)
    STORE(sw, 1, 0x332211aa, 0xaaaaaa44)
    STORE(sw, 2, 0x2211aaaa, 0xaaaa4433)
    STORE(sw, 3, 0x11aaaaaa, 0xaa443322)
    PASS()

    .data
    .balign 8
data:
    .byte 0x10, 0x91, 0x12, 0x93, 0x94, 0x15, 0x96, 0x17
    .word 0
room:
    .word 0, 0, 0
