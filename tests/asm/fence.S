// FENCE (I 2.7) has no effect that one hart can see, whatever its fields. FENCE.I (I 3) makes stored code visible to
// fetches.
#include "check.h"

main:
    li a0, 1
    fence
    fence rw, rw
    fence i, o
    fence w, r
    EQUAL(a0, 1)
    // Reserved fields: "implementations shall ignore these fields"; reserved fm as fm = 0 (I 2.7).
    .word 0x0000000f                            // no predecessor, no successor
    .word 0x8330000f                            // FENCE.TSO
    .word 0xfff0000f                            // all bits of fm, pred and succ
    .word 0x0ff58f8f                            // rd = x31, rs1 = x11
    EQUAL(a0, 1)
    li t6, 0x77
    .word 0x0ff00f8f                            // rd = x31 is not written
    addi t6, t6, -0x77
    begin_check __LINE__
    bnez t6, fail
    end_check
    fence.i
    .word 0xfff5958f+0                          // FENCE.I with all fields set: ignored (I 3); rd = x11
    li a1, 3
    .word 0xfff5958f
    EQUAL(a1, 3)

    // Code is changed and executed: the immediate of an ADDI counts up in place.
    la a0, patched
    li a2, 0
    li a3, 100
1:  fence.i
patched:
    addi a1, x0, 0
    add a2, a2, a1
    lw a4, 0(a0)
    lui a5, 0x100                               // 1 in the immediate
    add a4, a4, a5
    sw a4, 0(a0)
    addi a3, a3, -1
    bnez a3, 1b
    EQUAL(a2, 4950)                             // 0 + 1 + ... + 99
    EQUAL(a1, 99)

    // One half of an instruction is changed: halfword and byte stores to code.
    la a0, patched_2
    jal ra, function_2
    EQUAL(a1, 0x111)
    li a2, 0x2220
    sh a2, 2(a0)                                // the upper half of addi a1, x0, 0x222
    fence.i
    jal ra, function_2
    EQUAL(a1, 0x222)
    li a2, 0x33
    sb a2, 3(a0)
    fence.i
    jal ra, function_2
    EQUAL(a1, 0x332)

    // An instruction becomes two of 16 bits, and again one of 32.
    .option rvc
    la a0, patched_3
    .option norvc
    jal ra, function_3
    EQUAL(a1, 0x111)
    li a2, 0x05854589                           // c.li a1, 2; c.addi a1, 1
    sw a2, 0(a0)
    fence.i
    jal ra, function_3
    EQUAL(a1, 3)
    li a2, 0x44400593                           // addi a1, x0, 0x444
    sw a2, 0(a0)
    fence.i
    jal ra, function_3
    EQUAL(a1, 0x444)

    // A return becomes a fall-through, so that a block of code grows; then it shrinks again.
    la a0, patched_4
    jal ra, function_4
    EQUAL(a1, 1)
    lw a3, 0(a0)
    li a2, 0x00000013                           // nop
    sw a2, 0(a0)
    fence.i
    jal ra, function_4
    EQUAL(a1, 3)
    sw a3, 0(a0)
    fence.i
    jal ra, function_4
    EQUAL(a1, 1)

    // Code is copied to data and called there; another is copied over it.
    la a0, function_5
    jal a5, copy
    la a1, arena
    jalr ra, 0(a1)
    EQUAL(a2, 0x55)
    la a0, function_6
    jal a5, copy
    la a1, arena
    jalr ra, 0(a1)
    EQUAL(a2, 0x66)

    // The code that patches is near: the patched instruction follows the FENCE.I at once, in straight-line code.
    la a0, 2f
    li a1, 0x00700613                           // addi a2, x0, 7
    sw a1, 0(a0)
    fence.i
2:  addi a2, x0, 6
    EQUAL(a2, 7)
    PASS()

copy:
    la a1, arena
    lw a2, 0(a0)
    sw a2, 0(a1)
    lw a2, 4(a0)
    sw a2, 4(a1)
    fence.i
    jr a5

    .balign 4
function_2:
patched_2:
    addi a1, x0, 0x111
    ret
function_3:
patched_3:
    addi a1, x0, 0x111
    ret
function_4:
    li a1, 1
patched_4:
    ret
    addi a1, a1, 2
    ret
function_5:
    li a2, 0x55
    ret
function_6:
    li a2, 0x66
    ret

    .data
    .balign 4
arena:
    .word 0, 0
