// Halfwords that are no instruction of RV32C (I 16.8): cause 2, mtval = the halfword (core).
#include "check.h"

    .option rvc
#define ILL(half) TRAPS(ILLEGAL, half, .hword half)

main:
    li a0, 0x80200000
    li a1, 0x55
    li s0, 0x80200000
    li s1, 0x80200000
    li sp, 0x80200000

    ILL(0x0000)                                 // all zeros: illegal by definition (I 1.5, 16.5)
    // Quadrant 0.
    ILL(0x0004)                                 // c.addi4spn with nzuimm = 0: reserved
    ILL(0x001c)
    ILL(0x2000)                                 // c.fld
    ILL(0x3ffc)
    ILL(0x6000)                                 // c.flw
    ILL(0x7ffc)
    ILL(0x8000)                                 // funct3 4: reserved
    ILL(0x8400)
    ILL(0x9ffc)
    ILL(0xa000)                                 // c.fsd
    ILL(0xbffc)
    ILL(0xe000)                                 // c.fsw
    ILL(0xfffc)
    // Quadrant 1.
    ILL(0x6101)                                 // c.addi16sp with nzimm = 0: reserved
    ILL(0x6501)                                 // c.lui with nzimm = 0: reserved
    ILL(0x6081)
    ILL(0x6f81)
    ILL(0x9101)                                 // c.srli with shamt[5]: not for RV32
    ILL(0x917d)
    ILL(0x9501)                                 // c.srai with shamt[5]
    ILL(0x957d)
    ILL(0x9d0d)                                 // c.subw: RV64
    ILL(0x9d2d)                                 // c.addw: RV64
    ILL(0x9d4d)                                 // reserved
    ILL(0x9d6d)                                 // reserved
    // Quadrant 2.
    ILL(0x1502)                                 // c.slli with shamt[5]
    ILL(0x157e)
    ILL(0x1002)                                 // the same with rd = x0
    ILL(0x2002)                                 // c.fldsp
    ILL(0x3ffe)
    ILL(0x4002)                                 // c.lwsp with rd = x0: reserved
    ILL(0x507e)
    ILL(0x6002)                                 // c.flwsp
    ILL(0x7ffe)
    ILL(0x8002)                                 // c.jr with rs1 = x0: reserved
    ILL(0xa002)                                 // c.fsdsp
    ILL(0xbffe)
    ILL(0xe002)                                 // c.fswsp
    ILL(0xfffe)

    // The halfword after it is not part of mtval, and the upper half of mtval is zero.
    TRAPS(ILLEGAL, 0x8002, .hword 0x8002, 0xffff)
    TRAPS(ILLEGAL, 0, .word 0)
    TRAPS(ILLEGAL, 0, .word 0xffff0000)
    // The same where the other alignment applies: each is first at 0, then at 2 mod 4.
    .balign 4
    la s11, 2f
1:  .hword 0x9d0d
    j fail
2:  EQUAL(s10, 0x9d0d)
    ADDRESS(s9, 1b)
    .balign 4
    la s11, 2f
    c.nop
1:  .hword 0x9d0d
    j fail
2:  EQUAL(s10, 0x9d0d)
    ADDRESS(s9, 1b)

    EQUAL(a0, 0x80200000)
    EQUAL(a1, 0x55)
    EQUAL(sp, 0x80200000)
    PASS()
