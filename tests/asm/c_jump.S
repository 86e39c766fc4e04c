// C.J, C.JAL, C.JR, C.JALR, C.BEQZ, C.BNEZ (I 16.4): links are 2 further, not 4; offsets; targets at 2 mod 4.
#include "check.h"

    .option rvc

main:
    c.j 1f
    j fail
1:  HERE()

    // C.JAL links to ra.
1:  c.jal 2f
    j fail
2:  ADDRESS(ra, 1b+2)
    j 2f
1:  j 3f
2:  c.jal 1b
    j fail
3:  ADDRESS(ra, 2b+2)

    // C.JR and C.JALR: bit 0 of the target is cleared (they expand to JALR).
    la a0, 1f
    li ra, 5
    c.jr a0
    j fail
1:  EQUAL(ra, 5)
    la t5, 1f+1
    c.jr t5
    j fail
1:  HERE()
    la a0, 2f
1:  c.jalr a0
    j fail
2:  ADDRESS(ra, 1b+2)
    la a0, 2f+1
1:  c.jalr a0
    j fail
2:  ADDRESS(ra, 1b+2)
    la ra, 2f                                   // rs1 = ra = link
1:  c.jalr ra
    j fail
2:  ADDRESS(ra, 1b+2)

    // C.BEQZ and C.BNEZ, taken and not, with each register.
    .macro check_branches line, reg
    begin_check \line
    li \reg, 0
    c.bnez \reg, 71f
    c.beqz \reg, 72f
71: j fail
72: li \reg, 1
    c.beqz \reg, 71b
    c.bnez \reg, 73f
    c.j 71b
73: li \reg, 0x80000000
    c.beqz \reg, 71b
    c.bnez \reg, 74f
    c.j 71b
74: end_check
    .endm
#define BRANCHES(reg) check_branches __LINE__, reg
    BRANCHES(s0)
    BRANCHES(s1)
    BRANCHES(a0)
    BRANCHES(a1)
    BRANCHES(a2)
    BRANCHES(a3)
    BRANCHES(a4)
    BRANCHES(a5)

    // Offsets of C.J and C.JAL: each scattered bit alone, and the ends, -2048 and +2046. The instruction and its target
    // (c.jr a2) are stored into RAM.
    .macro check_cj line, funct, offset
    begin_check \line
    li a3, 0x80200000
    // imm[11|4|9:8|10|6|7|3:1|5] in bits 12 to 2.
    li a4, \funct<<13 | 1 | (\offset&0x800)<<1 | (\offset&0x10)<<7 | (\offset&0x300)<<1 | (\offset&0x400)>>2 | (\offset&0x40)<<1 | (\offset&0x80)>>1 | (\offset&0xe)<<2 | (\offset&0x20)>>3
    sh a4, 0(a3)
    li a4, \offset
    add a4, a3, a4
    li a5, 0x8602                               // c.jr a2
    sh a5, 0(a4)
    fence.i
    li ra, 0
    la a2, 75f
    c.jr a3
    j fail
75: li t6, \funct-5                             // 1: C.JAL; 5: C.J
    beqz t6, 76f
    addi t6, a3, 2
76: bne ra, t6, fail
    end_check
    .endm
#define CJ(offset) check_cj __LINE__, 5, offset
#define CJAL(offset) check_cj __LINE__, 1, offset
    CJ(2)
    CJ(4)
    CJ(8)
    CJ(16)
    CJ(32)
    CJ(64)
    CJ(128)
    CJ(256)
    CJ(512)
    CJ(1024)
    CJ(2046)
    CJ(-2)
    CJ(-2048)
    CJAL(2)
    CJAL(4)
    CJAL(8)
    CJAL(16)
    CJAL(32)
    CJAL(64)
    CJAL(128)
    CJAL(256)
    CJAL(512)
    CJAL(1024)
    CJAL(2046)
    CJAL(-2)
    CJAL(-2048)

    // Offsets of C.BEQZ and C.BNEZ: -256 to +254.
    .macro check_cb line, funct, value, offset
    begin_check \line
    li a3, 0x80200000
    // imm[8|4:3] in bits 12 to 10, imm[7:6|2:1|5] in bits 6 to 2; rs1' = a0 (2) in bits 9 to 7.
    li a4, \funct<<13 | 2<<7 | 1 | (\offset&0x100)<<4 | (\offset&0x18)<<7 | (\offset&0xc0)>>1 | (\offset&0x6)<<2 | (\offset&0x20)>>3
    sh a4, 0(a3)
    li a4, \offset
    add a4, a3, a4
    li a5, 0x8602                               // c.jr a2
    sh a5, 0(a4)
    fence.i
    li a0, \value
    la a2, 75f
    c.jr a3
    j fail
75: end_check
    .endm
#define CBEQZ(offset) check_cb __LINE__, 6, 0, offset
#define CBNEZ(offset) check_cb __LINE__, 7, 1, offset
    CBEQZ(2)
    CBEQZ(4)
    CBEQZ(8)
    CBEQZ(16)
    CBEQZ(32)
    CBEQZ(64)
    CBEQZ(128)
    CBEQZ(254)
    CBEQZ(-2)
    CBEQZ(-256)
    CBNEZ(2)
    CBNEZ(4)
    CBNEZ(8)
    CBNEZ(16)
    CBNEZ(32)
    CBNEZ(64)
    CBNEZ(128)
    CBNEZ(254)
    CBNEZ(-2)
    CBNEZ(-256)

    // Straight-line code that mixes both lengths, entered at each of its instructions.
    .balign 4
    la a0, 9f
    li a2, 0
    .irp entry, 1, 2, 3, 4
    la a1, \entry\()f
    jalr a3, 0(a1)
    .endr
    c.j 9f
    .balign 4
1:  addi a2, a2, 1                              // 32 bits at 0 mod 4
    .option norvc
2:  .option rvc
    c.addi a2, 2
3:  .option norvc
    addi a2, a2, 4                              // 32 bits at 2 mod 4
    .option rvc
4:  c.addi a2, 8
    c.jr a3
9:  EQUAL(a2, 49)                               // (1+2+4+8) + (2+4+8) + (4+8) + 8
    PASS()
