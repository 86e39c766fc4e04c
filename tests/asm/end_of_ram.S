// Accesses and fetches that cross the end or the beginning of RAM (4 MiB from 0x80000000): halves of a misaligned access
// fault by themselves (core, "Misaligned load/store"; for the generic core P 3.1.16: mtval is the address of the portion
// that faulted). Not for QEMU, which splits them in another way.
#include "check.h"

.equ RAM, 0x80000000
.equ END, 0x80400000

main:
    // The second half faults: mtval is the first address behind RAM; rd is not written.
    li a0, END
    li a1, 0x77
    sw zero, -4(a0)
    TRAPS(LOAD_FAULT, END, lw a1, -1(a0))
    TRAPS(LOAD_FAULT, END, lw a1, -2(a0))
    TRAPS(LOAD_FAULT, END, lw a1, -3(a0))
    TRAPS(LOAD_FAULT, END, lh a1, -1(a0))
    TRAPS(LOAD_FAULT, END, lhu a1, -1(a0))
    EQUAL(a1, 0x77)
    li a1, 0x44332211
    TRAPS(STORE_FAULT, END, sw a1, -1(a0))
    TRAPS(STORE_FAULT, END, sw a1, -2(a0))
    TRAPS(STORE_FAULT, END, sh a1, -1(a0))
    // The last word, halfwords and byte are RAM.
    sw a1, -4(a0)
    lw a2, -4(a0)
    EQUAL(a2, 0x44332211)
    lhu a2, -2(a0)
    EQUAL(a2, 0x4433)
    lhu a2, -3(a0)
    EQUAL(a2, 0x3322)
    lbu a2, -1(a0)
    EQUAL(a2, 0x44)
    TRAPS(LOAD_FAULT, END, lw a2, 0(a0))
    TRAPS(LOAD_FAULT, END, lb a2, 0(a0))
    TRAPS(STORE_FAULT, END, sb a2, 0(a0))

    // The first half faults: mtval is the address of the access.
    li a0, RAM
    li a1, 0x77
    lw a3, 0(a0)                                // code of the frame, which is executed no more
    TRAPS(LOAD_FAULT, RAM-1, lw a1, -1(a0))
    TRAPS(LOAD_FAULT, RAM-2, lw a1, -2(a0))
    TRAPS(LOAD_FAULT, RAM-1, lh a1, -1(a0))
    TRAPS(LOAD_FAULT, RAM-1, lb a1, -1(a0))
    TRAPS(LOAD_FAULT, RAM-4, lw a1, -4(a0))
    EQUAL(a1, 0x77)
    TRAPS(STORE_FAULT, RAM-2, sw a1, -2(a0))
    TRAPS(STORE_FAULT, RAM-1, sh a1, -1(a0))
    TRAPS(STORE_FAULT, RAM-1, sb a1, -1(a0))

#ifndef GENERIC                                 // The manual leaves open whether a half is written.
    // Each half is written or not by itself, as the RTL does it: the bus has its first access before the second faults.
    li a0, END
    sw zero, -4(a0)
    li a1, 0x44332211
    TRAPS(STORE_FAULT, END, sw a1, -2(a0))
    lw a2, -4(a0)
    EQUAL(a2, 0x22110000)
    TRAPS(STORE_FAULT, END, sw a1, -1(a0))
    lw a2, -4(a0)
    EQUAL(a2, 0x11110000)
    TRAPS(STORE_FAULT, END, sw a1, -3(a0))
    lw a2, -4(a0)
    EQUAL(a2, 0x33221100)
    TRAPS(STORE_FAULT, END, sh a1, -1(a0))
    lw a2, -4(a0)
    EQUAL(a2, 0x11221100)
    li a0, RAM
    sw zero, 0(a0)
    TRAPS(STORE_FAULT, RAM-2, sw a1, -2(a0))
    lw a2, 0(a0)
    EQUAL(a2, 0x00004433)
    TRAPS(STORE_FAULT, RAM-1, sw a1, -1(a0))
    lw a2, 0(a0)
    EQUAL(a2, 0x00443322)
    TRAPS(STORE_FAULT, RAM-3, sw a1, -3(a0))
    lw a2, 0(a0)
    EQUAL(a2, 0x00443344)
    TRAPS(STORE_FAULT, RAM-1, sh a1, -1(a0))
    lw a2, 0(a0)
    EQUAL(a2, 0x00443322)
#endif

    // Fetches. A 16-bit instruction in the last halfword is executed, and the next fetch faults.
    li a0, END-2
    li a1, 0
    li a2, 0x00010585                           // c.addi a1, 1
    sh a2, 0(a0)
    fence.i
    la s11, 1f
    jr a0
    j fail
1:  EQUAL(s8, FETCH_FAULT)
    EQUAL(s9, END)
    EQUAL(s10, END)
    EQUAL(a1, 1)
    // A 32-bit instruction there: mepc is its address, mtval that of its second half (P 3.1.16; core).
    li a2, 0x0593                               // lower half of addi a1, x0, ...
    sh a2, 0(a0)
    fence.i
    la s11, 1f
    jr a0
    j fail
1:  EQUAL(s8, FETCH_FAULT)
    EQUAL(s9, END-2)
    EQUAL(s10, END)
    EQUAL(a1, 1)
    // A 32-bit instruction in the last word is executed.
    li a0, END-4
    li a2, 0x00758593                           // addi a1, a1, 7
    sw a2, 0(a0)
    fence.i
    la s11, 1f
    jr a0
    j fail
1:  EQUAL(s8, FETCH_FAULT)
    EQUAL(s9, END)
    EQUAL(a1, 8)
    PASS()
