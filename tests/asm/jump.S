// JAL and JALR (I 2.5).
#include "check.h"

main:
    // JAL: rd = address of the next instruction.
1:  jal a0, 2f
    j fail
2:  ADDRESS(a0, 1b+4)
    // Backwards.
    j 2f
1:  j 3f
    j fail
2:  jal ra, 1b
    j fail
3:  ADDRESS(ra, 2b+4)
    // Link registers other than ra, and none.
1:  jal t0, 2f
2:  ADDRESS(t0, 1b+4)
    li t0, 5
    jal x0, 1f
    j fail
1:  EQUAL(t0, 5)

    // The offset of JAL: from -1 MiB to +1 MiB - 2; each of its scattered fields alone: bits 1..11, 12..19, sign.
    // The place is in the middle of RAM, 2 MiB from its beginning; the two instructions are stored there.
    li a3, 0x80200000
    .macro check_jal_offset line, offset
    begin_check \line
    // At a3: jal a1, offset. At a3 + offset: jr a2.
    li a4, (\offset & 0x100000) << 11 | (\offset & 0x7fe) << 20 | (\offset & 0x800) << 9 | (\offset & 0xff000) | 0x5ef
    sh a4, 0(a3)
    srli a4, a4, 16
    sh a4, 2(a3)
    li a4, \offset
    add a4, a3, a4
    li a5, 0x60067                              // jalr x0, 0(a2)
    sh a5, 0(a4)
    srli a5, a5, 16
    sh a5, 2(a4)
    fence.i
    la a2, 75f
    jr a3
    j fail
75: addi a5, a3, 4
    bne a1, a5, fail
    end_check
    .endm
#define JAL_OFFSET(offset) check_jal_offset __LINE__, offset
    JAL_OFFSET(4)
    JAL_OFFSET(6)
    JAL_OFFSET(8)
    JAL_OFFSET(16)
    JAL_OFFSET(32)
    JAL_OFFSET(64)
    JAL_OFFSET(128)
    JAL_OFFSET(256)
    JAL_OFFSET(512)
    JAL_OFFSET(1024)
    JAL_OFFSET(2048)
    JAL_OFFSET(4096)
    JAL_OFFSET(8192)
    JAL_OFFSET(16384)
    JAL_OFFSET(32768)
    JAL_OFFSET(65536)
    JAL_OFFSET(131072)
    JAL_OFFSET(262144)
    JAL_OFFSET(524288)
    JAL_OFFSET(1048574)
    JAL_OFFSET(-4)
    JAL_OFFSET(-2048)
    JAL_OFFSET(-65536)
    JAL_OFFSET(-1048576)

    // JALR: rs1 + immediate, lowest bit cleared; rd = address of the next instruction.
    la a0, 2f
1:  jalr a1, 0(a0)
    j fail
2:  ADDRESS(a1, 1b+4)
    la a0, 2f-2047
1:  jalr a1, 2047(a0)
    j fail
2:  ADDRESS(a1, 1b+4)
    la a0, 2f+2048
1:  jalr a1, -2048(a0)
    j fail
2:  ADDRESS(a1, 1b+4)
    la a0, 2f+1                                 // odd base
1:  jalr a1, 0(a0)
    j fail
2:  ADDRESS(a1, 1b+4)
    la a0, 2f                                   // odd immediate
1:  jalr a1, 1(a0)
    j fail
2:  ADDRESS(a1, 1b+4)
    la a0, 2f+1                                 // both odd: the sum is even, 2 too far
1:  jalr a1, -1(a0)
    j fail
2:  ADDRESS(a1, 1b+4)
    // Only bit 0 is cleared, after the addition: base + 3 is 2 further (I 2.5).
    .option rvc
    .balign 4
    la a0, 2f
1:  jalr a1, 3(a0)
2:  c.j 3f
    c.j 4f
3:  .option norvc
    j fail
4:  .option rvc
    .balign 4
    .option norvc
    ADDRESS(a1, 1b+4)
    // rd = rs1: the old value is the target, the new one the link.
    la a0, 2f
1:  jalr a0, 0(a0)
    j fail
2:  ADDRESS(a0, 1b+4)
    la ra, 2f
1:  jalr ra, 0(ra)
    j fail
2:  ADDRESS(ra, 1b+4)
    // rd = x0
    la a0, 1f
    li a1, 77
    jalr x0, 0(a0)
    j fail
1:  EQUAL(a1, 77)
    ADDRESS(a0, 1b)
    // rs1 = x0: absolute, near address 0 or the end; the address arithmetic wraps. Nothing is there: a fetch fault,
    // with mepc and mtval at the target, not at the jump (P 3.1.14, 3.1.16).
    la s11, 1f
    li s8, -1
    jalr a1, -2048(x0)
    j fail
1:  EQUAL(s8, FETCH_FAULT)
    EQUAL(s9, 0xfffff800)
    EQUAL(s10, 0xfffff800)
    // A call and return through nested functions.
    li a0, 5
    la sp, stack_top
    call factorial
    EQUAL(a0, 120)
    PASS()

factorial:
    addi sp, sp, -8
    sw ra, 0(sp)
    sw a0, 4(sp)
    addi a0, a0, -1
    bnez a0, 1f
    li a0, 1
    j 2f
1:  call factorial
2:  lw a1, 4(sp)
    mul a0, a0, a1
    lw ra, 0(sp)
    addi sp, sp, 8
    ret

    .data
    .balign 4
    .space 128
stack_top:
