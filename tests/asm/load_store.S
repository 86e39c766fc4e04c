// LB, LBU, LH, LHU, LW, SB, SH, SW at natural alignment: sign extension, byte order, immediates (I 2.6).
#include "check.h"

main:
    la a0, data
    // Little-endian (I 1.4): the bytes of 0x8182f384 are 84 f3 82 81.
    lb a1, 0(a0)
    EQUAL(a1, 0xffffff84)
    lb a1, 1(a0)
    EQUAL(a1, 0xfffffff3)
    lb a1, 2(a0)
    EQUAL(a1, 0xffffff82)
    lb a1, 3(a0)
    EQUAL(a1, 0xffffff81)
    lbu a1, 0(a0)
    EQUAL(a1, 0x84)
    lbu a1, 1(a0)
    EQUAL(a1, 0xf3)
    lbu a1, 2(a0)
    EQUAL(a1, 0x82)
    lbu a1, 3(a0)
    EQUAL(a1, 0x81)
    lh a1, 0(a0)
    EQUAL(a1, 0xfffff384)
    lh a1, 2(a0)
    EQUAL(a1, 0xffff8182)
    lhu a1, 0(a0)
    EQUAL(a1, 0xf384)
    lhu a1, 2(a0)
    EQUAL(a1, 0x8182)
    lw a1, 0(a0)
    EQUAL(a1, 0x8182f384)
    // 0x7f01027e has no sign bit set anywhere.
    lb a1, 4(a0)
    EQUAL(a1, 0x7e)
    lb a1, 7(a0)
    EQUAL(a1, 0x7f)
    lbu a1, 7(a0)
    EQUAL(a1, 0x7f)
    lh a1, 4(a0)
    EQUAL(a1, 0x027e)
    lh a1, 6(a0)
    EQUAL(a1, 0x7f01)
    lhu a1, 6(a0)
    EQUAL(a1, 0x7f01)
    lw a1, 4(a0)
    EQUAL(a1, 0x7f01027e)
    // -1 and least
    lw a1, 8(a0)
    EQUAL(a1, -1)
    lb a1, 8(a0)
    EQUAL(a1, -1)
    lbu a1, 8(a0)
    EQUAL(a1, 0xff)
    lh a1, 8(a0)
    EQUAL(a1, -1)
    lhu a1, 8(a0)
    EQUAL(a1, 0xffff)
    lh a1, 14(a0)
    EQUAL(a1, 0xffff8000)
    lb a1, 15(a0)
    EQUAL(a1, 0xffffff80)

    // rd = rs1
    la a0, data
    lw a0, 0(a0)
    EQUAL(a0, 0x8182f384)
    la a0, data
    lb a0, 3(a0)
    EQUAL(a0, 0xffffff81)

    // Immediates: least, greatest, and a base that wraps around the address space.
    la a0, data+2048
    lw a1, -2048(a0)
    EQUAL(a1, 0x8182f384)
    la a0, data-2047
    lbu a1, 2047(a0)
    EQUAL(a1, 0x84)
    la a0, data-2044
    lw a1, 2044(a0)
    EQUAL(a1, 0x8182f384)
    la a0, data+1
    lw a1, -1(a0)
    EQUAL(a1, 0x8182f384)

    // Stores write their bytes and no others.
    la a0, room
    li a1, 0x11223344
    sw a1, 4(a0)
    lw a2, 4(a0)
    EQUAL(a2, 0x11223344)
    lw a2, 0(a0)
    EQUAL(a2, 0xa5a5a5a5)
    lw a2, 8(a0)
    EQUAL(a2, 0xa5a5a5a5)
    EQUAL(a1, 0x11223344)
    li a1, 0xffffff99
    sb a1, 4(a0)
    lw a2, 4(a0)
    EQUAL(a2, 0x11223399)
    li a1, 0x12345688
    sb a1, 5(a0)
    lw a2, 4(a0)
    EQUAL(a2, 0x11228899)
    li a1, 0x77
    sb a1, 6(a0)
    lw a2, 4(a0)
    EQUAL(a2, 0x11778899)
    li a1, 0x166
    sb a1, 7(a0)
    lw a2, 4(a0)
    EQUAL(a2, 0x66778899)
    li a1, 0xffff1234
    sh a1, 4(a0)
    lw a2, 4(a0)
    EQUAL(a2, 0x66771234)
    li a1, 0x1234abcd
    sh a1, 6(a0)
    lw a2, 4(a0)
    EQUAL(a2, 0xabcd1234)
    lw a2, 0(a0)
    EQUAL(a2, 0xa5a5a5a5)
    lw a2, 8(a0)
    EQUAL(a2, 0xa5a5a5a5)
    sw x0, 4(a0)
    lw a2, 4(a0)
    EQUAL(a2, 0)
    // The base stored to itself; rs1 = rs2.
    sw a0, 4(a0)
    lw a2, 4(a0)
    SAME(a2, a0)
    // Immediates of S-type: least, greatest.
    la a0, room+2048+4
    li a1, 0x01020304
    sw a1, -2048(a0)
    la a2, room
    lw a3, 4(a2)
    EQUAL(a3, 0x01020304)
    la a0, room+5-2047
    li a1, 0xee
    sb a1, 2047(a0)
    lw a3, 4(a2)
    EQUAL(a3, 0x0102ee04)
    la a0, room+36
    li a1, 0x0badcafe
    sw a1, -32(a0)
    lw a3, 4(a2)
    EQUAL(a3, 0x0badcafe)

    // A load sees the store before it, byte by byte.
    la a0, room
    li a1, 0x80ff7f01
    sw a1, 0(a0)
    lb a2, 3(a0)
    EQUAL(a2, 0xffffff80)
    lh a2, 2(a0)
    EQUAL(a2, 0xffff80ff)
    sb x0, 3(a0)
    lh a2, 2(a0)
    EQUAL(a2, 0xff)
    lw a2, 0(a0)
    EQUAL(a2, 0x00ff7f01)
    PASS()

    .data
    .balign 4
data:
    .word 0x8182f384, 0x7f01027e, 0xffffffff, 0x80000000
room:
    .word 0xa5a5a5a5, 0xa5a5a5a5, 0xa5a5a5a5, 0xa5a5a5a5
