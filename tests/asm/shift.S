// SLL, SRL, SRA by the low 5 bits of rs2; SLLI, SRLI, SRAI (I 2.4).
#include "check.h"

main:
    RR(sll, 1, 0, 1)
    RR(sll, 1, 1, 2)
    RR(sll, 1, 31, 0x80000000)
    RR(sll, 0xffffffff, 31, 0x80000000)
    RR(sll, 0xffffffff, 1, 0xfffffffe)
    RR(sll, 0x12345678, 4, 0x23456780)
    RR(sll, 0x12345678, 16, 0x56780000)
    RR(sll, 0x55555555, 1, 0xaaaaaaaa)
    RR(sll, 0x80000000, 1, 0)
    RR(sll, 0, 31, 0)
    // Amounts above 31: only bits 4:0 count.
    RR(sll, 0x12345678, 32, 0x12345678)
    RR(sll, 0x12345678, 33, 0x2468acf0)
    RR(sll, 1, 63, 0x80000000)
    RR(sll, 1, -1, 0x80000000)
    RR(sll, 0x12345678, 0xffffffe0, 0x12345678)
    RR(sll, 0x12345678, 0x80000004, 0x23456780)
    RR_D1(sll, 3, 5, 0x60)
    RR_D2(sll, 3, 5, 0x60)
    begin_check __LINE__                        // rs1 = rs2 = rd: 5 << 5
    li a0, 5
    sll a0, a0, a0
    li t6, 160
    bne a0, t6, fail
    end_check

    RR(srl, 1, 0, 1)
    RR(srl, 1, 1, 0)
    RR(srl, 0x80000000, 0, 0x80000000)
    RR(srl, 0x80000000, 1, 0x40000000)          // zeros from above
    RR(srl, 0x80000000, 31, 1)
    RR(srl, 0xffffffff, 31, 1)
    RR(srl, 0xffffffff, 1, 0x7fffffff)
    RR(srl, 0x7fffffff, 31, 0)
    RR(srl, 0x87654321, 4, 0x08765432)
    RR(srl, 0x87654321, 16, 0x8765)
    RR(srl, 0xaaaaaaaa, 1, 0x55555555)
    RR(srl, 0x87654321, 32, 0x87654321)
    RR(srl, 0x87654321, 36, 0x08765432)
    RR(srl, 0xffffffff, -1, 1)
    RR(srl, 0x87654321, 0xffffffe0, 0x87654321)
    RR_D1(srl, 0x60, 5, 3)
    RR_D2(srl, 0x60, 5, 3)
    begin_check __LINE__                        // 33 >> (33 & 31)
    li a0, 33
    srl a0, a0, a0
    li t6, 16
    bne a0, t6, fail
    end_check

    RR(sra, 1, 1, 0)
    RR(sra, 0x80000000, 0, 0x80000000)
    RR(sra, 0x80000000, 1, 0xc0000000)          // copies of the sign from above
    RR(sra, 0x80000000, 31, 0xffffffff)
    RR(sra, 0x80000001, 4, 0xf8000000)
    RR(sra, 0x7fffffff, 31, 0)
    RR(sra, 0x7fffffff, 1, 0x3fffffff)
    RR(sra, 0xffffffff, 31, 0xffffffff)
    RR(sra, 0xfffffffe, 1, 0xffffffff)
    RR(sra, 0x87654321, 4, 0xf8765432)
    RR(sra, 0x87654321, 16, 0xffff8765)
    RR(sra, 0x77654321, 16, 0x7765)
    RR(sra, 0xaaaaaaaa, 1, 0xd5555555)
    RR(sra, 0x87654321, 32, 0x87654321)
    RR(sra, 0x87654321, 36, 0xf8765432)
    RR(sra, 0x80000000, -1, 0xffffffff)
    RR(sra, 0x87654321, 0xffffffe0, 0x87654321)
    RR_D1(sra, 0x80000060, 5, 0xfc000003)
    RR_D2(sra, 0x80000060, 5, 0xfc000003)
    begin_check __LINE__                        // 0xfffffff1 >> 17
    li a0, 0xfffffff1
    sra a0, a0, a0
    li t6, -1
    bne a0, t6, fail
    end_check

    li a0, 0x87654321
    slli a1, a0, 0
    EQUAL(a1, 0x87654321)
    slli a1, a0, 1
    EQUAL(a1, 0x0eca8642)
    slli a1, a0, 31
    EQUAL(a1, 0x80000000)
    slli a1, a0, 8
    EQUAL(a1, 0x65432100)
    srli a1, a0, 0
    EQUAL(a1, 0x87654321)
    srli a1, a0, 1
    EQUAL(a1, 0x43b2a190)
    srli a1, a0, 31
    EQUAL(a1, 1)
    srli a1, a0, 8
    EQUAL(a1, 0x00876543)
    srai a1, a0, 0
    EQUAL(a1, 0x87654321)
    srai a1, a0, 1
    EQUAL(a1, 0xc3b2a190)
    srai a1, a0, 31
    EQUAL(a1, 0xffffffff)
    srai a1, a0, 8
    EQUAL(a1, 0xff876543)
    li a0, 0x47654321
    srai a1, a0, 31
    EQUAL(a1, 0)
    srai a1, a0, 8
    EQUAL(a1, 0x00476543)
    // rd = rs1
    li a0, 0x80000001
    slli a0, a0, 4
    EQUAL(a0, 0x10)
    li a0, 0x80000001
    srli a0, a0, 4
    EQUAL(a0, 0x08000000)
    li a0, 0x80000001
    srai a0, a0, 4
    EQUAL(a0, 0xf8000000)
    PASS()
