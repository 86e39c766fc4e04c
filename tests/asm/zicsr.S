// CSRRW, CSRRS, CSRRC and their immediate forms (I 9.1), on mscratch, which holds any 32-bit value (P 3.1.13).
#include "check.h"

main:
    // CSRRW: rd = old value, CSR = rs1.
    li a0, 0x12345678
    csrrw x0, mscratch, a0
    EQUAL(a0, 0x12345678)
    li a1, 0x89abcdef
    csrrw a2, mscratch, a1
    EQUAL(a2, 0x12345678)
    EQUAL(a1, 0x89abcdef)
    csrrw a1, mscratch, a1                      // rd = rs1
    EQUAL(a1, 0x89abcdef)
    li a1, 5
    csrrw a1, mscratch, a1                      // a swap
    EQUAL(a1, 0x89abcdef)
    csrrs a2, mscratch, x0
    EQUAL(a2, 5)
    csrrw a2, mscratch, x0                      // rs1 = x0 writes zero
    EQUAL(a2, 5)
    csrr a2, mscratch
    EQUAL(a2, 0)
    li a0, -1
    csrw mscratch, a0
    csrr a2, mscratch
    EQUAL(a2, -1)
    li a0, 0x80000000
    csrw mscratch, a0
    csrr a2, mscratch
    EQUAL(a2, 0x80000000)

    // CSRRS: sets the bits of rs1.
    li a0, 0x0f0f0f0f
    csrw mscratch, a0
    li a1, 0x33333333
    csrrs a2, mscratch, a1
    EQUAL(a2, 0x0f0f0f0f)
    csrr a2, mscratch
    EQUAL(a2, 0x3f3f3f3f)
    li a1, 0x80000000
    csrrs a1, mscratch, a1                      // rd = rs1
    EQUAL(a1, 0x3f3f3f3f)
    csrrs x0, mscratch, x0
    csrr a2, mscratch
    EQUAL(a2, 0xbf3f3f3f)

    // CSRRC: clears the bits of rs1.
    li a1, 0x0000ffff
    csrrc a2, mscratch, a1
    EQUAL(a2, 0xbf3f3f3f)
    csrr a2, mscratch
    EQUAL(a2, 0xbf3f0000)
    li a1, 0x80000000
    csrrc a1, mscratch, a1                      // rd = rs1
    EQUAL(a1, 0xbf3f0000)
    csrrc a2, mscratch, x0
    EQUAL(a2, 0x3f3f0000)
    csrr a2, mscratch
    EQUAL(a2, 0x3f3f0000)

    // The immediate is 5 bits, zero-extended.
    csrrwi a2, mscratch, 31
    EQUAL(a2, 0x3f3f0000)
    csrr a2, mscratch
    EQUAL(a2, 31)
    csrrwi a2, mscratch, 16
    EQUAL(a2, 31)
    csrrwi a2, mscratch, 0                      // unlike the other two forms, writes zero
    EQUAL(a2, 16)
    csrr a2, mscratch
    EQUAL(a2, 0)
    li a0, 0xffff0001
    csrw mscratch, a0
    csrrsi a2, mscratch, 30
    EQUAL(a2, 0xffff0001)
    csrrsi a2, mscratch, 0
    EQUAL(a2, 0xffff001f)
    csrrci a2, mscratch, 17
    EQUAL(a2, 0xffff001f)
    csrrci a2, mscratch, 0
    EQUAL(a2, 0xffff000e)
    csrrci x0, mscratch, 31
    csrr a2, mscratch
    EQUAL(a2, 0xffff0000)
    csrrsi x0, mscratch, 1
    csrrwi x0, mscratch, 9
    csrr a2, mscratch
    EQUAL(a2, 9)

    // Read-only CSRs (address bits 11:10 = 11, P 2.1): forms that do not write are legal, those that do are not.
    csrr a0, mhartid
    csrrs a1, mhartid, x0
    SAME(a0, a1)
    csrrc a1, mhartid, x0
    SAME(a0, a1)
    csrrsi a1, mhartid, 0
    SAME(a0, a1)
    csrrci a1, mhartid, 0
    SAME(a0, a1)
    EQUAL(a1, 0)                                // The only hart is hart 0 (P 3.1.5).
    li a0, 0
    li a1, 0x77
    TRAPS(ILLEGAL, 0xf14515f3, csrrw a1, mhartid, a0)
    TRAPS(ILLEGAL, 0xf14015f3, csrrw a1, mhartid, x0)
    TRAPS(ILLEGAL, 0xf1405073, csrrwi x0, mhartid, 0)
    TRAPS(ILLEGAL, 0xf140e5f3, csrrsi a1, mhartid, 1)
    TRAPS(ILLEGAL, 0xf14ff5f3, csrrci a1, mhartid, 31)
    li a0, 1
    TRAPS(ILLEGAL, 0xf14525f3, csrrs a1, mhartid, a0)
    TRAPS(ILLEGAL, 0xf14535f3, csrrc a1, mhartid, a0)
    li a0, 0
#ifndef QEMU                                    // QEMU 7.2 looks at the value: nothing to set, so no write
    // A register other than x0 that holds zero: "the instruction will still attempt to write" (I 9.1).
    TRAPS(ILLEGAL, 0xf14525f3, csrrs a1, mhartid, a0)
    TRAPS(ILLEGAL, 0xf14535f3, csrrc a1, mhartid, a0)
#endif
    EQUAL(a1, 0x77)                             // rd of a trapping instruction keeps its value

    // No such CSR: in the standard's and in the custom ranges.
    TRAPS(ILLEGAL, 0x005025f3, csrrs a1, 0x005, x0)
    TRAPS(ILLEGAL, 0x800025f3, csrrs a1, 0x800, x0)
    TRAPS(ILLEGAL, 0xbc0025f3, csrrs a1, 0xbc0, x0)
    TRAPS(ILLEGAL, 0xfc0025f3, csrrs a1, 0xfc0, x0)
    TRAPS(ILLEGAL, 0x801515f3, csrrw a1, 0x801, a0)
    TRAPS(ILLEGAL, 0x801075f3, csrrci a1, 0x801, 0)
    TRAPS(ILLEGAL, 0xffff9073, csrrw x0, 0xfff, x31)
    EQUAL(a1, 0x77)

    // SYSTEM with funct3 = 4 is none of the six.
    TRAPS(ILLEGAL, 0x340545f3, .word 0x340545f3)
    csrr a2, mscratch
    EQUAL(a2, 9)

    // The other registers of traps hold what is written (P 3.1.14 to 3.1.16): mepc without bit 0.
    li a0, 0x13579bde
    csrw mepc, a0
    csrr a1, mepc
    EQUAL(a1, 0x13579bde)
    li a0, -1
    csrw mepc, a0
    csrr a1, mepc
#ifndef QEMU                                    // QEMU 7.2 keeps bit 0, which is always zero (P 3.1.14)
    EQUAL(a1, 0xfffffffe)
#endif
    csrw mtval, a0
    csrr a1, mtval
    EQUAL(a1, -1)
    csrwi mtval, 0
    csrr a1, mtval
    EQUAL(a1, 0)
    csrwi mcause, 11
    csrr a1, mcause
    EQUAL(a1, 11)
    li a0, 0x80000007
    csrw mcause, a0
    csrr a1, mcause
    EQUAL(a1, 0x80000007)
    PASS()
