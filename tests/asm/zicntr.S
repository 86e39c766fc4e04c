// The counters that U-mode may read: cycle, time, instret and their high halves (I 10.1; P 3.1.11). cve2 has none (core).
// mcounteren enables each for U-mode; M-mode may always read them.
#include "check.h"

.equ CY, 1
.equ TM, 2
.equ IR, 4

main:
    // In M-mode legal whatever mcounteren holds, and the same as the M-mode counter.
    csrw mcounteren, zero
    csrr a0, mcounteren
    EQUAL(a0, 0)
    csrr a0, cycle
    csrr a0, cycleh
    csrr a0, instret
    csrr a0, instreth
    HERE()
    csrr a0, mcycle
    csrr a1, cycle
    csrr a2, mcycle
    sub a1, a1, a0
    sub a2, a2, a0
    sltu a0, a2, a1                             // mcycle <= cycle <= mcycle
    EQUAL(a0, 0)
    csrr a0, minstret
    csrr a1, instret
    csrr a2, minstret
    sub a1, a1, a0
    sub a2, a2, a0
    sltu a0, a2, a1
    EQUAL(a0, 0)
#ifndef QEMU
    EQUAL(a1, 1)
    li a0, 0x01234567
    csrw minstreth, a0
    csrr a1, instreth
    EQUAL(a1, 0x01234567)
    csrw mcycleh, a0
    csrr a1, cycleh
    EQUAL(a1, 0x01234567)
#endif
#if defined(IBEX)
    TRAPS(ILLEGAL, 0xc01025f3, .4byte 0xc01025f3)       // time: left to the environment (core)
    TRAPS(ILLEGAL, 0xc81025f3, .4byte 0xc81025f3)
#else
    // time is the platform's mtime (P 3.2.1).
    li t0, CLINT_MTIME
    lw a0, 0(t0)
    csrr a1, time
    lw a2, 0(t0)
    sub a1, a1, a0
    sub a2, a2, a0
    sltu a0, a2, a1
    EQUAL(a0, 0)
    lw a0, 4(t0)
    csrr a1, timeh
    SAME(a0, a1)
#endif

    // They are read-only (address bits 11:10 = 11).
    TRAPS(ILLEGAL, 0xc0001073, csrw cycle, x0)
    TRAPS(ILLEGAL, 0xc0201073, csrw instret, x0)
    TRAPS(ILLEGAL, 0xc800d073, csrwi cycleh, 1)

    // In U-mode with mcounteren = 0: illegal.
    enter_user
    TRAPS(ILLEGAL, 0xc00025f3, csrr a1, cycle)
    TRAPS(ILLEGAL, 0xc80025f3, csrr a1, cycleh)
    TRAPS(ILLEGAL, 0xc02025f3, csrr a1, instret)
    TRAPS(ILLEGAL, 0xc82025f3, csrr a1, instreth)
    TRAPS(ILLEGAL, 0xc01025f3, csrr a1, time)
    TRAPS(ILLEGAL, 0xc81025f3, csrr a1, timeh)
    enter_machine
    // Each bit is one counter.
    li a0, CY
    csrw mcounteren, a0
    csrr a1, mcounteren
    SAME(a0, a1)
    enter_user
    csrr a1, cycle
    csrr a1, cycleh
    HERE()
    TRAPS(ILLEGAL, 0xc02025f3, csrr a1, instret)
    TRAPS(ILLEGAL, 0xc01025f3, csrr a1, time)
    TRAPS(ILLEGAL, 0xc0001073, csrw cycle, x0)
    enter_machine
    li a0, IR
    csrw mcounteren, a0
    csrr a1, mcounteren
    SAME(a0, a1)
    enter_user
    csrr a1, instret
    csrr a2, instret
    csrr a3, instreth
    HERE()
#ifndef QEMU
    addi a1, a1, 1
    SAME(a1, a2)
#endif
    TRAPS(ILLEGAL, 0xc00025f3, csrr a1, cycle)
    TRAPS(ILLEGAL, 0xc80025f3, csrr a1, cycleh)
    TRAPS(ILLEGAL, 0xc81025f3, csrr a1, timeh)
    enter_machine
#ifndef IBEX
    li a0, TM
    csrw mcounteren, a0
    csrr a1, mcounteren
    SAME(a0, a1)
    enter_user
    csrr a1, time
    csrr a2, timeh
    HERE()
    TRAPS(ILLEGAL, 0xc00025f3, csrr a1, cycle)
    TRAPS(ILLEGAL, 0xc02025f3, csrr a1, instret)
    enter_machine
#endif
    // M-mode's own counters stay M-mode's.
    li a0, -1
    csrw mcounteren, a0
    enter_user
    TRAPS(ILLEGAL, 0xb00025f3, csrr a1, mcycle)
    TRAPS(ILLEGAL, 0xb02025f3, csrr a1, minstret)
    enter_machine
    PASS()
