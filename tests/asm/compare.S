// SLT, SLTU, SLTI, SLTIU (I 2.4): 1 if rs1 is less, otherwise 0.
#include "check.h"

main:
    RR(slt, 0, 0, 0)
    RR(slt, 0, 1, 1)
    RR(slt, 1, 0, 0)
    RR(slt, -1, 0, 1)
    RR(slt, 0, -1, 0)
    RR(slt, -1, -1, 0)
    RR(slt, -2, -1, 1)
    RR(slt, -1, -2, 0)
    RR(slt, 0x80000000, 0x7fffffff, 1)          // least and greatest: their difference overflows
    RR(slt, 0x7fffffff, 0x80000000, 0)
    RR(slt, 0x80000000, 0x80000000, 0)
    RR(slt, 0x80000000, 0x80000001, 1)
    RR(slt, 0x80000000, 0, 1)
    RR(slt, 0, 0x80000000, 0)
    RR(slt, 0x7fffffff, 0x7fffffff, 0)
    RR(slt, 0x7ffffffe, 0x7fffffff, 1)
    RR(slt, 0xaaaaaaaa, 0x55555555, 1)
    RR_D1(slt, -1, 1, 1)
    RR_D2(slt, -1, 1, 1)
    RR_D1(slt, 1, -1, 0)
    RR_D2(slt, 1, -1, 0)

    RR(sltu, 0, 0, 0)
    RR(sltu, 0, 1, 1)
    RR(sltu, 1, 0, 0)
    RR(sltu, -1, 0, 0)
    RR(sltu, 0, -1, 1)
    RR(sltu, -1, -1, 0)
    RR(sltu, -2, -1, 1)
    RR(sltu, 0x80000000, 0x7fffffff, 0)
    RR(sltu, 0x7fffffff, 0x80000000, 1)
    RR(sltu, 0x80000000, 0x80000000, 0)
    RR(sltu, 0x80000000, 0x80000001, 1)
    RR(sltu, 0xaaaaaaaa, 0x55555555, 0)
    RR(sltu, 0x55555555, 0xaaaaaaaa, 1)
    RR_D1(sltu, 1, -1, 1)
    RR_D2(sltu, 1, -1, 1)
    // SNEZ: sltu rd, x0, rs2 is 1 unless rs2 is 0 (I 2.4).
    li a0, 0x80000000
    sltu a1, x0, a0
    EQUAL(a1, 1)
    sltu a1, x0, x0
    EQUAL(a1, 0)

    // Immediates are sign-extended, then compared as the mnemonic says; SLTIU's too (I 2.4).
    .macro slti_check line, op, a, imm, value
    begin_check \line
    li a0, \a
    \op a1, a0, \imm
    li t6, \value
    bne a1, t6, fail
    \op a0, a0, \imm
    bne a0, t6, fail
    end_check
    .endm
#define CI(op, a, imm, value) slti_check __LINE__, op, a, imm, value
    CI(slti, 0, 0, 0)
    CI(slti, 0, 1, 1)
    CI(slti, 0, -1, 0)
    CI(slti, -1, 0, 1)
    CI(slti, 2046, 2047, 1)
    CI(slti, 2047, 2047, 0)
    CI(slti, 2048, 2047, 0)
    CI(slti, -2049, -2048, 1)
    CI(slti, -2048, -2048, 0)
    CI(slti, 0x80000000, 0, 1)
    CI(slti, 0x80000000, -2048, 1)
    CI(slti, 0x7fffffff, -2048, 0)
    CI(slti, 0x7fffffff, 2047, 0)
    CI(sltiu, 0, 0, 0)
    CI(sltiu, 0, 1, 1)                          // SEQZ
    CI(sltiu, 1, 1, 0)
    CI(sltiu, 0, -1, 1)                         // -1 is the greatest of all
    CI(sltiu, 0xfffffffe, -1, 1)
    CI(sltiu, -1, -1, 0)
    CI(sltiu, 2047, -2048, 1)
    CI(sltiu, 0xfffff7ff, -2048, 1)
    CI(sltiu, 0xfffff800, -2048, 0)
    CI(sltiu, 0x80000000, 2047, 0)
    CI(sltiu, 0x80000000, -1, 1)
    PASS()
