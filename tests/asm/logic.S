// AND, OR, XOR and their immediate forms (I 2.4).
#include "check.h"

main:
    // All four combinations of bits are in 0x33333333 and 0x55555555: 0 0, 0 1, 1 0, 1 1.
    RR(and, 0x33333333, 0x55555555, 0x11111111)
    RR(or, 0x33333333, 0x55555555, 0x77777777)
    RR(xor, 0x33333333, 0x55555555, 0x66666666)
    RR(and, 0xcccccccc, 0xaaaaaaaa, 0x88888888)
    RR(or, 0xcccccccc, 0xaaaaaaaa, 0xeeeeeeee)
    RR(xor, 0xcccccccc, 0xaaaaaaaa, 0x66666666)

    RR(and, 0, -1, 0)
    RR(and, -1, -1, -1)
    RR(and, 0x80000000, -1, 0x80000000)
    RR(and, 0x80000001, 0x7fffffff, 1)
    RR(and, 0xffff0000, 0x00ffff00, 0x00ff0000)
    RR(or, 0, 0, 0)
    RR(or, 0, -1, -1)
    RR(or, 0x80000000, 1, 0x80000001)
    RR(or, 0xff00ff00, 0x0f0f0f0f, 0xff0fff0f)
    RR(xor, 0, 0, 0)
    RR(xor, -1, -1, 0)
    RR(xor, -1, 0, -1)
    RR(xor, 0x80000000, 0x7fffffff, -1)
    RR(xor, 0xff00ff00, 0x0f0f0f0f, 0xf00ff00f)
    RR_D1(and, 0x0ff0, 0x00ff, 0x00f0)
    RR_D2(and, 0x0ff0, 0x00ff, 0x00f0)
    RR_SAME(and, 0x80000001, 0x80000001)
    RR_D1(or, 0x0ff0, 0x00ff, 0x0fff)
    RR_D2(or, 0x0ff0, 0x00ff, 0x0fff)
    RR_SAME(or, 0x80000001, 0x80000001)
    RR_D1(xor, 0x0ff0, 0x00ff, 0x0f0f)
    RR_D2(xor, 0x0ff0, 0x00ff, 0x0f0f)
    begin_check __LINE__                        // x ^ x = 0
    li a0, 0x80000001
    xor a0, a0, a0
    bnez a0, fail
    end_check

    // The immediate is sign-extended: 0x800 means 0xfffff800 (I 2.4).
    RI(andi, 0x33333333, 0x555, 0x111)
    RI(andi, -1, -1, -1)
    RI(andi, -1, 0, 0)
    RI(andi, 0x12345678, 0x7ff, 0x678)
    RI(andi, 0x12345678, -2048, 0x12345000)
    RI(andi, 0x80000000, -2048, 0x80000000)
    RI(ori, 0x33333333, 0x555, 0x33333777)
    RI(ori, 0, 0, 0)
    RI(ori, 0, -1, -1)
    RI(ori, 0, 0x7ff, 0x7ff)
    RI(ori, 0, -2048, 0xfffff800)
    RI(ori, 0x80000000, 1, 0x80000001)
    li a0, 0x33333333
    xori a1, a0, 0x555
    EQUAL(a1, 0x33333666)
    xori a1, a0, -1                             // NOT (I 2.4)
    EQUAL(a1, 0xcccccccc)
    xori a1, a0, -2048
    EQUAL(a1, 0xcccccb33)
    xori a1, a0, 2047
    EQUAL(a1, 0x333334cc)
    xori a1, a0, 0
    EQUAL(a1, 0x33333333)
    xori a0, a0, -1                             // rd = rs1
    EQUAL(a0, 0xcccccccc)
    xori a0, a0, -1
    EQUAL(a0, 0x33333333)
    PASS()
