// BEQ, BNE, BLT, BGE, BLTU, BGEU: taken and not taken, forwards and backwards, corner operands (I 2.5).
#include "check.h"

    // Taken: forwards to 3, from there (the instruction may be taken again) backwards to 2, and on.
    .macro check_taken line, op, a, b
    begin_check \line
    li a0, \a
    li a1, \b
    li a2, 0
    \op a0, a1, 73f
    j fail
    j fail
72: addi a2, a2, 1
    li t6, 1
    bne a2, t6, fail
    j 74f
    j fail
73: \op a0, a1, 72b
    j fail
74: li t6, \a
    bne a0, t6, fail
    li t6, \b
    bne a1, t6, fail
    end_check
    .endm

    .macro check_not_taken line, op, a, b
    begin_check \line
    li a0, \a
    li a1, \b
    j 72f
71: j fail
72: \op a0, a1, 71b
    \op a0, a1, 73f
    j 74f
73: j fail
74: end_check
    .endm
#define TAKEN(op, a, b) check_taken __LINE__, op, a, b
#define NOT_TAKEN(op, a, b) check_not_taken __LINE__, op, a, b

main:
    TAKEN(beq, 0, 0)
    TAKEN(beq, -1, -1)
    TAKEN(beq, 0x80000000, 0x80000000)
    TAKEN(beq, 0x7fffffff, 0x7fffffff)
    NOT_TAKEN(beq, 0, 1)
    NOT_TAKEN(beq, 0, 0x80000000)               // each end of the word counts
    NOT_TAKEN(beq, -1, -2)
    NOT_TAKEN(beq, 0x12345678, 0x12355678)

    TAKEN(bne, 0, 1)
    TAKEN(bne, 0, 0x80000000)
    TAKEN(bne, -1, 1)
    TAKEN(bne, 0x12345678, 0x12345679)
    NOT_TAKEN(bne, 0, 0)
    NOT_TAKEN(bne, -1, -1)
    NOT_TAKEN(bne, 0x80000000, 0x80000000)

    TAKEN(blt, 0, 1)
    TAKEN(blt, -1, 0)
    TAKEN(blt, -2, -1)
    TAKEN(blt, 0x80000000, 0x7fffffff)
    TAKEN(blt, 0x80000000, 0)
    NOT_TAKEN(blt, 0, 0)
    NOT_TAKEN(blt, 1, 0)
    NOT_TAKEN(blt, 0, -1)
    NOT_TAKEN(blt, -1, -2)
    NOT_TAKEN(blt, 0x7fffffff, 0x80000000)
    NOT_TAKEN(blt, 0x80000000, 0x80000000)

    TAKEN(bge, 0, 0)
    TAKEN(bge, 1, 0)
    TAKEN(bge, 0, -1)
    TAKEN(bge, -1, -2)
    TAKEN(bge, 0x7fffffff, 0x80000000)
    TAKEN(bge, 0x80000000, 0x80000000)
    NOT_TAKEN(bge, 0, 1)
    NOT_TAKEN(bge, -1, 0)
    NOT_TAKEN(bge, 0x80000000, 0x7fffffff)

    TAKEN(bltu, 0, 1)
    TAKEN(bltu, 0, -1)
    TAKEN(bltu, -2, -1)
    TAKEN(bltu, 0x7fffffff, 0x80000000)
    NOT_TAKEN(bltu, 0, 0)
    NOT_TAKEN(bltu, -1, 0)
    NOT_TAKEN(bltu, -1, -1)
    NOT_TAKEN(bltu, 0x80000000, 0x7fffffff)

    TAKEN(bgeu, 0, 0)
    TAKEN(bgeu, -1, 0)
    TAKEN(bgeu, -1, -1)
    TAKEN(bgeu, 0x80000000, 0x7fffffff)
    NOT_TAKEN(bgeu, 0, 1)
    NOT_TAKEN(bgeu, 0, -1)
    NOT_TAKEN(bgeu, 0x7fffffff, 0x80000000)

    // One register as both operands.
    begin_check __LINE__
    li a0, 0x80000000
    bne a0, a0, fail
    blt a0, a0, fail
    bltu a0, a0, fail
    beq a0, a0, 1f
    j fail
1:  bge a0, a0, 1f
    j fail
1:  bgeu a0, a0, 1f
    j fail
1:  end_check

    // The offset: multiples of 2 from -4096 to +4094. The far targets lead back by JAL.
    li a2, 0
    j far_branches
    .balign 4
far_low:
    addi a2, a2, 1
    j far_back_1
    .space 4096-8                               // zeros: illegal instructions
far_branches:
    beq x0, x0, .-4096                          // to far_low
far_back_1:
    EQUAL(a2, 1)
    .option rvc
    .balign 4
    beq x0, x0, .+4094                          // to far_high
    .space 4094-4
far_high:
    .option norvc
    addi a2, a2, 2
    EQUAL(a2, 3)
    .option rvc
    .balign 4
    .option norvc

    // Offset 0: a branch to itself if taken; not taken it is nothing. (Taken, it would never end.)
    bne x0, x0, .
    HERE()

    // A branch that skips a 16-bit instruction lands on an address that is 2 mod 4 (I 16.1).
    .option rvc
    .balign 4
    li a0, 0
    .balign 4
    beq x0, x0, 1f
    c.addi a0, 1
1:  .option norvc
    addi a0, a0, 4
    .option rvc
    .balign 4
    .option norvc
    EQUAL(a0, 4)

    // Loops count: 10 rounds backwards.
    li a0, 10
    li a1, 0
1:  addi a1, a1, 3
    addi a0, a0, -1
    bnez a0, 1b
    EQUAL(a1, 30)
    PASS()
