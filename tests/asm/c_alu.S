// The C instructions that compute, and the HINTs among them (I 16.5, 16.7): each acts as its 32-bit twin.
#include "check.h"

    .option rvc

    // reg = init; instruction; reg = value.
    .macro check_c line, reg, init, value, insn:vararg
    begin_check \line
    li \reg, \init
    \insn
    li t6, \value
    bne \reg, t6, fail
    end_check
    .endm
#define C(reg, init, value, ...) check_c __LINE__, reg, init, value, __VA_ARGS__

main:
    // C.LI: imm[5:0], sign-extended.
    C(a0, 99, 0, c.li a0, 0)
    C(a0, 99, 1, c.li a0, 1)
    C(a0, 99, 31, c.li a0, 31)
    C(a0, 99, -1, c.li a0, -1)
    C(a0, 99, -32, c.li a0, -32)
    C(ra, 99, 21, c.li ra, 21)
    C(t5, 99, -22, c.li t5, -22)

    // C.LUI: nzimm[17:12], sign-extended from bit 17; rd is neither x0 nor x2.
    C(a0, 99, 0x1000, c.lui a0, 1)
    C(a0, 99, 0x1f000, c.lui a0, 31)
    C(a0, 99, 0xfffff000, c.lui a0, 0xfffff)
    C(a0, 99, 0xfffe0000, c.lui a0, 0xfffe0)
    C(s0, 99, 0x15000, c.lui s0, 0x15)
    C(t5, 99, 0xfffea000, c.lui t5, 0xfffea)

    // C.ADDI: nzimm[5:0].
    C(a0, 5, 6, c.addi a0, 1)
    C(a0, 5, 36, c.addi a0, 31)
    C(a0, 5, 4, c.addi a0, -1)
    C(a0, 5, -27, c.addi a0, -32)
    C(a0, 0x7fffffff, 0x80000000, c.addi a0, 1)
    C(a0, 0x80000000, 0x7fffffff, c.addi a0, -1)
    C(t5, 100, 79, c.addi t5, -21)
    C(sp, 0x80000000, 0x80000016, c.addi sp, 22)

    // C.ADDI16SP: nzimm[9:4]; each of its scattered bits alone.
    C(sp, 0x80001000, 0x80001010, c.addi16sp sp, 16)
    C(sp, 0x80001000, 0x80001020, c.addi16sp sp, 32)
    C(sp, 0x80001000, 0x80001040, c.addi16sp sp, 64)
    C(sp, 0x80001000, 0x80001080, c.addi16sp sp, 128)
    C(sp, 0x80001000, 0x80001100, c.addi16sp sp, 256)
    C(sp, 0x80001000, 0x800011f0, c.addi16sp sp, 496)
    C(sp, 0x80001000, 0x80000ff0, c.addi16sp sp, -16)
    C(sp, 0x80001000, 0x80000e00, c.addi16sp sp, -512)

    // C.ADDI4SPN: nzuimm[9:2], zero-extended; rd is x8 to x15.
    li sp, 0x80001001
    C(a0, 99, 0x80001005, c.addi4spn a0, sp, 4)
    C(a1, 99, 0x80001009, c.addi4spn a1, sp, 8)
    C(a2, 99, 0x80001011, c.addi4spn a2, sp, 16)
    C(a3, 99, 0x80001021, c.addi4spn a3, sp, 32)
    C(a4, 99, 0x80001041, c.addi4spn a4, sp, 64)
    C(a5, 99, 0x80001081, c.addi4spn a5, sp, 128)
    C(s0, 99, 0x80001101, c.addi4spn s0, sp, 256)
    C(s1, 99, 0x80001201, c.addi4spn s1, sp, 512)
    C(a0, 99, 0x800013fd, c.addi4spn a0, sp, 1020)
    EQUAL(sp, 0x80001001)

    // C.SLLI: shamt 1 to 31, any rd but x0.
    C(a0, 0x80000001, 2, c.slli a0, 1)
    C(a0, 0x12345678, 0x34567800, c.slli a0, 8)
    C(a0, 3, 0x80000000, c.slli a0, 31)
    C(t5, 0x12345678, 0x56780000, c.slli t5, 16)
    C(sp, 1, 16, c.slli sp, 4)

    // C.SRLI, C.SRAI, C.ANDI: rd is x8 to x15.
    C(a0, 0x80000001, 0x40000000, c.srli a0, 1)
    C(s0, 0x80000001, 1, c.srli s0, 31)
    C(a5, 0x87654321, 0x8765, c.srli a5, 16)
    C(a0, 0x80000001, 0xc0000000, c.srai a0, 1)
    C(s1, 0x80000001, -1, c.srai s1, 31)
    C(a4, 0x87654321, 0xffff8765, c.srai a4, 16)
    C(a4, 0x47654321, 0x4765, c.srai a4, 16)
    C(a0, 0xffffffff, 31, c.andi a0, 31)
    C(a1, 0xffffffff, 0, c.andi a1, 0)
    C(a2, 0x12345678, 0x12345678, c.andi a2, -1)
    C(s0, 0x1234567f, 0x12345660, c.andi s0, -32)
    C(s1, 0x12345678, 0x18, c.andi s1, 29)

    // C.MV, C.ADD: any registers but x0.
    li a1, 0x80000005
    C(a0, 99, 0x80000005, c.mv a0, a1)
    C(t5, 99, 0x80000005, c.mv t5, a1)
    C(a0, 0x7fffffff, 4, c.add a0, a1)
    EQUAL(a1, 0x80000005)
    C(a0, 0x40000001, 0x80000002, c.add a0, a0)
    li t5, 7
    C(ra, -1, 6, c.add ra, t5)

    // C.AND, C.OR, C.XOR, C.SUB: x8 to x15.
    li a1, 0x55555555
    C(a0, 0x33333333, 0x11111111, c.and a0, a1)
    C(a0, 0x33333333, 0x77777777, c.or a0, a1)
    C(a0, 0x33333333, 0x66666666, c.xor a0, a1)
    C(a0, 0x33333333, 0xddddddde, c.sub a0, a1)
    EQUAL(a1, 0x55555555)
    C(a0, 0x80000001, 0x80000001, c.and a0, a0)
    C(a0, 0x80000001, 0, c.xor a0, a0)
    C(a0, 0x80000001, 0, c.sub a0, a0)
    li s0, 1
    C(s1, 0, -1, c.sub s1, s0)
    li a5, 0xff
    C(a4, 0xf00, 0xfff, c.or a4, a5)

    // Every register that 3-bit fields name, as rd and as rs2.
    .macro check_prime line
    begin_check \line
    .irp r, s0, s1, a0, a1, a2, a3, a4, a5
    li \r, 0x100
    .endr
    li s0, 1
    c.or s1, s0
    c.or a0, s1
    c.or a1, a0
    c.or a2, a1
    c.or a3, a2
    c.or a4, a3
    c.or a5, a4
    c.or s0, a5
    li t6, 0x101
    .irp r, s0, s1, a0, a1, a2, a3, a4, a5
    bne \r, t6, fail
    .endr
    end_check
    .endm
    check_prime __LINE__

    // C.NOP and the HINTs, which have no effect (I 16.7).
    li a0, 0x1234
    C(a0, 0x1234, 0x1234, c.nop)
    C(a0, 0x1234, 0x1234, .hword 0x0005)        // c.nop 1
    C(a0, 0x1234, 0x1234, .hword 0x107d)        // c.nop -1
    C(a0, 0x1234, 0x1234, .hword 0x0501)        // c.addi a0, 0
    C(x0, 0, 0, .hword 0x4015)                  // c.li x0, 5
    C(x0, 0, 0, .hword 0x6015)                  // c.lui x0, 5
    C(x0, 0, 0, .hword 0x802a)                  // c.mv x0, a0
    C(x0, 0, 0, .hword 0x902a)                  // c.add x0, a0
    C(x0, 0, 0, .hword 0x0016)                  // c.slli x0, 5
    C(a0, 0x80001234, 0x80001234, .hword 0x0502)        // c.slli a0, 0
    C(a0, 0x80001234, 0x80001234, .hword 0x8101)        // c.srli a0, 0
    C(a0, 0x80001234, 0x80001234, .hword 0x8501)        // c.srai a0, 0
    PASS()
