// ADD, SUB, ADDI, LUI, AUIPC (I 2.4): overflow is ignored, the result is the low 32 bits.
#include "check.h"

main:
    // ADD (I 2.4).
    RR(add, 0, 0, 0)
    RR(add, 0, -1, -1)
    RR(add, 1, -1, 0)
    RR(add, -1, -1, -2)
    RR(add, 0x7fffffff, 1, 0x80000000)
    RR(add, 0x80000000, -1, 0x7fffffff)
    RR(add, 0x80000000, 0x80000000, 0)
    RR(add, 0x7fffffff, 0x7fffffff, 0xfffffffe)
    RR(add, 0x7fffffff, 0x80000000, -1)
    RR(add, 0xaaaaaaaa, 0x55555555, 0xffffffff)
    RR(add, 0xaaaaaaaa, 0xaaaaaaaa, 0x55555554)
    RR(add, 0x0000ffff, 1, 0x00010000)          // The carry crosses each byte.
    RR(add, 0x00ffffff, 1, 0x01000000)
    RR(add, 0x000000ff, 1, 0x00000100)
    RR(add, 0x12345678, 0x87654321, 0x99999999)
    RR_D1(add, 0x7fffffff, 2, 0x80000001)
    RR_D2(add, 0x7fffffff, 2, 0x80000001)
    RR_SAME(add, 0xc0000001, 0x80000002)

    // SUB subtracts rs2 from rs1 (I 2.4).
    RR(sub, 0, 0, 0)
    RR(sub, 0, 1, -1)
    RR(sub, 1, 0, 1)
    RR(sub, 0, -1, 1)
    RR(sub, -1, -1, 0)
    RR(sub, 0, 0x80000000, 0x80000000)          // The negative of the least integer is itself.
    RR(sub, 0x80000000, 1, 0x7fffffff)
    RR(sub, 0x7fffffff, -1, 0x80000000)
    RR(sub, 0x7fffffff, 0x80000000, -1)
    RR(sub, 0x80000000, 0x7fffffff, 1)
    RR(sub, 0x55555555, 0xaaaaaaaa, 0xaaaaaaab)
    RR(sub, 0xaaaaaaaa, 0x55555555, 0x55555555)
    RR(sub, 0x00010000, 1, 0x0000ffff)
    RR(sub, 0x01000000, 1, 0x00ffffff)
    RR_D1(sub, 3, 5, -2)
    RR_D2(sub, 3, 5, -2)
    RR_SAME(sub, 0x80000000, 0)

    // ADDI: a sign-extended 12-bit immediate (I 2.4).
    RI(addi, 0, 0, 0)
    RI(addi, 0, 1, 1)
    begin_check __LINE__                        // -1, and twice -1 with rd = rs1
    li a0, 0
    addi a0, a0, -1
    li t6, 0xffffffff
    bne a0, t6, fail
    addi a0, a0, -1
    li t6, 0xfffffffe
    bne a0, t6, fail
    end_check
    li a0, 0
    addi a1, a0, 2047
    EQUAL(a1, 0x7ff)
    addi a1, a0, -2048
    EQUAL(a1, 0xfffff800)
    li a0, 0x7fffffff
    addi a1, a0, 1
    EQUAL(a1, 0x80000000)
    addi a1, a0, 2047
    EQUAL(a1, 0x800007fe)
    li a0, 0x80000000
    addi a1, a0, -1
    EQUAL(a1, 0x7fffffff)
    addi a1, a0, -2048
    EQUAL(a1, 0x7ffff800)
    li a0, 0xfffff801
    addi a1, a0, 2047
    EQUAL(a1, 0)
    addi a0, a0, 2047                           // rd = rs1
    EQUAL(a0, 0)
    li a0, 0x12345678
    addi a1, a0, 0                              // MV (I 2.4)
    EQUAL(a1, 0x12345678)
    addi x0, x0, 0                              // NOP (I 2.4) changes nothing but the pc
    EQUAL(a1, 0x12345678)

    // LUI: the immediate in bits 31:12, zeros below (I 2.4).
    lui a0, 0
    EQUAL(a0, 0)
    lui a0, 1
    EQUAL(a0, 0x1000)
    lui a0, 0x7ffff
    EQUAL(a0, 0x7ffff000)
    lui a0, 0x80000
    EQUAL(a0, 0x80000000)
    lui a0, 0xfffff
    EQUAL(a0, 0xfffff000)
    lui a0, 0xaaaaa
    EQUAL(a0, 0xaaaaa000)
    li a0, -1                                   // the low bits of the old value go
    lui a0, 0x12345
    EQUAL(a0, 0x12345000)

    // AUIPC: its own address plus the immediate in bits 31:12 (I 2.4).
1:  auipc a0, 0
    ADDRESS(a0, 1b)
1:  auipc a0, 1
    ADDRESS(a0, 1b+0x1000)
1:  auipc a0, 0xfffff
    ADDRESS(a0, 1b-0x1000)
1:  auipc a0, 0x7ffff
    la a1, 1b
    li a2, 0x7ffff000
    add a1, a1, a2
    SAME(a0, a1)
1:  auipc a0, 0x80000                           // 0x80000000 + 0x80000000 wraps
    la a1, 1b
    slli a1, a1, 1
    srli a1, a1, 1
    SAME(a0, a1)
    // At an address that is 2 mod 4, where C allows it.
    .option rvc
    .balign 4
    c.nop
1:  auipc a0, 0
    c.nop
    .option norvc
    ADDRESS(a0, 1b)
    andi a0, a0, 3
    EQUAL(a0, 2)
    PASS()
