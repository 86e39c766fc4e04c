// MUL, MULH, MULHSU, MULHU (I 7.1): the low and high word of the 64-bit product, signed and unsigned.
#include "check.h"

main:
    RR(mul, 0, 0, 0)
    RR(mul, 0, -1, 0)
    RR(mul, 1, 1, 1)
    RR(mul, 3, 7, 21)
    RR(mul, -1, 1, -1)
    RR(mul, 1, -1, -1)
    RR(mul, -1, -1, 1)
    RR(mul, -3, 7, -21)
    RR(mul, 3, -7, -21)
    RR(mul, 0x80000000, 1, 0x80000000)
    RR(mul, 0x80000000, -1, 0x80000000)
    RR(mul, 0x80000000, 2, 0)
    RR(mul, 0x80000000, 0x80000000, 0)
    RR(mul, 0x7fffffff, 0x7fffffff, 1)          // (2^31 - 1)^2 = 2^62 - 2^32 + 1
    RR(mul, 0x7fffffff, 2, 0xfffffffe)
    RR(mul, 0xffff, 0xffff, 0xfffe0001)
    RR(mul, 0x10000, 0x10000, 0)
    RR(mul, 0x10001, 0x10001, 0x00020001)       // 2^32 + 2^17 + 1
    RR(mul, 0xaaaaaaaa, 3, 0xfffffffe)
    RR(mul, 0x55555555, 3, 0xffffffff)
    RR(mul, 0xaaaaaaab, 0x0002fe7d, 0x0000ff7f) // 0xaaaaaaab is the inverse of 3; 0x2fe7d = 3 * 0xff7f
    RR_D1(mul, 12, 11, 132)
    RR_D2(mul, 12, 11, 132)
    begin_check __LINE__
    li a0, -5
    mul a0, a0, a0
    li t6, 25
    bne a0, t6, fail
    end_check

    RR(mulh, 0, 0, 0)
    RR(mulh, 1, 1, 0)
    RR(mulh, -1, 1, -1)                         // -1 = 0xffffffff_ffffffff
    RR(mulh, 1, -1, -1)
    RR(mulh, -1, -1, 0)
    RR(mulh, 0x80000000, 1, -1)
    RR(mulh, 0x80000000, -1, 0)                 // 2^31
    RR(mulh, 0x80000000, 2, -1)                 // -2^32
    RR(mulh, 0x80000000, 0x80000000, 0x40000000)        // 2^62
    RR(mulh, 0x80000000, 0x7fffffff, 0xc0000000)        // -2^62 + 2^31
    RR(mulh, 0x7fffffff, 0x80000000, 0xc0000000)
    RR(mulh, 0x7fffffff, 0x7fffffff, 0x3fffffff)
    RR(mulh, 0x10000, 0x10000, 1)
    RR(mulh, -0x10000, 0x10000, -1)
    RR(mulh, 0x55555555, 3, 0)
    RR(mulh, 0xaaaaaaaa, 3, -2)                 // -0x55555556 * 3 = -0x1_00000002
    RR(mulh, 0xaaaaaaaa, 4, -2)                 // -0x1_55555558
    RR_D1(mulh, 0x40000000, -4, -1)
    RR_D2(mulh, 0x40000000, 4, 1)
    begin_check __LINE__
    li a0, 0x80000000
    mulh a0, a0, a0
    li t6, 0x40000000
    bne a0, t6, fail
    end_check

    RR(mulhu, 0, -1, 0)
    RR(mulhu, 1, -1, 0)
    RR(mulhu, 2, -1, 1)
    RR(mulhu, -1, 2, 1)
    RR(mulhu, -1, -1, 0xfffffffe)               // (2^32 - 1)^2 = 2^64 - 2^33 + 1
    RR(mulhu, 0x80000000, 0x80000000, 0x40000000)
    RR(mulhu, 0x80000000, 2, 1)
    RR(mulhu, 0x80000000, -1, 0x7fffffff)
    RR(mulhu, 0x7fffffff, 0x7fffffff, 0x3fffffff)
    RR(mulhu, 0xaaaaaaaa, 3, 1)                 // 0x1_fffffffe
    RR(mulhu, 0xaaaaaaaa, 0xaaaaaaaa, 0x71c71c70)       // 0xaaaaaaaa^2 = 4 * 0x55555555^2 = 0x71c71c70_e38e38e4
    RR(mulhu, 0xffff0000, 0x00010000, 0xffff)
    RR_D1(mulhu, -1, -1, 0xfffffffe)
    RR_D2(mulhu, -1, -1, 0xfffffffe)
    begin_check __LINE__
    li a0, -1
    mulhu a0, a0, a0
    li t6, 0xfffffffe
    bne a0, t6, fail
    end_check

    // MULHSU: rs1 signed, rs2 unsigned.
    RR(mulhsu, 0, -1, 0)
    RR(mulhsu, 1, -1, 0)
    RR(mulhsu, -1, 1, -1)
    RR(mulhsu, -1, -1, -1)                      // -(2^32 - 1) = 0xffffffff_00000001
    RR(mulhsu, -1, 0, 0)
    RR(mulhsu, 2, -1, 1)
    RR(mulhsu, -1, 2, -1)
    RR(mulhsu, 0x80000000, 0x80000000, 0xc0000000)      // -2^62
    RR(mulhsu, 0x80000000, -1, 0x80000000)      // -2^63 + 2^31
    RR(mulhsu, 0x7fffffff, 0x80000000, 0x3fffffff)      // 2^62 - 2^31
    RR(mulhsu, 0x7fffffff, -1, 0x7ffffffe)      // 2^63 - 2^31 - 2^32 + 1
    RR(mulhsu, 0x80000000, 1, -1)
    RR(mulhsu, 0xaaaaaaaa, 3, -2)
    RR(mulhsu, 3, 0xaaaaaaaa, 1)
    RR_D1(mulhsu, -1, 2, -1)
    RR_D2(mulhsu, -1, 2, -1)
    begin_check __LINE__                        // rs1 = rs2 = -1: one is -1, the other 2^32 - 1
    li a0, -1
    mulhsu a0, a0, a0
    li t6, -1
    bne a0, t6, fail
    end_check

    // The pair that makes a 64-bit product, as the manual recommends it, and its reverse.
    li a0, 0xdeadbeef
    li a1, 0x12345678
    mulhu a2, a0, a1
    mul a3, a0, a1
    EQUAL(a2, 0x0fd5bdee)                       // 0x0fd5bdee_5621ca08, by long multiplication
    EQUAL(a3, 0x5621ca08)
    mul a3, a1, a0
    mulh a2, a1, a0                             // less 2^32 * 0x12345678, since 0xdeadbeef is negative
    EQUAL(a2, 0x0fd5bdee-0x12345678)
    PASS()
