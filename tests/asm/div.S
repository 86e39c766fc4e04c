// DIV, DIVU, REM, REMU (I 7.2): rounding towards zero, the sign of a remainder is the dividend's, division by zero and
// overflow as the manual's table has it.
#include "check.h"

main:
    RR(div, 0, 1, 0)
    RR(div, 1, 1, 1)
    RR(div, 20, 6, 3)
    RR(div, -20, 6, -3)
    RR(div, 20, -6, -3)
    RR(div, -20, -6, 3)
    RR(div, 5, 6, 0)
    RR(div, -5, 6, 0)
    RR(div, -1, 1, -1)
    RR(div, -1, -1, 1)
    RR(div, 1, -1, -1)
    RR(div, 0x7fffffff, 1, 0x7fffffff)
    RR(div, 0x7fffffff, -1, 0x80000001)
    RR(div, 0x7fffffff, 0x7fffffff, 1)
    RR(div, 0x80000000, 1, 0x80000000)
    RR(div, 0x80000000, 2, 0xc0000000)
    RR(div, 0x80000000, -2, 0x40000000)
    RR(div, 0x80000000, 0x80000000, 1)
    RR(div, 0x7fffffff, 0x80000000, 0)
    RR(div, 0x80000000, 0x7fffffff, -1)
    RR(div, 0xaaaaaaaa, 2, 0xd5555555)
    RR(div, 0x80000000, -1, 0x80000000)         // overflow
    RR(div, 0, 0, -1)                           // by zero
    RR(div, 1, 0, -1)
    RR(div, -1, 0, -1)
    RR(div, 0x80000000, 0, -1)
    RR(div, 0x7fffffff, 0, -1)
    RR_D1(div, 42, 5, 8)
    RR_D2(div, 42, 5, 8)
    RR_D2(div, 42, 0, -1)
    RR_SAME(div, 1, 1)
    begin_check __LINE__                        // rd = rs1 = rs2 = 0
    li a0, 0
    div a0, a0, a0
    li t6, -1
    bne a0, t6, fail
    end_check

    RR(divu, 0, 1, 0)
    RR(divu, 20, 6, 3)
    RR(divu, -20, 6, 715827879)                 // (2^32 - 20) / 6
    RR(divu, 20, -6, 0)
    RR(divu, -6, -20, 1)
    RR(divu, -20, -6, 0)
    RR(divu, -1, 1, -1)
    RR(divu, -1, -1, 1)
    RR(divu, -1, 2, 0x7fffffff)
    RR(divu, 0x80000000, 1, 0x80000000)
    RR(divu, 0x80000000, -1, 0)
    RR(divu, 0x80000000, 0x7fffffff, 1)
    RR(divu, 0xaaaaaaaa, 0x55555555, 2)
    RR(divu, 0, 0, -1)                          // by zero: 2^32 - 1
    RR(divu, 1, 0, -1)
    RR(divu, -1, 0, -1)
    RR(divu, 0x80000000, 0, -1)
    RR_D1(divu, 42, 5, 8)
    RR_D2(divu, 42, 5, 8)

    RR(rem, 0, 1, 0)
    RR(rem, 20, 6, 2)
    RR(rem, -20, 6, -2)
    RR(rem, 20, -6, 2)
    RR(rem, -20, -6, -2)
    RR(rem, 5, 6, 5)
    RR(rem, -5, 6, -5)
    RR(rem, -1, 1, 0)
    RR(rem, 0x7fffffff, -1, 0)
    RR(rem, 0x80000000, 3, -2)                  // -2147483648 = 3 * -715827882 - 2
    RR(rem, 0x7fffffff, 0x80000000, 0x7fffffff)
    RR(rem, 0x80000000, 0x7fffffff, -1)
    RR(rem, 0x80000000, -1, 0)                  // overflow
    RR(rem, 0, 0, 0)                            // by zero: the dividend
    RR(rem, 1, 0, 1)
    RR(rem, -1, 0, -1)
    RR(rem, 0x80000000, 0, 0x80000000)
    RR_D1(rem, 42, 5, 2)
    RR_D2(rem, 42, 5, 2)
    RR_D2(rem, 42, 0, 42)
    begin_check __LINE__
    li a0, 9
    rem a0, a0, a0
    bnez a0, fail
    end_check

    RR(remu, 0, 1, 0)
    RR(remu, 20, 6, 2)
    RR(remu, -20, 6, 2)                         // 4294967276 = 6 * 715827879 + 2
    RR(remu, 20, -6, 20)
    RR(remu, -6, -20, 14)
    RR(remu, -1, 2, 1)
    RR(remu, 0x80000000, -1, 0x80000000)
    RR(remu, 0x80000000, 0x7fffffff, 1)
    RR(remu, -1, 0x80000000, 0x7fffffff)
    RR(remu, 0, 0, 0)                           // by zero: the dividend
    RR(remu, 1, 0, 1)
    RR(remu, -1, 0, -1)
    RR(remu, 0x80000000, 0, 0x80000000)
    RR_D1(remu, 42, 5, 2)
    RR_D2(remu, 42, 5, 2)
    RR_D2(remu, 42, 0, 42)

    // Quotient and remainder of one pair, as a compiler fuses them.
    li a0, 0xdeadbeef
    li a1, 0x1234
    divu a2, a0, a1
    remu a3, a0, a1
    mul a4, a2, a1
    add a4, a4, a3
    EQUAL(a4, 0xdeadbeef)
    sltu a4, a3, a1
    EQUAL(a4, 1)
    div a2, a0, a1
    rem a3, a0, a1
    mul a4, a2, a1
    add a4, a4, a3
    EQUAL(a4, 0xdeadbeef)
    PASS()
